"""The declaration of a model: data, network, objective, algorithm and laws, as plain frozen data.

Every patch of every example is a scale times a direction, w_s are the filters, and training sees the
data through z_{s,b} = <w_s, v_b> alone (DESIGN, "The one idea").  A model says which directions there
are, how patches are made of them, and what is minimised; `derivations.derive` does the rest.

This module imports no SymPy, so that a run of a shipped setting can read a declaration without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Value = float | int | bool | str | None
Heads = Literal["signed", "class"]
Over = Literal["one", "class", "task", "sample"]
Scale = Literal["one", "label", "clean"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: ASCII name, LaTeX, meaning with unit, range, published default and its source.

    `low` and `high` bound a number (`open_low` excludes the lower end); `choices` lists a choice's values.
    A `structural` parameter selects the derivation; every other one is an argument at run time.  A "counts" is a list
    of whole numbers, held as text ("40,4").  A number's default may be a formula of other parameters, as text.
    """

    name: str
    latex: str
    meaning: str
    kind: Literal["count", "real", "flag", "choice", "counts"]
    default: Value = None
    source: str = ""
    low: float | None = None
    open_low: bool = False
    high: float | None = None
    choices: tuple[str, ...] = ()
    structural: bool = False


@dataclass(frozen=True, kw_only=True)
class FixedLaw:
    """Mutually orthogonal vectors of length `norm` (a parameter): shared signals, or orthogonal examples."""

    norm: str


@dataclass(frozen=True, kw_only=True)
class GaussianLaw:
    """One fresh vector per example, N(0, std^2 P); P projects off the families `off` where `off_when` is set."""

    std: str
    off: tuple[str, ...] = ()
    off_when: str = ""


@dataclass(frozen=True, kw_only=True)
class MixtureLaw:
    """One vector per example: y_i mu + N(0, std^2 I), mu ~ N(0, mean_norm^2 / d I) drawn once, labels +-1.

    So `mean_norm` (a parameter) is the root mean square length of mu.  Where labels are flipped, y_i is the clean one.
    """

    mean_norm: str
    std: str


@dataclass(frozen=True, kw_only=True)
class ClassNoiseLaw:
    """One fresh vector per example, A_y zeta, with zeta i.i.d. of mean 0 and variance 1 and A_k a matrix a class.

    The choice parameter `entries` is zeta's shape: "gaussian", "uniform" on +-sqrt(3) or "rademacher" +-1.  In one
    orthonormal basis every A_k is diagonal: 0 on the families `off`, and `spread` (a parameter) elsewhere, but for one
    direction a class, its spike, where A_k has the lambda for which ||A_k^T A_k||_F^2 / ||A_k^T A_j||_F^2 is `ratio`
    (a parameter, at least 1) for every j != k.  A caller's own A (K, d, d) come in initial= under the name `matrices`.
    """

    entries: str
    spread: str
    ratio: str
    off: tuple[str, ...] = ()
    off_when: str = ""
    matrices: str = "A"


@dataclass(frozen=True, kw_only=True)
class TaskLaw:
    """One vector a task: nu + z_{a(k)}, nu of length `norm` shared and a(k) uniform over a dictionary, with repeats.

    The dictionary has `items` (a parameter) vectors z_a ~ N(0, std^2 (I - nu nu^T / ||nu||^2)).  Runs can look at nu
    under the name `shared` and at the dictionary under `dictionary`; noise projected off this family is projected off
    nu and the whole dictionary.
    """

    norm: str
    std: str
    items: str
    shared: str = "nu"
    dictionary: str = "z"


@dataclass(frozen=True, kw_only=True)
class ChosenLaw:
    """One of several laws: the one that the choice parameter `by` names."""

    by: str
    laws: tuple[tuple[str, FixedLaw | GaussianLaw | MixtureLaw], ...]


Law = FixedLaw | GaussianLaw | MixtureLaw | ClassNoiseLaw | TaskLaw


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """How a paper reads its coefficient off b: times ||v||^2 where `scaled`, times the head's sign j where `signed`.

    Where `labelled` (one vector an example, labels +-1), times y_i as well.

    `split` adds the two sign classes: NAME_over where the head is the example's own class, NAME_under elsewhere.
    """

    name: str
    latex: str
    scaled: bool = True
    signed: bool = False
    labelled: bool = False
    split: bool = False


