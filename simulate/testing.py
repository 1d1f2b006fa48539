"""Hypothesis strategies over models and states, for the package's own proof of generality and for users' lemmas."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from hypothesis import strategies as st

from derivations.declare import FORMULAS as FORMULA_WORDS
from derivations.declare import (
    Activation,
    Bernoulli,
    Biases,
    Bilevel,
    Coefficient,
    Constant,
    Directions,
    Expressed,
    GaussianScalar,
    GivenScalar,
    GradientDescent,
    MixedLabel,
    Mixup,
    Model,
    Network,
    Objective,
    OfLabel,
    Parameter,
    Patch,
    RandomSign,
    Row,
    Scalar,
    Schedule,
    SecondLayer,
    SumPatch,
    Term,
    UniformScalar,
    Value,
    row_of,
    terms_of,
)
from derivations.declare.activations import fields_read
from derivations.declare.arithmetic import cuts_at
from dynamics.arrays import Array
from dynamics.chance.stepdraws import StepDraws
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module

from .ask import parameters
from .errors import InputError, quoted
from .run.algorithm import step_draws
from .start.neurons import on_axes
from .start.scalars import any_scalars
from .values import Values, constant

if TYPE_CHECKING:
    from derivations.derive import Derived

FAMILIES = ("mu", "nu", "xi", "x")
LARGEST_GROWTH = 100.0  # of rounding in one step: more, and 1e-12 is not to be expected of a right one


@dataclass(frozen=True)
class Instance:
    """A declared model with sizes, values and a state of order one: V (B, d), W (H, m, d), y (n,).

    With a bilevel algorithm, n counts the examples of all tasks, task by task.
    `seed` is that of the batches and labels drawn at each step; `clean` (n,) are the labels before flips, as given (y
    where not), `scalars` (n,) by name those that examples differ in.
    """

    model: Model
    values: dict[str, Value]
    vectors: Array
    weights: Array
    y: Array
    seed: int = 0
    clean: Array = field(default_factory=lambda: np.empty(0))
    scalars: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.clean.size:
            object.__setattr__(self, "clean", self.y)

    @property
    def draws(self) -> StepDraws | None:
        """What each step draws, for an algorithm that draws anything."""
        return step_draws(self.model, self.values, self.y, self.seed)

    @property
    def steps(self) -> int:
        """Steps from step 0 that show every part of the algorithm: its `lag`; with schedules three."""
        algorithm = self.model.algorithm
        return max(algorithm.lag, 3 if algorithm.schedules else 1)

    @property
    def z(self) -> Array:
        """Pre-activations (H, m, B)."""
        return np.asarray(self.weights @ self.vectors.T)

    @property
    def gram(self) -> Array:
        """Gram matrix (B, B)."""
        return np.asarray(self.vectors @ self.vectors.T)


def _expect(name: str, value: object, kind: type) -> None:
    """Raises InputError where a value is of another type."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise InputError(f"{name}: {quoted(value)}; expected {article} {kind.__name__}")


FORMULAS = (
    *FORMULA_WORDS, "z*sigmoid(beta*z)", "where(z > 0, z/(1 + z), z/(1 - z))", "sqrt(beta + z**2)", "sin(z)**2",
    "where(z >= 0, z**3, -z**2)", "where(z > 0, sqrt(z)*z, 0)", "(1 + z*z)**0.7", "arctan(beta*z)/beta",
    "where(z > 1/4, z - 1/8, where(z > 0, 2*z**2, 0))", "where(z > 0, z, where(z < 0, -z, z/3))", "z*exp(-z**2/2)",
)
LOSS_FORMULAS = (
    "hinge", "squared", "smooth_hinge", "log(1 + exp(-z/temp))", "exp(-temp*z)", "where(z >= 1, 0, (1 - z)**2)",
    "sigmoid(-z)", "where(z < 0, 1/2 - z, log(1 + exp(-2*z))/(4*log(2)) + 1/4)",
)

MIXED = Mixup(name="M", share=0.5)
SCALARS: tuple[Scalar, ...] = (
    RandomSign(name="eps"), Bernoulli(name="seen", probability=0.7), Constant(name="half", value=0.5),
    Constant(name="times", value="beta"), MixedLabel(name="blend", by=MIXED),
    GaussianScalar(name="strength", std="beta"),
    UniformScalar(name="share", low=-1, high=2), GivenScalar(name="own"),
)
ROW = Row(by=MIXED)
OF_LABELS: tuple[Scalar, ...] = (
    OfLabel(name="up", plus=1, minus=0), OfLabel(name="by", plus="beta", minus=-0.5, clean=False),
)
"""Scalars of examples."""


