"""Observables of class heads as plain frozen data: probabilities, activation sets, and noise that differs by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .choices import Name
from .observable import KnownFrom, Observable


@dataclass(frozen=True, kw_only=True)
class Complement(Observable):
    """1 - p_{y_i}(x_i) of each example, class heads, without cancellation."""

    entrywise = True

    name: Name
    latex: str
    source: str = ""

    def words(self, model: Any) -> dict[str, str]:
        """The probability of the other classes."""
        return {self.name: "softmax probability of the other classes, 1 - p_y, of each example, without cancellation"}


@dataclass(frozen=True, kw_only=True)
class Balance(Observable):
    """Largest over smallest entry of the `Complement` named `of`, over examples (inf where that overflows)."""

    name: Name
    latex: str
    of: str
    source: str = ""

    def words(self, model: Any) -> dict[str, str]:
        """The ratio."""
        return {self.name: f"largest over smallest {self.of} over examples"}


@dataclass(frozen=True, kw_only=True)
class ActiveShare(Observable):
    """The share of an example's own head's filters with z > 0 on the family `of`, for each example."""

    name: Name
    latex: str
    of: str
    source: str = ""

    def words(self, model: Any) -> dict[str, str]:
        """The share."""
        return {self.name: f"share of the own head's filters with <w, {self.of}> > 0, for each example"}


@dataclass(frozen=True, kw_only=True)
class Deactivated(Observable):
    """How many (filter of the own head, example) have z > 0 on `of` at the recorded step before and not at this one.

    0 at the first; with every step recorded it is 0 throughout exactly where the activation sets are nested.
    """

    known_from = KnownFrom.RECORDED

    name: Name
    latex: str
    of: str
    source: str = ""

    def words(self, model: Any) -> dict[str, str]:
        """The count."""
        return {self.name: (
            f"how many (own head's filter, example) have <w, {self.of}> > 0 at the recorded step before and not here"
        )}


@dataclass(frozen=True, kw_only=True)
class NoiseRatio(Observable):
    """Class by class from the data: |S_k| F_kk / (|S_j| F_kj), or with `signal` |S_k|^2 ||u_k||^4 / (|S_j| F_kj).

    F_kj is the mean of <v_a, v_b>^2 over pairs a in S_k, b in S_j, a != b, of the family `of`: for centred noise an
    unbiased estimate of ||A_k^T A_j||_F^2, whatever its law.  NaN where there is no such pair.
    """

    known_from = KnownFrom.DATA

    name: Name
    latex: str
    of: str
    signal: str = ""
    source: str = ""

    def words(self, model: Any) -> dict[str, str]:
        """The ratio, by classes."""
        return {self.name: (
            f"|S_k|^2 ||{self.signal}||^4 / (|S_j| F_kj)" if self.signal else "|S_k| F_kk / (|S_j| F_kj)"
        ) + f", F_kj the mean squared inner product of {self.of} of classes k and j"}


@dataclass(frozen=True, kw_only=True)
class LongTail(Observable):
    """The long-tail ratio of fresh noise v of `of`, and accuracy by it, in `bins` equally likely bins a class.

    q(v) = <sum_R w_{y,r}, v> / ||A_y^T sum_R w_{y,r}|| over R = {r : <w_{y,r}, v> > 0}.  NAME is a bin's mean ratio,
    NAME_accuracy the accuracy in it, NAME_empty the probability that R is empty and q undefined.
    """

    known_from = KnownFrom.FRESH

    name: Name
    latex: str
    of: str
    bins: int = 10
    source: str = ""

    @property
    def also(self) -> tuple[str, ...]:
        """Accuracy by bin, and the probability that there is no ratio."""
        return (f"{self.name}_accuracy", f"{self.name}_empty")

    def words(self, model: Any) -> dict[str, str]:
        """The ratio, accuracy by it, and where there is none."""
        said = (
            f"long-tail ratio of fresh {self.of}, mean of a bin of equally likely ones",
            "P(right) in the bin of ratios", "P(no filter active), where the ratio is not defined",
        )
        return dict(zip((self.name, *self.also), said, strict=True))