@dataclass(frozen=True, kw_only=True)
class Directions:
    """A family of directions: one vector, one a class, one a task, or one an example (of every task)."""

    name: str
    over: Over
    latex: str
    coefficient: Coefficient
    law: Law | ChosenLaw | None = None

    @property
    def single(self) -> bool:
        """Whether the examples of a task share the one vector."""
        return self.over in ("one", "task")


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch of example i: the family's vector for i, times the label y_i ("label") or the clean one yhat_i ("clean").

    yhat_i is the label before `Model.label_flips`; the loss, the margins and an example's own head go by y_i.
    """

    direction: str
    scale: Scale = "one"


@dataclass(frozen=True, kw_only=True)
class Activation:
    """sigma: "relu_power" (ReLU^power), "relu", "leaky_relu" (`slope`) or "huberized_relu" (`width` h).

    `slope` and `width` are numbers, or the names of parameters, which are then the kernel's arguments at run time.
    `at_kink` is the derivative's value at 0, 0 or 1, of relu and of leaky_relu's steep branch.
    """

    name: Literal["relu_power", "relu", "leaky_relu", "huberized_relu"]
    power: int = 1
    slope: float | str = 0.0
    width: float | str = 0.5
    at_kink: Literal[0, 1] = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """F_h(x) = kappa sum_{r<=m} sum_patches sigma(<w_{h,r}, x^(p)>), kappa = 1/m (mean) or 1 (sum).

    "signed" heads: j in {+1,-1} (index 0 is +1), f = F_{+1} - F_{-1}, labels +-1.
    "class" heads: k in 0..K-1, one output each, labels 0..K-1.
    """

    heads: Heads
    activation: Activation
    classes: int = 2


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The mean loss over examples, plus (c lam) times a squared gradient norm: none, per example (mean) or full.

    Signed heads: "logistic" l(y f) = log(1 + e^{-yf}) or "exponential" e^{-yf}; class heads: "cross_entropy".
    c is 1/2 where the flag `penalty_half` is set, else 1; `lam` is on for t <= `lam_until` (absent: always).
    """

    loss: Literal["logistic", "exponential", "cross_entropy"]
    penalty: Literal["none", "per_example", "full"] = "none"


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    """W <- W - eta grad O(W), in two phases where the penalty is closed at lam_until; options by parameter name.

    An option left "" is absent from the derivation and from the kernel.  With all of them, step t is

        O_t   the objective over the batch B_t, the loss at the labels of step t
        W~    = W + radius grad O_t(W) / ||grad O_t(W)||_F, or W where that gradient is 0
        V     <- momentum V + grad O_t(W~), from V = 0
        W     <- (1 - eta weight_decay) W - eta V

    batch: examples a step (SGD): every epoch visits each example once in a fresh order, and its last batch holds what
        is left over.  momentum: heavy ball.  weight_decay: decoupled, it enters neither V nor W~; without momentum and
        radius it is gradient descent on O + (weight_decay / 2) ||W||_F^2.  radius: sharpness-aware minimisation (SAM).
    label_noise: with this probability, afresh each step and example, the loss sees -y_i (signed heads) or a uniform
        other class (class heads); patches keep the scale and direction of y_i.
    """

    step: str = "eta"
    batch: str = ""
    momentum: str = ""
    weight_decay: str = ""
    radius: str = ""
    label_noise: str = ""

    @property
    def options(self) -> dict[str, str]:
        """The options that are present: their parameter's name, by option."""
        named = {f.name: str(getattr(self, f.name)) for f in fields(self)}
        return {name: parameter for name, parameter in named.items() if parameter and name != "step"}

    @property
    def batched(self) -> bool:
        """Whether a gradient is taken over some of the examples."""
        return bool(self.batch)