def activations() -> st.SearchStrategy[Activation]:
    """Declared activations, either convention at the kink, and formulas with the parameter beta."""
    kink: st.SearchStrategy[Literal[0, 1]] = st.sampled_from([0, 1])
    return st.one_of(
        st.integers(2, 4).map(lambda q: Activation(name="relu_power", power=q)),
        kink.map(lambda at: Activation(name="relu", at_kink=at)),
        st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), kink).map(
            lambda drawn: Activation(name="leaky_relu", slope=drawn[0], at_kink=drawn[1])
        ),
        st.sampled_from([0.25, 0.5, 1.5]).map(lambda h: Activation(name="huberized_relu", width=h)),
        st.sampled_from(FORMULAS).map(
            lambda formula: Activation(formula, slope=0.1 if "slope" in fields_read(formula) else 0.0)
        ),
    )


SCHEDULES = ("{0}/(1 + t/horizon)", "{0}*exp(-t/horizon)", "where(t >= 1, {0}/3, {0})", "{0}*(1 + cos(t))/2")


def schedules(algorithm: GradientDescent | Bilevel, penalised: bool) -> st.SearchStrategy[tuple[Schedule, ...]]:
    """Any of the numbers of a step by a formula of t with the parameter horizon; half of the time none."""
    named = [*(["lam"] if penalised else []), *algorithm.roles]

    def made(of: list[str], formulas: list[str]) -> tuple[Schedule, ...]:
        return tuple(Schedule(of=name, formula=formulas[at].format(name)) for at, name in enumerate(of))

    formulas = st.lists(st.sampled_from(SCHEDULES), min_size=len(named), max_size=len(named))
    some = st.builds(made, st.lists(st.sampled_from(named), min_size=1, unique=True), formulas)
    return st.one_of(st.just(()), some)


def algorithms() -> st.SearchStrategy[GradientDescent]:
    """Gradient descent with any set of its options, each named by its own parameter; half of them plain."""
    options = ["batch", "momentum", "weight_decay", "radius", "label_noise", "rescaled"]
    rescaled = st.sampled_from(["clip", "normalised"])

    def named(chosen: set[str], how: str) -> GradientDescent:
        named = (how if each == "rescaled" else each for each in chosen)
        return GradientDescent.by_option({name: name for name in named})

    some = st.builds(named, st.sets(st.sampled_from(options)), rescaled)
    return st.one_of(st.just(GradientDescent()), some)


def bilevel_algorithms() -> st.SearchStrategy[Bilevel]:
    """Every bilevel method; half of the time the step sizes change, or tasks are weighed or sampled."""
    method: st.SearchStrategy[Literal["train-train", "train-validation", "reptile"]]
    method = st.sampled_from(["train-train", "train-validation", "reptile"])
    shares, sampled = st.sampled_from(["", "shares"]), st.sampled_from(["", "sampled"])
    return st.builds(Bilevel, method=method, schedules=schedules(Bilevel(), penalised=False), shares=shares,
                     sampled=sampled)


