"""What an inner and an outer step of a bilevel algorithm change, written out from the recursion of one task.

Symbols get the task's index in front of the example's: l1[k, i], a_xi[j, r, k, i], v_nu_k[k], v_xi[k, i].  They stand
for the weights whose gradient the step takes: those of task k's inner loop, in the outer step where it ended.
"""

from __future__ import annotations

import sympy as sp

from ..declare import Model
from .changes import filter_change, vector
from .recursion import Recursion
from .roles import FormalVector, GramEntry, OfPatch, Preactivation, indexed, role_of
from .symbols import eta, n, s
from .task_symbols import ALL, K, gamma, k, k_

Split = tuple[sp.Expr, tuple[sp.Expr, sp.Expr]]


def task_gradient(recursion: Recursion, split: Split = ALL, task: sp.Expr = k) -> sp.Expr:
    """The gradient in w_{j,r} of a task's mean loss over `split`, in the formal vectors."""
    size, limits = split
    total = sp.Symbol("size", positive=True)

    def ranged(summed: sp.Sum) -> sp.Expr:
        return sp.Sum(summed.function, *[(limit[0], *limits) for limit in summed.limits])

    one = lifted((filter_change(recursion) / -eta).xreplace({n: total}), recursion.model, task)
    return one.replace(lambda e: isinstance(e, sp.Sum) and e.limits[0][2] == total, ranged).xreplace({total: size})


def inner_change(recursion: Recursion, split: Split = ALL) -> sp.Expr:
    """w_{j,r}^{(t,tau+1)} - w_{j,r}^{(t,tau)} on task k, by gradient descent on `split`."""
    return -gamma * task_gradient(recursion, split)


def outer_change(recursion: Recursion, split: Split = ALL) -> sp.Expr:
    """w_{j,r}^{(t+1,0)} - w_{j,r}^{(t,0)}: the tasks' mean gradient, each over `split` at its adapted weights."""
    return -eta / K * sp.Sum(task_gradient(recursion, split, k_), (k_, 1, K))


def reptile_change(weights: sp.Expr, adapted: sp.IndexedBase) -> sp.Expr:
    """W^{(t+1)} - W^{(t)} of Reptile with step eta: the mean of what the inner loops moved."""
    return sp.Sum(eta / K * (adapted[k_] - weights), (k_, 1, K))


def lifted(expr: sp.Expr, model: Model, task: sp.Expr) -> sp.Expr:
    """One task's expression as that of task `task`; families over one vector or over classes belong to all tasks."""
    own = {family.name for family in model.directions if not family.index_set.shared}

    def indexed(entry: sp.Indexed) -> sp.Expr:
        role, indices = role_of(entry), entry.indices
        if entry.base == s or (isinstance(role, FormalVector | Preactivation) and role.family not in own):
            return entry
        front = 2 if isinstance(role, OfPatch | Preactivation) else 0
        return entry.base[(*indices[:front], task, *indices[front:])]

    of_tasks = [family.name for family in model.directions if family.index_set.per_task]
    shared = {vector(name): vector(name, task) for name in of_tasks}
    return expr.replace(lambda e: isinstance(e, sp.Indexed), indexed).xreplace(shared)


def along(expr: sp.Expr, model: Model, name: str, *place: sp.Expr) -> sp.Expr:
    """<expr, v>, v a vector of a family at `place` or a vector of another name, as inner products G_family_name."""
    order = [family.name for family in model.directions]

    def product(entry: sp.Indexed) -> sp.Expr:
        family = vector_of(entry)
        first, second = (family, entry.indices), (name, place)
        if name in order and order.index(name) < order.index(family):
            first, second = second, first
        return indexed(GramEntry(first[0], second[0]))[(*first[1], *second[1])]

    def vector_of(entry: sp.Indexed) -> str:
        role = role_of(entry)
        return role.family if isinstance(role, FormalVector) else ""

    return expr.replace(lambda e: isinstance(e, sp.Indexed) and vector_of(e) in order, product)