@dataclass(frozen=True, kw_only=True)
class Bilevel:
    """Meta-learning over K tasks of n examples each: gradient descent on every task, then one step of W (first order).

    The inner loop takes `inner_steps` steps of size `inner_step` on task k, W~_k = W to begin with; then, by `method`,

        train-train       W <- W - (step / K) sum_k grad L(.; S_k) at W~_k, adapted on S_k
        train-validation  W <- W - (step / K) sum_k grad L(.; S_k^val) at W~_k, adapted on S_k^tr
        reptile           W <- W + (step / K) sum_k (W~_k - W), adapted on S_k

    S_k are all n examples of the task, S_k^tr its first `train` ones and S_k^val the others; L is their mean loss.
    `tasks`, `examples` (a task) and the others name parameters.  Where the flag `fresh` is set, the families of
    `Model.test.fresh` and the labels are drawn again before every step after the first, the tasks staying.
    """

    tasks: str = "n_tasks"
    examples: str = "n"
    inner_steps: str = "J"
    inner_step: str = "eta_inner"
    step: str = "eta"
    method: Literal["train-train", "train-validation", "reptile"] = "train-train"
    train: str = "n_train"
    fresh: str = ""

    @property
    def options(self) -> dict[str, str]:
        """No option of gradient descent is taken."""
        return {}

    @property
    def batched(self) -> bool:
        """Every gradient is over some of a task's examples."""
        return True


@dataclass(frozen=True, kw_only=True)
class CoordinateWise:
    """An algorithm that treats each weight for itself: "adam" or "sign" (sign descent).  A Model refuses it."""

    name: Literal["adam", "sign"]
    step: str = "eta"


@dataclass(frozen=True, kw_only=True)
class GaussianInitialisation:
    """Filter entries i.i.d. N(0, std^2)."""

    std: str = "sigma_0"


@dataclass(frozen=True, kw_only=True)
class EntryInitialisation:
    """Filter entries i.i.d. of mean 0 and standard deviation `std`, of the shape that the choice `shape` names.

    "gaussian", or "uniform" on +-sqrt(3) std: PyTorch's default for a linear layer, U(+-1/sqrt d), at std 1/sqrt(3 d).
    """

    std: str = "sigma_0"
    shape: str = "init"


@dataclass(frozen=True, kw_only=True)
class FreshLaw:
    """A fresh example: a fresh label, the fixed directions as in training, the families `fresh` drawn again.

    Where the model flips labels, a fresh one is flipped with the same probability, and the example is judged by the
    label so observed; without `flips` it is judged by its clean label.
    """

    fresh: tuple[str, ...] = ()
    flips: bool = True