@st.composite
def models(draw: Any, of: st.SearchStrategy[GradientDescent | Bilevel] | None = None) -> Model:
    """Models over heads, families, patches, activation, loss, penalty and algorithm; shared families included.

    A third of them are bilevel, unless `of` says which algorithms there are; these have no penalty and families over
    tasks.
    """
    algorithm = draw(of if of is not None else st.one_of(algorithms(), algorithms(), bilevel_algorithms()))
    bilevel = algorithm.over_tasks
    signed = draw(st.booleans())
    overs = ["one", "sample"] if signed else ["one", "class", "sample"]
    overs += ["task"] if bilevel else []
    chosen = draw(st.lists(st.sampled_from(overs), min_size=1, max_size=3))
    families = tuple(
        Directions(
            name=FAMILIES[at], over=over, latex=rf"\mathbf{{v}}^{{{at}}}",
            coefficient=Coefficient(
                name=f"c{at}", latex=f"c^{at}", scaled=draw(st.booleans()), signed=signed and draw(st.booleans())
            ),
        )
        for at, over in enumerate(chosen)
    )
    of_families = st.sampled_from([family.name for family in families])
    signs = ["one", "label"] if bilevel else ["one", "label", "clean"]
    plain = st.builds(lambda name, scale: Patch(direction=name, scale=scale), of_families,
                      st.sampled_from(signs) if signed else st.just("one"))
    examples = [family.name for family in families if family.index_set.per_example]
    patch = plain if bilevel else st.one_of(plain, plain, _scaled(of_families, signed, examples))
    patches = draw(st.lists(patch, min_size=1, max_size=3))
    losses = st.sampled_from(["logistic", "exponential", *LOSS_FORMULAS])
    loss = draw(losses) if signed else "cross_entropy"
    penalties: st.SearchStrategy[Literal["none", "per_example", "full"]]
    penalties = st.sampled_from(["none", "per_example", "full"])
    whole = bilevel or any(row_of(term) is not None for term in terms_of(patches))
    penalty: Literal["none", "per_example", "full"] = "none" if whole else draw(penalties)
    if isinstance(algorithm, GradientDescent):
        algorithm = replace(algorithm, schedules=draw(schedules(algorithm, penalty != "none")))
    weights = draw(st.sampled_from([(), (), (0.5, "temp"), (2.0, 0.0)])) if signed and not bilevel else ()
    mixes = signed and not (bilevel or weights or penalty != "none" or "label_noise" in algorithm.options)
    labels = MixedLabel(name="seen_labels", by=MIXED, observed=True)
    return Model(
        name="random",
        title="A random declaration",
        directions=families,
        patches=tuple(patches),
        network=Network(
            heads="signed" if signed else "class", activation=draw(activations()),
            classes=2 if signed else draw(st.integers(2, 4)),
            second_layer=None if bilevel else draw(st.sampled_from([None, None, SecondLayer()])),
            biases=None if bilevel else draw(st.sampled_from([None, None, Biases()])),
        ),
        objective=Objective(
            loss=loss, penalty=penalty,
            label_weights=weights, mixed_labels=draw(st.sampled_from([None, labels])) if mixes else None,
        ),
        algorithm=algorithm,
    )


def _scaled(
    directions: st.SearchStrategy[str], signed: bool, examples: list[str]
) -> st.SearchStrategy[Patch | SumPatch]:
    """Patches with declared scalars in them, sums of terms, and terms of the families `examples` that are mixed."""
    factors: list[Any] = [*SCALARS, *(["label", "clean", *OF_LABELS] if signed else [])]
    scale: st.SearchStrategy[Any] = st.one_of(
        st.just("one"), st.lists(st.sampled_from(factors), min_size=1, max_size=2, unique=True).map(tuple))
    pairs = st.tuples(directions, scale)
    if examples:
        others = st.sampled_from([(), *((each,) for each in factors if not isinstance(each, MixedLabel))])
        pairs = st.one_of(pairs, pairs, st.tuples(st.sampled_from(examples), others.map(lambda some: (*some, ROW))))
    one = pairs.map(lambda pair: Patch(direction=pair[0], scale=pair[1]))
    several = st.lists(pairs, min_size=1, max_size=3, unique_by=lambda pair: (pair[0], frozenset(pair[1])))
    return st.one_of(one, several.map(
        lambda some: SumPatch(terms=tuple(Term(direction=name, scale=scale) for name, scale in some))))


