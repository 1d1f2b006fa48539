"""The words of a declaration, all of them: what a model's file, its conditions and its statements are written with."""

from __future__ import annotations

from .activations import (
    ACTIVATIONS,
    FORMULAS,
    LARGEST_POWER,
    ActivationKind,
    Expressed,
    HuberizedRelu,
    LeakyRelu,
    Relu,
    ReluPower,
    TwoSlopes,
)
from .algorithms import Bilevel, CoordinateWise, GradientDescent, OnePass, Population
from .angles import Angle
from .arithmetic import Arithmetic
from .checks import idle, unread
from .conditions import Clause, ClauseList, Conditions, Only, Prescription, Quantity
from .data import Coefficient, Directions, chosen_law
from .densities import GaussianScalar, GivenScalar, OfDensity, UniformScalar
from .entry_law import EntryLaw
from .event import Event
from .expressions import Expression
from .fresh_laws import CovarianceLaw, FreshLaw, FreshTasks, HeldOutLaw, NearLaw, TestLaw
from .heads import ClassHeads, HeadAxis, Heads, SignedHeads, head_axis
from .initialisations import EntryInitialisation, GaussianInitialisation, Initialisation
from .kinds import forgotten, of_class
from .laws import ChosenLaw, ClassNoiseLaw, FixedLaw, GaussianLaw, Law, MixtureLaw, TaskLaw
from .layers import BIASES, SECOND_LAYER, Biases, NeuronAxis, SecondLayer, declared_families, of_neurons
from .mixing import (
    GivenMixing,
    GraphConvolution,
    MixedLabel,
    Mixing,
    Mixup,
    Row,
    mixed_families,
    mixings_of,
    row_of,
    rows_of,
)
from .model import Model
from .network import Activation, Network, Objective
from .objectives import (
    LOSSES,
    PENALTIES,
    CrossEntropy,
    Exponential,
    Full,
    Logistic,
    LossKind,
    NoPenalty,
    OfMargin,
    PenaltyKind,
    PerExample,
)
from .observable import KnownFrom, Observable, OfFresh, OfRun, OfStates
from .observed.active import ActiveShare, Deactivated
from .observed.complement import Balance, Complement
from .observed.distance import Distance
from .observed.extreme import Extreme
from .observed.flips import Flips
from .observed.layer_balance import LayerBalance
from .observed.long_tail import LongTail
from .observed.max_margin import MaxMargin
from .observed.near_orthogonality import NearOrthogonality
from .observed.neuron_norm import NeuronNorm
from .observed.noise_ratio import NoiseRatio
from .observed.noise_spectrum import FewActive, NoiseSpectrum
from .observed.normalised_margin import NormalisedMargin
from .observed.shifted import Shifted
from .observed.spectral import Spectral
from .observed.total import Total
from .over import INDEX_SETS, IndexSet, Over
from .parameter import Parameter, Preset, Value
from .patches import AnyPatch, Patch, Scale, SumPatch, Term, scalars_of, terms_of
from .plain import from_plain, to_plain
from .scalars import Bernoulli, Constant, OfCases, OfLabel, RandomSign, Scalar, value_of
from .schedules import STEP, Schedule, roles, schedule_constants, scheduled
from .statements import Instance, Kind, Path, Statement, Statements, on
from .views import Variable

__all__ = [
    "ACTIVATIONS",
    "BIASES",
    "FORMULAS",
    "INDEX_SETS",
    "LARGEST_POWER",
    "LOSSES",
    "PENALTIES",
    "SECOND_LAYER",
    "STEP",
    "Activation",
    "ActivationKind",
    "ActiveShare",
    "Angle",
    "AnyPatch",
    "Arithmetic",
    "Balance",
    "Bernoulli",
    "Biases",
    "Bilevel",
    "ChosenLaw",
    "ClassHeads",
    "ClassNoiseLaw",
    "Clause",
    "ClauseList",
    "Coefficient",
    "Complement",
    "Conditions",
    "Constant",
    "CoordinateWise",
    "CovarianceLaw",
    "CrossEntropy",
    "Deactivated",
    "Directions",
    "Distance",
    "EntryInitialisation",
    "EntryLaw",
    "Event",
    "Exponential",
    "Expressed",
    "Expression",
    "Extreme",
    "FewActive",
    "FixedLaw",
    "Flips",
    "FreshLaw",
    "FreshTasks",
    "Full",
    "GaussianInitialisation",
    "GaussianLaw",
    "GaussianScalar",
    "GivenMixing",
    "GivenScalar",
    "GradientDescent",
    "GraphConvolution",
    "HeadAxis",
    "Heads",
    "HeldOutLaw",
    "HuberizedRelu",
    "IndexSet",
    "Initialisation",
    "Instance",
    "Kind",
    "KnownFrom",
    "Law",
    "LayerBalance",
    "LeakyRelu",
    "Logistic",
    "LongTail",
    "LossKind",
    "MaxMargin",
    "MixedLabel",
    "Mixing",
    "MixtureLaw",
    "Mixup",
    "Model",
    "NearLaw",
    "NearOrthogonality",
    "Network",
    "NeuronAxis",
    "NeuronNorm",
    "NoPenalty",
    "NoiseRatio",
    "NoiseSpectrum",
    "NormalisedMargin",
    "Objective",
    "Observable",
    "OfCases",
    "OfDensity",
    "OfFresh",
    "OfLabel",
    "OfMargin",
    "OfRun",
    "OfStates",
    "OnePass",
    "Only",
    "Over",
    "Parameter",
    "Patch",
    "Path",
    "PenaltyKind",
    "PerExample",
    "Population",
    "Prescription",
    "Preset",
    "Quantity",
    "RandomSign",
    "Relu",
    "ReluPower",
    "Row",
    "Scalar",
    "Scale",
    "Schedule",
    "SecondLayer",
    "Shifted",
    "SignedHeads",
    "Spectral",
    "Statement",
    "Statements",
    "SumPatch",
    "TaskLaw",
    "Term",
    "TestLaw",
    "Total",
    "TwoSlopes",
    "UniformScalar",
    "Value",
    "Variable",
    "chosen_law",
    "declared_families",
    "forgotten",
    "from_plain",
    "head_axis",
    "idle",
    "mixed_families",
    "mixings_of",
    "of_class",
    "of_neurons",
    "on",
    "roles",
    "row_of",
    "rows_of",
    "scalars_of",
    "schedule_constants",
    "scheduled",
    "terms_of",
    "to_plain",
    "unread",
    "value_of",
]