@dataclass(frozen=True, kw_only=True)
class Extreme:
    """max, max_abs or min over neurons of z on the family `of`, over all, own-class, other-class or one sign's heads.

    `per` = "example" keeps the example axis, "head" the head axis, "task" the task axis.  `of` may also name a
    coefficient, or vectors that a TaskLaw lets runs look at.  Entries are multiplied by the head's sign where `signed`,
    taken at the weights adapted to the task where `adapted` (bilevel algorithms), and no result is below the formula
    `floor`.
    """

    name: str
    latex: str
    of: str
    reduce: Literal["max", "max_abs", "min"]
    heads: Literal["all", "on_class", "off_class", "plus", "minus"] = "all"
    per: tuple[Literal["example", "head", "task"], ...] = ()
    signed: bool = False
    adapted: bool = False
    floor: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """A per-example definition of the recursion (such as l1) times a constant plus a constant."""

    name: str
    latex: str
    of: str
    plus: float
    times: float = 1.0
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Total:
    """The sum of the coefficient `of` over its family, for every filter."""

    name: str
    latex: str
    of: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """||W - W*||_F for W* = W(0) + `scale` sum_{i : head is y_i's} v_i / ||v_i||^2 over the family `of`."""

    name: str
    latex: str
    of: str
    scale: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class NeuronNorm:
    """||w_{h,r}|| of every filter."""

    name: str
    latex: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Spectral:
    """A number of each head's matrix W_h and of all of them stacked, from its singular values s_1 >= s_2 >= ...

    "frobenius" ||W||_F, "spectral" s_1, "stable_rank" ||W||_F^2 / s_1^2, "stable_rank_excess" sum_{k>1} s_k^2 / s_1^2.
    """

    name: str
    latex: str
    what: Literal["frobenius", "spectral", "stable_rank", "stable_rank_excess"]
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class NormalisedMargin:
    """Each example's margin over ||W||_F; with `spread`, the largest minus the smallest."""

    name: str
    latex: str
    spread: bool = False
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class MaxMargin:
    """How far W is from satisfying the KKT conditions of min ||W||_F^2 / 2 over margins of at least 1 (signed heads).

    "residual": min over lambda >= 0 of ||W - sum_i lambda_i grad z_i||_F / ||W||_F, z_i the margins; "slackness":
    max_i lambda_i (z_i / min z - 1) at the feasible W / min z.  For activations homogeneous of degree one.
    """

    name: str
    latex: str
    what: Literal["residual", "slackness"] = "residual"
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class NearOrthogonality:
    """R_min^2 / (R^2 n p) of the family `of` over examples: R_min and R_max the lengths, R their ratio.

    p = max_{i != k} |<v_i, v_k>|; infinite where p is 0.
    """

    name: str
    latex: str
    of: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Flips:
    """How many (head, filter, example, patch) have changed their side of the activation's kink in steps 1..t.

    Every step is looked at, whatever is recorded.  `last` names one more variable: the last change's step t, that is
    the first from which the pattern stays; 0 where nothing changed.
    """

    name: str
    latex: str
    heads: Literal["all", "on_class", "off_class"] = "all"
    last: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Complement:
    """1 - p_{y_i}(x_i) of each example, class heads, without cancellation."""

    name: str
    latex: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Largest over smallest entry of the `Complement` named `of`, over examples (inf where that overflows)."""

    name: str
    latex: str
    of: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class ActiveShare:
    """The share of an example's own head's filters with z > 0 on the family `of`, for each example."""

    name: str
    latex: str
    of: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Deactivated:
    """How many (filter of the own head, example) have z > 0 on `of` at the recorded step before and not at this one.

    0 at the first; with every step recorded it is 0 throughout exactly where the activation sets are nested.
    """

    name: str
    latex: str
    of: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class NoiseRatio:
    """Class by class from the data: |S_k| F_kk / (|S_j| F_kj), or with `signal` |S_k|^2 ||u_k||^4 / (|S_j| F_kj).

    F_kj is the mean of <v_a, v_b>^2 over pairs a in S_k, b in S_j, a != b, of the family `of`: for centred noise an
    unbiased estimate of ||A_k^T A_j||_F^2, whatever its law.  NaN where there is no such pair.
    """

    name: str
    latex: str
    of: str
    signal: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class LongTail:
    """The long-tail ratio of fresh noise v of `of`, and accuracy by it, in `bins` equally likely bins a class.

    q(v) = <sum_R w_{y,r}, v> / ||A_y^T sum_R w_{y,r}|| over R = {r : <w_{y,r}, v> > 0}.  NAME is a bin's mean ratio,
    NAME_accuracy the accuracy in it, NAME_empty the probability that R is empty and q undefined.
    """

    name: str
    latex: str
    of: str
    bins: int = 10
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class FreshTasks:
    """Fresh tasks: each holds `shared` + a uniform entry of the dictionary, and the families `fresh` drawn again.

    Without adaptation the loss of a fresh example; with it, `support` examples (a parameter; absent: as many as the
    inner loop takes in training) adapt the weights as in training, and `query` further ones judge them, over `tasks`
    tasks.
    """

    fresh: tuple[str, ...] = ()
    tasks: str = "test_tasks"
    support: str = "test_support"
    query: str = "test_query"

    @property
    def flips(self) -> bool:
        """No label is flipped."""
        return False


Observable = (
    Extreme | Shifted | Total | Distance | NeuronNorm | Spectral | NormalisedMargin | MaxMargin | NearOrthogonality
    | Flips | Complement | Balance | ActiveShare | Deactivated | NoiseRatio | LongTail
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """The first step t at which the smallest entry of `observable` stands in `relation` to `threshold` (a formula)."""

    name: str
    latex: str
    observable: str
    relation: Literal[">=", "<="]
    threshold: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model, whole.  See `derivations.papers` for the four papers' declarations.

    Shapes: W (H, m, d) with H heads; z and b (H, m, B) with B directions, families one after another.
    `class_sizes` names the parameter that says how many examples each class has (absent: as equal as possible);
    without it labels are drawn uniformly.  `balanced` names the flag with which a bilevel model's labels are as equal
    as possible in each task's splits.  `label_flips` names the probability with which each label, once drawn, is
    flipped to the other sign, independently of everything else: y_i is the label after it (observed), yhat_i before
    (clean); patches of scale "clean" and mixtures follow yhat_i.
    Raises ValueError, in one sentence, where the parts do not fit together.
    """

    name: str
    title: str
    directions: tuple[Directions, ...]
    patches: tuple[Patch, ...]
    network: Network
    objective: Objective
    algorithm: GradientDescent | Bilevel = GradientDescent()
    initialisation: GaussianInitialisation | EntryInitialisation = GaussianInitialisation()
    test: FreshLaw | FreshTasks = FreshLaw()
    parameters: tuple[Parameter, ...] = ()
    observables: tuple[Observable, ...] = ()
    events: tuple[Event, ...] = ()
    label_flips: str = ""
    class_sizes: str = ""
    balanced: str = ""

    def __post_init__(self) -> None:
        self._check_names()
        self._check_network()
        self._check_flips()
        self._check_algorithm()

    def _check_names(self) -> None:
        names = [family.name for family in self.directions]
        for name in names:
            if not name.isidentifier():
                raise ValueError(f"directions: the family name {name!r} is not an identifier; use letters and digits")
            if names.count(name) > 1:
                raise ValueError(f"directions: the family {name!r} is declared twice; give each family its own name")
        variables = [family.coefficient.name for family in self.directions] + [o.name for o in self.observables]
        variables += [o.last for o in self.observables if isinstance(o, Flips) and o.last]
        for name in variables:
            if variables.count(name) > 1:
                raise ValueError(f"observables: the name {name!r} is declared twice; give each variable its own name")
        for patch in self.patches:
            if patch.direction not in names:
                raise ValueError(f"patches: {patch.direction!r} is not a declared family; expected one of {names}")
        if not self.patches:
            raise ValueError("patches: a model needs at least one patch")

    def _check_network(self) -> None:
        signed, loss, act = self.network.heads == "signed", self.objective.loss, self.network.activation
        if signed != (loss != "cross_entropy"):
            raise ValueError(
                f"loss: {loss!r} does not go with {self.network.heads} heads; signed heads take 'logistic' "
                "or 'exponential', class heads take 'cross_entropy'"
            )
        scaled = [patch.scale for patch in self.patches if patch.scale != "one"]
        if scaled and not signed:
            needs = f"scale {scaled[0]!r} needs labels +-1, so signed heads"
            raise ValueError(f"patches: {needs}; use a family over classes")
        if signed and any(family.over == "class" for family in self.directions):
            raise ValueError("directions: a family over classes needs class heads; use scale 'label' with signed heads")
        if act.name == "relu_power" and act.power < 2:
            raise ValueError(f"q: {act.power} is below 2, where ReLU^q is not smooth at 0; use 'relu' for q = 1")
        homogeneous = signed and act.name in ("relu", "leaky_relu")
        if any(isinstance(o, MaxMargin) for o in self.observables) and not homogeneous:
            raise ValueError("observables: max-margin conditions need signed heads and relu or leaky_relu")
        if self.network.classes < 2:
            raise ValueError(f"K: {self.network.classes} classes; expected at least 2")

    def _check_flips(self) -> None:
        if not self.label_flips:
            return
        if not self.label_flips.isidentifier():
            raise ValueError(
                f"label_flips: the parameter {self.label_flips!r} is not an identifier; use letters, digits and _"
            )
        if self.network.heads != "signed":
            raise ValueError("label_flips: flipping needs labels +-1, so signed heads; leave it out with class heads")
        laws = [law for family in self.directions for law in _laws(family)]
        if not self.follows_clean and not any(isinstance(law, MixtureLaw) for law in laws):
            raise ValueError(
                "label_flips: no patch has scale 'clean' and no family is a mixture, so nothing of an example would "
                "tell a flipped label from another; give the signal's patch scale 'clean'"
            )

    def _check_algorithm(self) -> None:
        algorithm: GradientDescent | Bilevel | CoordinateWise = self.algorithm
        if isinstance(algorithm, CoordinateWise):
            raise ValueError(
                f"algorithm: {algorithm.name!r} acts on each weight alone, so it is not rotation-equivariant: its "
                "update of a filter is no combination of the data's vectors, and no coefficient recursion closes; use "
                "GradientDescent, with batch, momentum, weight_decay, radius or label_noise as wanted"
            )
        if isinstance(algorithm, Bilevel):
            self._check_bilevel(algorithm)
            names = [algorithm.step, algorithm.inner_step, algorithm.inner_steps, algorithm.tasks, algorithm.train]
        else:
            names = [algorithm.step, *algorithm.options.values()]
            over_tasks = [family.name for family in self.directions if family.over == "task"]
            if over_tasks:
                name = over_tasks[0]
                raise ValueError(f"directions: {name!r} is over tasks, which a Bilevel algorithm has; declare one")
        for name in names:
            if not name.isidentifier():
                raise ValueError(f"algorithm: the parameter {name!r} is not an identifier; use letters and digits")
            if names.count(name) > 1:
                raise ValueError(f"algorithm: the parameter {name!r} is named twice; give each option its own")

    def _check_bilevel(self, algorithm: Bilevel) -> None:
        """Every loop has its own numbers, and what the algorithm does not do is refused."""
        if algorithm.method not in ("train-train", "train-validation", "reptile"):
            known = "train-train, train-validation or reptile"
            raise ValueError(f"method: {algorithm.method!r} is not known; expected {known}")
        refused = {
            "a gradient penalty": self.objective.penalty != "none", "label flips": bool(self.label_flips),
            "patches of scale 'clean'": self.follows_clean, "class sizes": bool(self.class_sizes),
        }
        for what, asked in refused.items():
            if asked:
                raise ValueError(f"algorithm: a bilevel algorithm does not go with {what}; leave that out")

    @property
    def follows_clean(self) -> bool:
        """Whether a patch has scale "clean", so that training reads the clean labels beside the observed ones."""
        return any(patch.scale == "clean" for patch in self.patches)

    @property
    def n_heads(self) -> int:
        """Heads: 2 signed ones, or one a class."""
        return 2 if self.network.heads == "signed" else self.network.classes

    def family(self, name: str) -> Directions:
        """The family of that name (KeyError otherwise)."""
        return {family.name: family for family in self.directions}[name]

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name (KeyError otherwise)."""
        return {parameter.name: parameter for parameter in self.parameters}[name]

    def sizes(self, n: int, tasks: int = 1) -> dict[str, int]:
        """Vectors in each family, for n examples in all, in declared order."""
        count = {"one": 1, "class": self.network.classes, "task": tasks, "sample": n}
        return {family.name: count[family.over] for family in self.directions}

    def offsets(self, n: int, tasks: int = 1) -> dict[str, int]:
        """Where each family starts on the direction axis, for n examples in all; "" is the axis's length."""
        start, at = {}, 0
        for name, size in self.sizes(n, tasks).items():
            start[name], at = at, at + size
        return {**start, "": at}


