"""Functions that keep their digits in both tails, as their derivatives of every order do.

They are the weight-space engine's own, for what torch has does not.  The second derivative of its softplus is s (1 - s)
of the sigmoid s, of which e^-x is left beside 1: at 20 seven digits, at 37 none.  That of its log-sum-exp cancels as
one entry outweighs the others.  Both penalties take second derivatives, and a large z multiplies what is left of them.
Here each function's derivative is made of functions of this module, so that autograd may go on differentiating.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x)."""
    return _applied(_Softplus, x)


def sigmoid(x: Tensor) -> Tensor:
    """1/(1 + e^-x)."""
    return _applied(_Sigmoid, x)


def cross_entropy(F: Tensor, own: Tensor) -> Tensor:
    """-log of the softmax (n,) of outputs F (n, K) at each row's `own` entry (n, K), which is true once a row."""
    return _applied(_CrossEntropy, F, own)


def _applied(rule: type, *given: Tensor) -> Tensor:
    made: Tensor = _function(rule).apply(*given)
    return made


@functools.cache
def _function(rule: type) -> Any:
    """A rule's values and derivatives as a function of torch, which is loaded when one is first asked for."""
    return types.new_class(rule.__name__, (rule, torch.autograd.Function))


class _Softplus:
    """Its derivative is the sigmoid."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """The value."""
        ctx.save_for_backward(x)
        return x.clamp(min=0.0) + torch.log1p(torch.exp(-x.abs()))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """By x."""
        (x,) = ctx.saved_tensors
        return slope * sigmoid(x)


class _Sigmoid:
    """s(x), whose derivative is s(x) s(-x): a product, where s (1 - s) would cancel."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """The value."""
        ctx.save_for_backward(x)
        small = torch.exp(-x.abs())
        return torch.where(x < 0, small, torch.ones_like(x)) / (1.0 + small)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """By x."""
        (x,) = ctx.saved_tensors
        return slope * (sigmoid(x) * sigmoid(-x))


class _CrossEntropy:
    """Its derivative is the softmax less 1 at the own entry."""

    @staticmethod
    def forward(ctx: Any, F: Tensor, own: Tensor) -> Tensor:
        """The value, be it tiny or large."""
        ctx.save_for_backward(F, own)
        best = F.argmax(1, keepdim=True)
        top = F.gather(1, best)
        others = torch.exp(F - top).scatter(1, best, 0.0)
        return (top[:, 0] - F[own]) + torch.log1p(others.sum(1))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        """By F."""
        F, own = ctx.saved_tensors
        return slope[:, None] * _applied(_Excess, F, own), None


class _Excess:
    """p - 1{own} of the softmax p; with no own entry the softmax itself, for both have one derivative.

    That is sum_k p_l p_k (c_l - c_k) along c: in p_l (c_l - sum_k p_k c_k) the part of an entry whose p is nearly 1
    would cancel.
    """

    @staticmethod
    def forward(ctx: Any, F: Tensor, own: Tensor) -> Tensor:
        """The value: less than 1 by the others' sum at the own entry."""
        ctx.save_for_backward(F)
        p = torch.exp(F - F.amax(1, keepdim=True))
        p = p / p.sum(1, keepdim=True)
        return torch.where(own, -p.masked_fill(own, 0.0).sum(1, keepdim=True), p)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        """By F."""
        (F,) = ctx.saved_tensors
        p = _applied(_Excess, F, torch.zeros_like(F, dtype=torch.bool))
        pairs = p[:, :, None] * p[:, None, :]
        return (pairs * (slope[:, :, None] - slope[:, None, :])).sum(2), None


__all__ = ["cross_entropy", "sigmoid", "softplus"]
