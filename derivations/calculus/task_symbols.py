"""The symbols that two loops add: tasks, the two parts of a task's examples, and the inner step."""

from __future__ import annotations

import sympy as sp

from .symbols import n

gamma = sp.Symbol("gamma", positive=True)  # the inner step size
K, n_1, n_2 = sp.symbols("K n_1 n_2", positive=True)  # tasks; examples that are trained and validated on, n_1 + n_2 = n
k, k_ = sp.symbols("k k'", integer=True, positive=True)

ALL = (n, (sp.S.One, n))  # how many examples, and their first and last
TRAIN = (n_1, (sp.S.One, n_1))
VALIDATION = (n_2, (n_1 + 1, n))