def _laws(family: Directions) -> tuple[Law | None, ...]:
    """Every law that the family may have."""
    return tuple(law for _, law in family.law.laws) if isinstance(family.law, ChosenLaw) else (family.law,)


def chosen_law(family: Directions, values: Mapping[str, Value]) -> Law | None:
    """The family's law at these values.  Raises ValueError, in one sentence, where a choice has no law of that name."""
    if not isinstance(family.law, ChosenLaw):
        return family.law
    laws, asked = dict(family.law.laws), values.get(family.law.by)
    if asked not in laws:
        raise ValueError(f"{family.law.by}: {asked!r}; expected one of {', '.join(laws)}, the laws of {family.name!r}")
    return laws[str(asked)]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Named parameter values with where they come from."""

    name: str
    values: tuple[tuple[str, Value], ...]
    steps: int
    source: str


def to_plain(value: Any) -> Any:
    """A declaration as JSON-ready dictionaries, lists and scalars; the class is kept under "is"."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__, **{f.name: to_plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(plain: Any) -> Any:
    """The inverse of `to_plain`.  Raises KeyError for a class this module does not declare."""
    if isinstance(plain, dict):
        kind = _DECLARED[plain["is"]]
        return kind(**{key: from_plain(item) for key, item in plain.items() if key != "is"})
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    return plain


_DECLARED: dict[str, Any] = {
    name: kind for name, kind in list(globals().items()) if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}
