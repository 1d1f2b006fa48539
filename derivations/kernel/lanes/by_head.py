"""What a head's neurons share of a sum of terms, so that a kernel computes it once a head and not once a neuron."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ...calculus.symbols import r

Shared = dict[sp.Expr, sp.Expr]
"""Factors that a neuron has of its own, each with what multiplies it and is the same for all neurons of a head."""


def by_neuron(expr: sp.Expr) -> Shared:
    """A sum of terms by what is a neuron's own in them; the sum of products is the sum again."""
    split: Shared = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        own, common = sp.S.One, sp.S.One
        for factor in sp.Mul.make_args(term):
            own, common = (own * factor, common) if r in factor.free_symbols else (own, common * factor)
        split[own] = split.get(own, sp.S.Zero) + common
    return {own: split[own] for own in sorted(split, key=str) if split[own] != 0}


def each_once(splits: Iterable[Shared]) -> list[sp.Expr]:
    """The factors of all of them, without repetition."""
    return list(dict.fromkeys(own for split in splits for own in split))


def factors(product: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A product as two factors, of which the second is 1 where there is but one: what one operation fuses."""
    first, *others = [base for each in sp.Mul.make_args(product) for base in _bases(each)]
    return first, sp.Mul(*others)


def _bases(factor: sp.Expr) -> list[sp.Expr]:
    """The base of a whole power as often as it is multiplied; anything else once, as it is."""
    base, power = factor.as_base_exp()
    return [base] * int(power) if power.is_Integer and power > 1 else [factor]