@st.composite
def instances(draw: Any, of: st.SearchStrategy[Model] | None = None) -> Instance:
    """A model with a state: correlated Gaussian directions (dependent where B > d), |z| of order one, any labels.

    Of a bilevel algorithm one to four tasks, repeated ones included, and up to five inner steps.  What the model's own
    parameters are, beside the sizes and the algorithm's numbers, is within a factor of two of their defaults.
    """
    model = draw(of if of is not None else models())
    tasks = 1
    n, m, d = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(2, 12)) + len(model.network.axes)
    values: dict[str, Value] = {
        "neurons": draw(st.sampled_from(["mean", "sum"])), "penalty_half": draw(st.booleans()),
        "eta": draw(st.floats(1e-3, 2.0)), "lam": draw(st.floats(1e-2, 2.0)), "lam_until": None, "n": n, "m": m, "d": d,
        "batch": draw(st.integers(1, n)), "momentum": draw(st.floats(0.0, 0.99)),
        "weight_decay": draw(st.floats(0.0, 1.0)), "radius": draw(st.floats(0.0, 0.5)),
        "clip": draw(st.floats(0.01, 1.0)), "normalised": draw(st.floats(0.01, 1.0)),
        "label_noise": draw(st.sampled_from([0.0, 0.3, 1.0])), "beta": draw(st.floats(0.25, 2.0)),
        "temp": draw(st.floats(0.5, 2.0)), "horizon": draw(st.floats(0.5, 20.0)),
    }
    if model.algorithm.over_tasks:
        tasks, n = draw(st.integers(1, 4)), max(n, 2)  # two examples to split
        values |= {
            "n_tasks": tasks, "n": n, "n_train": draw(st.integers(1, n - 1)), "J": draw(st.integers(0, 5)),
            "eta_inner": draw(st.floats(1e-2, 1.0)), "sampled": draw(st.integers(1, tasks)),
            "shares": ",".join(str(draw(st.integers(1, 9))) for _ in range(tasks)),
        }
    values = _of_model(draw, model, values)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n *= tasks
    directions = model.offsets(n, tasks)[""]
    common = rng.normal(size=d)
    vectors = (rng.normal(size=(directions, d)) + 0.5 * common) / np.sqrt(d)
    vectors[rng.random(directions) < draw(st.sampled_from([0.0, 0.2]))] = 0.0
    vectors = on_axes(vectors, len(model.network.axes))
    if tasks > 1 and draw(st.booleans()):
        _repeat_a_task(model, vectors, n, tasks)
    weights = rng.normal(size=(model.n_heads, m, d))
    labels = np.array(model.network.head_axis.labels)
    y = rng.choice(labels, size=n)
    clean = rng.choice(labels, size=n) if model.follows_clean else y
    scalars = any_scalars(model, values, y, clean, rng)
    return Instance(model, values, vectors, weights, y, draw(st.integers(0, 2**16)), clean, scalars)


def _of_model(draw: Any, model: Model, values: dict[str, Value]) -> dict[str, Value]:
    """The values under the model's own names, and all of its other parameters; what is out of range is the default."""
    if isinstance(model.algorithm, Bilevel):
        loops = model.algorithm
        words = {"n_tasks": loops.tasks, "n": loops.examples, "n_train": loops.train, "J": loops.inner_steps,
                 "eta_inner": loops.inner_step, "eta": loops.step, "shares": loops.shares, "sampled": loops.sampled}
    else:
        words = {"eta": model.algorithm.step, **model.algorithm.options}
    values = {**values, **{name: values[word] for word, name in words.items() if name}}
    declared = {each.name: each for each in model.parameters}
    held = {name: value for name, value in values.items() if name not in declared or _fits(declared[name], value)}
    read = parameters.resolve(model, {name: held[name] for name in declared if held.get(name) is not None}).values
    for name, parameter in declared.items():
        default = read[name]
        if name not in values and parameter.kind == "real" and isinstance(default, float):
            near = default * draw(st.floats(0.5, 2.0))
            held[name] = near if parameter.spans(near) else default
    return {**read, **held}


def _fits(parameter: Parameter, value: Value) -> bool:
    """Whether a parameter may have that value."""
    if isinstance(value, str):
        return parameter.kind == "counts" or value in parameter.choices
    return not parameter.numeric or value is None or parameter.spans(float(value))


def _repeat_a_task(model: Model, vectors: Array, n: int, tasks: int) -> None:
    """The last task's own vectors are the first's, in place; its examples stay its own."""
    for name, start in model.offsets(n, tasks).items():
        if name and model.family(name).index_set.per_task:
            vectors[start + tasks - 1] = vectors[start]


def plain_kernel(model: Model, derived: Derived | None = None) -> Kernel:
    """A model's kernel as plain Python: the text that would be compiled, run without Numba.

    `derived` is its derivation where somebody has it.
    """
    _expect("model", model, Model)
    return _plain_kernel(model, repr(model)) if derived is None else _plainly(model, derived)


@functools.lru_cache(maxsize=64)
def _plain_kernel(model: Model, _written: str) -> Kernel:
    """Of the last models that were asked for it is kept: writing one takes a second or more."""
    from derivations.derive import derive

    return _plainly(model, derive(model))


