"""Algorithms as plain frozen data: gradient descent with its options, two loops over tasks, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from ..errors import ModelError
from .choices import CountName, Declared, Name, NumberName, OptionalCount, OptionalCounts, OptionalFlag, OptionalReal
from .data import laws_of
from .laws import GaussianLaw
from .observable import KnownFrom
from .schedules import Schedule

NUMBERS_OF_STEP = ("momentum", "weight_decay", "radius", "clip", "normalised")
"""The options of gradient descent that are a number in every step; batches and noisy labels are drawn instead."""


@dataclass(frozen=True, kw_only=True)
class GradientDescent(Declared):
    """W <- W - eta grad O(W), in two phases where the penalty is closed at lam_until; options by parameter name.

    An option left "" is absent from the derivation and from the kernel.  With all of them, step t is

        O_t   the objective over the batch B_t, the loss at the labels of step t
        W~    = W + radius grad O_t(W) / ||grad O_t(W)||_F, or W where that gradient is 0
        g     = grad O_t(W~), its norm cut to `clip` where it is above, or set to `normalised` where it is not 0
        V     <- momentum V + g, from V = 0
        W     <- (1 - eta weight_decay) W - eta V

    batch: examples a step (SGD): every epoch visits each example once in a fresh order, and its last batch holds what
        is left over.  momentum: heavy ball.  weight_decay: decoupled, it enters neither V nor W~; without momentum and
        radius it is gradient descent on O + (weight_decay / 2) ||W||_F^2.  radius: sharpness-aware minimisation (SAM).
    clip, normalised: gradient clipping and normalised gradient descent, by the norm of the whole gradient, which the
        Gram matrix gives; one of them.
    label_noise: with this probability, afresh each step and example, the loss sees -y_i (signed heads) or a uniform
        other class (class heads); patches keep the scale and direction of y_i.
    schedules: the step size, lam, momentum, weight_decay, radius, clip and normalised as formulas of t; where the
        first and weight_decay do, eta and weight_decay above are those of step t.
    """

    step: NumberName = "eta"
    batch: OptionalCount = ""
    momentum: OptionalReal = ""
    weight_decay: OptionalReal = ""
    radius: OptionalReal = ""
    label_noise: OptionalReal = ""
    clip: OptionalReal = ""
    normalised: OptionalReal = ""
    schedules: tuple[Schedule, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip and self.normalised:
            raise ModelError("GradientDescent.clip: a gradient is clipped or normalised; leave out clip or normalised")

    @classmethod
    def by_option(cls, options: Mapping[str, str], schedules: tuple[Schedule, ...] = ()) -> GradientDescent:
        """Gradient descent with the parameters of its options by the option's name, the inverse of `options`."""
        named: dict[str, Any] = dict(options)
        return cls(**named, schedules=schedules)

    @functools.cached_property
    def options(self) -> dict[str, str]:
        """The options that are present: their parameter's name, by option."""
        named = {name: str(getattr(self, name)) for name in self.known_options()}
        return {name: parameter for name, parameter in named.items() if parameter}

    @property
    def numbers(self) -> dict[str, str]:
        """Those of the options that are a number in every step, in the order in which a kernel takes them."""
        return {name: parameter for name, parameter in self.options.items() if name in NUMBERS_OF_STEP}

    @property
    def drawn(self) -> tuple[str, ...]:
        """Those of the options of which each step draws something."""
        return tuple(name for name in ("batch", "label_noise") if name in self.options)

    @classmethod
    @functools.cache
    def known_options(cls) -> tuple[str, ...]:
        """Every option that there is."""
        return tuple(f.name for f in fields(cls) if f.name not in ("step", "schedules", "redrawn"))

    @property
    def lag(self) -> int:
        """Steps from rest that show all of a step: three with momentum, whose velocity has to build up, else one."""
        return 3 if self.momentum else 1

    @property
    def batched(self) -> bool:
        """Whether a gradient is taken over some of the examples."""
        return bool(self.batch)

    @property
    def over_tasks(self) -> bool:
        """Examples are of one problem."""
        return False

    @property
    def sizes(self) -> tuple[str, ...]:
        """The parameters whose product is the number of examples."""
        return ("n",)

    @property
    def rates(self) -> tuple[str, ...]:
        """The parameters of all step sizes."""
        return (self.step,)

    @property
    def roles(self) -> dict[str, str]:
        """The numbers that may change with the step: by the parameter's name, what the step calls it."""
        return {self.step: "eta", **{parameter: option for option, parameter in self.numbers.items()}}

    @property
    def redrawn(self) -> str:
        """No example is drawn again."""
        return ""

    def refusals(self, model: Any) -> Iterator[str]:
        """Why the model cannot have it, in sentences, beside what all algorithms are asked."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class OnePass(GradientDescent):
    """Gradient descent whose n examples are drawn afresh for every step: one-pass SGD, n examples a step.

    Where the flag that `redrawn` names is set (else it is gradient descent on one set of n examples).  With n = 1 a
    step sees one new example.  A run keeps what filters have in common, W W^T and their products with the fixed
    directions, and no past example: it needs neither n^2 numbers nor vectors of length d, and is exact in
    distribution for Gaussian noise.  Before step t a fresh v has products with all filters that are Gaussian given
    W W^T, and after it, for the change W <- W + b V of the step, W W^T <- W W^T + b z^T + z b^T + b G b^T with the
    step's own z = W V^T and G = V V^T.  Labels, flips and scalars of the examples are drawn for the step as well.

    Of the options it takes radius, clip and normalised, and schedules.
    """

    redrawn: OptionalFlag = "fresh"

    def refusals(self, model: Any) -> Iterator[str]:
        """What has to be kept of past examples, or is not drawn in their inner products alone."""
        kept = [name for name in ("batch", "momentum", "weight_decay", "label_noise") if name in self.options]
        laws = [(family, law) for family in model.directions for law in laws_of(family)]
        random = [family.name for family, law in laws if family.index_set.per_example
                  and not (isinstance(law, GaussianLaw) and len(laws_of(family)) == 1)]
        bound = [each.name for each in model.scalars if each.of_one_set]
        refused = {
            f"the option {''.join(kept[:1])!r}, which goes by one set of examples or by past steps": bool(kept),
            f"the law of {''.join(random[:1])!r}; fresh examples are drawn of a GaussianLaw alone": bool(random),
            f"the scalar {''.join(bound[:1])!r}, which is of one set of examples": bool(bound),
            "a second layer or biases that are trained, on axes that no fresh vector has": bool(model.network.axes),
            "class sizes, which are of one set of examples": bool(model.class_sizes),
            "observables of fresh examples of the model's own": any(
                each.known_from is KnownFrom.FRESH for each in model.observables),
        }
        yield from (f"algorithm: OnePass does not go with {what}; leave that out, or declare GradientDescent"
                    for what, asked in refused.items() if asked)


@dataclass(frozen=True, kw_only=True)
class Bilevel(Declared):
    """Meta-learning over K tasks of n examples each: gradient descent on every task, then one step of W (first order).

    The inner loop takes `inner_steps` steps of size `inner_step` on task k, W~_k = W to begin with; then, by `method`,

        train-train       W <- W - (step / K) sum_k grad L(.; S_k) at W~_k, adapted on S_k
        train-validation  W <- W - (step / K) sum_k grad L(.; S_k^val) at W~_k, adapted on S_k^tr
        reptile           W <- W + (step / K) sum_k (W~_k - W), adapted on S_k

    S_k are all n examples of the task, S_k^tr its first `train` ones and S_k^val the others; L is their mean loss.
    `tasks`, `examples` (a task) and the others name parameters.  Where the flag that `redrawn` names is
    set, the families of `Model.test` and the labels are drawn again before every step after the first; what else
    there is stays, as do the tasks.
    shares, sampled: what the mean over tasks in the outer step is.  The whole numbers that `shares` names, one a task,
    weigh it by p_k proportional to them, as federated averaging does by its clients' examples; with `sampled` only so
    many tasks take part in a step, drawn afresh without repeats, and p_k is among these.  What is reported of W(t) is
    of all tasks, by their shares.
    schedules: the two step sizes as formulas of the outer step t.  What is reported of W(t), and fresh tasks, adapt by
    the inner step size as given.
    """

    tasks: CountName = "n_tasks"
    examples: CountName = "n"
    inner_steps: CountName = "J"
    inner_step: NumberName = "eta_inner"
    step: NumberName = "eta"
    method: Literal["train-train", "train-validation", "reptile"] = "train-train"
    train: CountName = "n_train"
    redrawn: OptionalFlag = ""
    shares: OptionalCounts = ""
    sampled: OptionalCount = ""
    schedules: tuple[Schedule, ...] = ()

    @property
    def weighed(self) -> bool:
        """Whether tasks differ in what they add to an outer step."""
        return bool(self.shares or self.sampled)

    @property
    def options(self) -> dict[str, str]:
        """No option of gradient descent is taken."""
        return {}

    @property
    def drawn(self) -> tuple[str, ...]:
        """Tasks stay as they are."""
        return ()

    @property
    def numbers(self) -> dict[str, str]:
        """None of them."""
        return {}

    @property
    def lag(self) -> int:
        """One step of W shows all of it."""
        return 1

    @property
    def batched(self) -> bool:
        """Every gradient is over a part of a task's examples, which may be all of them."""
        return True

    @property
    def over_tasks(self) -> bool:
        """Examples are those of several tasks."""
        return True

    @property
    def sizes(self) -> tuple[str, ...]:
        """The parameters whose product is the number of examples: tasks, and examples of each."""
        return (self.tasks, self.examples)

    @property
    def rates(self) -> tuple[str, ...]:
        """The parameters of both loops' step sizes."""
        return (self.step, self.inner_step)

    @property
    def roles(self) -> dict[str, str]:
        """The numbers that may change with the outer step: by the parameter's name, what the step calls it."""
        return {self.step: "eta", self.inner_step: "inner_step"}

    @property
    def splits(self) -> bool:
        """Whether the inner loop and the outer step take different examples."""
        return self.method == "train-validation"

    @property
    def to_adapted(self) -> bool:
        """Whether the outer step goes towards the adapted weights, and not down a gradient there."""
        return self.method == "reptile"


@dataclass(frozen=True, kw_only=True)
class Population(Declared):
    """Gradient descent on the population risk.  A Model refuses it, and says what comes near it."""

    step: Name = "eta"


@dataclass(frozen=True, kw_only=True)
class CoordinateWise(Declared):
    """An algorithm that treats each weight for itself: "adam" or "sign" (sign descent).  A Model refuses it."""

    name: Literal["adam", "sign"]
    step: Name = "eta"
