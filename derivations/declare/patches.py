"""Patches of an example, one class a kind: one term or a sum of them, each scalars of the example times a direction."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from ..errors import ModelError
from .choices import Declared
from .densities import OfDensity
from .scalars import Scalar

Scale = Literal["one", "label", "clean"]
Factor = Literal["label", "clean"] | Scalar
ONE: Final = "one"
LABEL: Final = "label"
CLEAN: Final = "clean"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Term(Declared):
    """Scalars of example i times the family's vector for i: the label y_i ("label"), the clean one yhat_i ("clean").

    `scale` is one of them, a `Scalar`, or several in a tuple, which are multiplied.  yhat_i is the label before
    `Model.label_flips`; the loss, the margins and an example's own head go by y_i.
    """

    direction: str
    scale: Scale | Scalar | tuple[Factor, ...] = "one"

    def __post_init__(self) -> None:
        super().__post_init__()
        keys = [factor if isinstance(factor, str) else factor.name for factor in self.factors]
        for key in keys:
            if keys.count(key) > 1:
                raise ModelError(f"{type(self).__name__}.scale: {key!r} is given twice; give it once")

    @functools.cached_property
    def factors(self) -> tuple[Literal["label", "clean"] | Scalar, ...]:
        """What the vector is taken times; empty for 1."""
        if isinstance(self.scale, tuple):
            return self.scale
        return () if self.scale == ONE else (self.scale,)

    @functools.cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        """The declared scalars among them."""
        return tuple(factor for factor in self.factors if isinstance(factor, Scalar))

    @functools.cached_property
    def densities(self) -> tuple[OfDensity, ...]:
        """Those of them that have a density."""
        return tuple(each for each in self.scalars if isinstance(each, OfDensity))

    @property
    def plain(self) -> bool:
        """Whether it is taken times 1, the label or the clean label alone."""
        return not isinstance(self.scale, Scalar | tuple)

    @property
    def by_label(self) -> bool:
        """Whether the vector is taken times something that a label says, so that labels are +-1."""
        return any(factor in (LABEL, CLEAN) for factor in self.factors) or any(each.by_label for each in self.scalars)

    @property
    def follows_clean(self) -> bool:
        """Whether the vector is taken times the clean label itself."""
        return CLEAN in self.factors

    def factor(self, one: T, label: T, clean: T, scalars: Mapping[str, T], densities: bool = True) -> T:
        """What the vector is taken times, of 1, the labels and the declared scalars by name, as the caller has them.

        Without `densities`, the scalars that have one are left out.
        """
        product: Any = one
        known = [taken for taken in self.factors if densities or not isinstance(taken, OfDensity)]
        for at, taken in enumerate(known):
            value: Any = {LABEL: label, CLEAN: clean}[taken] if isinstance(taken, str) else scalars[taken.name]
            product = value if at == 0 else product * value
        whole: T = product
        return whole


@dataclass(frozen=True, kw_only=True)
class Patch(Term):
    """A patch of one term, as in Patch(direction="mu", scale="label")."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True, kw_only=True)
class SumPatch(Declared):
    """A patch that is a sum of terms, as in SumPatch(terms=(Term(direction="mu", scale="label"), Term(...)))."""

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.terms:
            raise ModelError("SumPatch.terms: none; give terms=(Term(direction=...), ...)")
        seen: list[tuple[str, frozenset[object]]] = []
        for term in self.terms:
            key = (term.direction, frozenset(term.factors))
            if key in seen:
                raise ModelError(f"SumPatch.terms: {term.direction!r} with one scale is given twice; give it once")
            seen.append(key)

    @property
    def by_label(self) -> bool:
        """Whether any term goes by a label."""
        return any(term.by_label for term in self.terms)


AnyPatch = Patch | SumPatch


def terms_of(patches: Iterable[AnyPatch]) -> tuple[Term, ...]:
    """All terms of patches, one after another."""
    return tuple(term for patch in patches for term in patch.terms)


def scalars_of(patches: Iterable[AnyPatch]) -> tuple[Scalar, ...]:
    """The scalars of patches, each once."""
    return tuple(dict.fromkeys(scalar for term in terms_of(patches) for scalar in term.scalars))