def _plainly(model: Model, derived: Derived) -> Kernel:
    from derivations.generate import description

    told = description(model)
    lanes = derived.lanes_source()
    kind: type[Kernel] = Kernel
    more: dict[str, Any] = {}
    if model.algorithm.over_tasks:
        families = tuple((family.name, family.index_set) for family in model.directions)
        kind, more = BilevelKernel, {"algorithm": told["model"]["algorithm"], "families": families}
    return kind(
        path=Path(f"{model.name}.py"), scalars=tuple(told["scalars"]), observed=tuple(told["observed"]),
        heads=told["heads"], signed=told["signed"], marked=told["marked"], tabled=told["tabled"],
        step=told["step"],
        loops=plain_module(derived.kernel_source(), model.name), blas_path=None, options=told["options"],
        numbers_of_step=told.get("numbers", {}),
        schedules=told.get("schedules", {}),
        lanes_plain=None if lanes is None else plain_module(lanes, f"{model.name}_lanes"),
        watched=told["watched"], beside=tuple(told.get("beside", ())), follows_clean=model.follows_clean,
        varying=model.varying, **more,
    )


def one_step(instance: Instance, kernel: Kernel) -> tuple[Array, Array]:
    """W (H, m, d) and z (H, m, B) after `instance.steps` steps of the reduced recursion from the instance's state."""
    _expect("instance", instance, Instance)
    _expect("kernel", kernel, Kernel)
    z, steps = instance.z, instance.steps
    trajectory = kernel.bind(instance.clean, instance.scalars).run(
        z, np.zeros_like(z), instance.gram, instance.y, instance.values, steps, np.array([steps]), draws=instance.draws
    )
    if trajectory.diverged >= 0:
        return np.full_like(instance.weights, np.inf), np.full_like(z, np.inf)
    return np.asarray(trajectory.scale[0] * instance.weights + trajectory.b[0] @ instance.vectors), trajectory.z[0]


def residual(instance: Instance, kernel: Kernel) -> float:
    """The larger of max |W - W_torch| / max |W_torch| and max |z - W_torch V^T| / (max ||w|| max ||v||) after one step.

    One step is three where velocity has to build up.  Both engines start from the same state, at rest, and see the same
    batches and labels; torch trains the raw objective.  The first ratio judges b, the second the update of z.
    """
    from .train import weights

    _expect("instance", instance, Instance)
    _expect("kernel", kernel, Kernel)
    trained = weights.step(
        instance.model, instance.vectors, instance.y, instance.weights, instance.values, 0, draws=instance.draws,
        count=instance.steps, clean=instance.clean, scalars=instance.scalars,
    )
    rebuilt, z = one_step(instance, kernel)
    longest = np.linalg.norm(trained, axis=-1).max() * np.linalg.norm(instance.vectors, axis=-1).max()
    of_w = np.abs(rebuilt - trained).max() / np.abs(trained).max()
    of_z = np.abs(z - trained @ instance.vectors.T).max() / longest if longest > 0 else 0.0
    return float(max(of_w, of_z))


def kinks(model: Model, values: Values) -> Array:
    """Where an activation's branches meet: 0, the width, and the cuts of a formula, at these values of parameters."""
    kind, places = model.network.activation.kind, [0.0, constant(values, model.network.activation.width)]
    if isinstance(kind, Expressed):
        numbers = {name: constant(values, name) for name in kind.expression.constants}
        places += [abs(at) for _, at in cuts_at(kind.expression, numbers)]
    return np.array(places)


def clear(instance: Instance, kinks: Array, margin: float = 1e-9) -> bool:
    """Whether every state at which the steps take a gradient is decided beyond rounding.

    That is: no live pre-activation within `margin` of one of `kinks`, none grown tenfold in the steps before, whose
    exponential loss would have no digit left, and a SAM gradient either 0 or not a difference of terms that nearly
    cancel, since its direction would be rounding.  Steps of a bilevel algorithm, whose inner loop may multiply rounding
    without bound, are decided where they multiply a small random change of the weights by less than `LARGEST_GROWTH`.
    """
    from .train.points import gradient_points, growth
    from .train.weights import problem

    _expect("instance", instance, Instance)
    task = problem(
        instance.model, instance.vectors, instance.y, instance.values, draws=instance.draws, clean=instance.clean,
        scalars=instance.scalars,
    )
    first = np.abs(instance.z).max(initial=0.0)
    for z, share in gradient_points(task, instance.weights, instance.steps):
        if np.abs(z).max(initial=0.0) > 10 * first:
            return False
        near = z.size and min(float(np.abs(np.abs(z) - kink).min()) for kink in kinks) < margin
        if near or 0 < share < 1e-3:
            return False
    if not instance.model.algorithm.over_tasks:
        return True
    away = 1e-10 * np.random.default_rng(instance.seed).normal(size=instance.weights.shape)
    return growth(task, instance.weights, instance.steps, away) < LARGEST_GROWTH
