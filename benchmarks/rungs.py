"""Further rungs, each tried small: what it would give as a number: `python -m benchmarks.rungs [NAME ...]`.

Seconds are CPU time, the least of several calls that take turns; a ratio is of those.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .timing import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is loaded: the imports below stand inside the functions

STEPS = 200


def least(calls: Mapping[str, Callable[[], object]], repeats: int = 7) -> dict[str, float]:
    """Each call's least CPU seconds, of `repeats` rounds after one that is not counted."""
    seconds = dict.fromkeys(calls, float("inf"))
    for at in range(repeats + 1):
        for name, call in calls.items():
            began = time.process_time()
            call()
            seconds[name] = min(seconds[name], time.process_time() - began) if at else seconds[name]
    return seconds


def trained(n: int, steps: int, m: int = 10) -> tuple[Any, Any, Any]:
    """Kou et al.'s run at n examples, m filters a head: the draw, its values, its trajectory after `steps` steps."""
    import numpy as np

    from simulate.ask.chosen import choose
    from simulate.run.problem import problem_of

    from .contenders.package import setting
    from .contenders.shapes import SHAPES

    told = setting(SHAPES["kou"])
    problem = problem_of(choose(told.model, {**told.values, "n": n, "m": m, "mu_norm": 3.0, "sigma_p": 1.0}))
    start = problem.start(0, "gram")
    return start, problem.values, start.up_to(np.array([0, steps], dtype=np.int64))


def together() -> Iterator[str]:
    """`gr.phase` of 10 x 10 cells, runs in one call beside runs one after another: class heads, formulas, divergence.

    Test errors, or a hitting time where one is named; n=20, m=10, d=400 (class heads 1000), T=100; both ways give the
    same numbers.
    """
    import numpy as np

    import gammarho as gr
    from derivations.declare import Activation, Event, GradientDescent, Objective, Parameter
    from derivations.papers.heterogeneous.model import model as heterogeneous
    from simulate.phase import cell

    from .own_model import model as own

    three = heterogeneous(3)
    lam = Parameter(name="lam", latex="", meaning="the penalty's weight", kind="real", default=0.1, low=0)
    fits = Event(name="T_eps", latex="T", observable="loss", relation="<=", threshold="eps")
    timed = replace(three, name="timed", events=(fits,))

    kinds: dict[str, tuple[Any, float]] = {"eps": ("real", 0.5), "few": ("count", 5), "noise": ("real", 0.1)}
    of_steps = [Parameter(name=name, latex="", meaning=name, kind=kind, default=default, low=0)
                for name, (kind, default) in kinds.items()]
    drawing = [replace(own, name="drawing", events=(fits,), algorithm=each, parameters=(*own.parameters, *of_steps))
               for each in (GradientDescent(batch="few"), GradientDescent(batch="few", label_noise="noise"))]

    def penalised(penalty: Any, of: Any = three) -> Any:
        return replace(of, name=f"{penalty}_{of.name}", parameters=(*of.parameters, lam),
                       objective=Objective(loss="cross_entropy", penalty=penalty))

    def with_formula(formula: str) -> Any:
        return replace(own, network=replace(own.network, activation=Activation(name=formula)))

    classes = {"K": 3, "d": 1000, "init": "gaussian"}
    settings = {
        "three classes": ("heterogeneous", classes),
        "with their own noise": ("heterogeneous", {**classes, "Gamma": 30.0}),
        "twenty classes, n=40": ("heterogeneous", {**classes, "K": 20, "n": 40}),
        "drawn by vectors": ("heterogeneous", {**classes, "init": "uniform"}), "own model": (own, {}),
        "penalised by example": (penalised("per_example"), classes), "penalised in full": (penalised("full"), classes),
        "three classes, T_eps": (timed, {**classes, "eps": 0.5}),
        "penalised by example, T_eps": (penalised("per_example", timed), {**classes, "eps": 0.5}),
        "batches of five, T_eps": (drawing[0], {}), "with noisy labels, T_eps": (drawing[1], {}),
        **{formula: (with_formula(formula), {}) for formula in ("tanh", "gelu", "z*sigmoid(z)", "cubic")},
        "PEGR at a large step": ("pegr", {"lam": 0.5, "lam_until": 1000, "eta": 100.0}),
    }
    for name, (setting, values) in settings.items():
        signal, wanted = "mu_norm" if "K" not in values else "u_norm", "T_eps" if "T_eps" in name else "test_error"

        def grid(setting: Any = setting, values: Any = values, signal: str = signal, wanted: str = wanted) -> Any:
            return gr.phase(
                setting, {"n": 20, "m": 10, **values}, x=(signal, np.linspace(0.1, 3.0, 10)),
                y=("sigma_p", np.linspace(0.1, 1.0, 10)), steps=100, seeds=1, workers=1, progress=False,
                observable=wanted,
            )

        def alone(grid: Callable[[], Any] = grid) -> Any:
            one_call, cell._together = cell._together, lambda *_: np.zeros((100, 1), dtype=np.bool_)
            try:
                return grid()
            finally:
                cell._together = one_call

        whole, apart = grid(), alone()
        same = np.array_equal(whole[wanted].values, apart[wanted].values, equal_nan=True)
        same &= np.array_equal(whole["message"].values, apart["message"].values)
        lost = int((whole["status"].values == "diverged").sum())
        seconds = least({"together": grid, "alone": alone}, 3)
        yield (f"{name}: {10 * seconds['together']:.3g} ms a run together, {10 * seconds['alone']:.3g} alone, "
               f"{seconds['alone'] / seconds['together']:.3g} times; {'the same' if same else 'OTHER'} numbers"
               + f", {lost} of 100 diverge" * bool(lost))


def variants() -> Iterator[str]:
    """A step by loops, on lanes and by BLAS over n and m: where each is fastest (`dynamics.kernel.variants`)."""
    from unittest.mock import patch

    limits = "dynamics.kernel.variants"
    with patch(f"{limits}.MARKED_UPTO", math.inf), patch(f"{limits}.CLASSES_UPTO", math.inf):  # lanes beyond them too
        yield from _of_signed_heads()
        yield from _of_class_heads()


def _of_signed_heads() -> Iterator[str]:
    few, many = (4, 8, 12, 16, 24, 48, 96, 192, 320, 400, 512, 768, 1024, 1536), (96, 192, 320, 400, 768, 1024)
    for n, m in [*((n, 10) for n in few), *((n, 100) for n in many)]:
        start, values, _ = trained(n, 1, m)
        steps = max(100, STEPS * 16 // n)  # most signs have settled by a tenth of Kou et al.'s hundred
        yield f"n = {n}, m = {m}: {_a_step(start, values, steps, ['loops', 'lanes', *['BLAS'] * (n >= 48)])}"


def _of_class_heads() -> Iterator[str]:
    """Half of all entries move in these steps; rows of 250 and 500 examples fall on one another in the cache."""
    from simulate.ask.chosen import choose
    from simulate.run.problem import problem_of

    from .contenders.package import setting
    from .contenders.shapes import SHAPES

    told = setting(SHAPES["classes"])
    for m in (5, 20, 50, 100, 200):
        for n in (100, 150, 240, 250, 400, 500, 800):
            problem = problem_of(choose(told.model, {**told.values, "n": n, "m": m}))
            said = _a_step(problem.start(0, "gram"), problem.values, 20, ["lanes", "BLAS"], 2)
            yield f"5 classes, n = {n}, m = {m}: {said}"


def _a_step(start: Any, values: Any, steps: int, names: list[str], repeats: int = 5) -> str:
    """What each variant takes of a run of so many steps."""
    import numpy as np

    kernel, drawn = start.kernel, start.draw
    ways = {"loops": kernel.looped(kernel.loops), "lanes": kernel, "BLAS": replace(kernel, lanes_path=None)}
    zero, last = np.zeros_like(drawn.z), np.array([steps], dtype=np.int64)
    calls = {name: partial(ways[name].run, drawn.z, zero, drawn.gram, drawn.y, values, steps, last) for name in names}
    seconds = least(calls, repeats)
    return ", ".join(f"{name} {1e6 * each / steps:.3g}" for name, each in seconds.items()) + " us a step"


def abreast() -> Iterator[str]:
    """A step of one of 64 runs over n, eight abreast or one after another (`dynamics.kernel.variants.ABREAST_UPTO`)."""
    from unittest.mock import patch

    import numpy as np

    runs, limit = 64, "dynamics.kernel.variants.ABREAST_UPTO"
    for n in (2, 4, 8, 12, 16, 20, 24, 32):
        said = []
        for name, seeds in (("of one draw", 1), ("of draws of their own", runs)):
            start, values, _ = trained(n, 1)
            drawn = [start.problem.start(seed, "gram").draw for seed in range(seeds)] * (runs // seeds)
            z, gram, y, clean = (np.stack([getattr(each, of) for each in drawn]) for of in ("z", "gram", "y", "clean"))
            numbers = np.array([start.kernel.numbers({**values, "eta": 0.05 + 0.001 * at}, 10) for at in range(runs)])
            limits, last = np.full(runs, start.kernel.limit(values)), np.array([STEPS])

            def steps(
                upto: int, kernel: Any = start.kernel, given: Any = (z, gram, y, clean, numbers, limits, STEPS, last)
            ) -> None:
                with patch(limit, upto):
                    kernel.run_all(*given)

            seconds = least({"abreast": partial(steps, n + 1), "one by one": partial(steps, 0)})
            one = {way: f"{1e9 * each / runs / STEPS:.3g}" for way, each in seconds.items()}
            said.append(f"{name} {one['abreast']} ns abreast and {one['one by one']} one by one, "
                        f"{seconds['one by one'] / seconds['abreast']:.3g} times")
        yield f"n = {n}: {'; '.join(said)}"


def sobol() -> Iterator[str]:
    """The variance of a test error by scrambled Sobol points over that by as many independent draws."""
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import qmc

    rng = np.random.default_rng(0)
    start, values, path = trained(20, 100)
    weights = start.draw.weight_gram  # of the start: any covariance of 20 neurons serves
    root = np.linalg.cholesky(weights + 1e-12 * np.trace(weights) * np.eye(len(weights))) * float(values["sigma_p"])
    signal = np.abs(path.z[-1][..., 0]).sum() * 0.02
    heads = np.repeat([1.0, -1.0], len(root) // 2)

    def error(normals: Any) -> float:
        return float((np.maximum(normals @ root.T, 0.0) @ heads + signal < 0).mean())

    for count in (256, 1024, 4096):
        plain = [error(rng.standard_normal((count, len(root)))) for _ in range(64)]
        points = (qmc.Sobol(len(root), seed=rng).random(count) for _ in range(64))
        quasi = [error(ndtri(np.clip(each, 1e-15, 1 - 1e-15))) for each in points]
        yield (f"{count} draws: mean {np.mean(plain):.4f} and {np.mean(quasi):.4f}; variance of Sobol over plain "
               f"{np.var(quasi) / np.var(plain):.3g}")


def groups() -> Iterator[str]:
    """As how many independent fresh examples the 4096 in groups count: the variance of one of those over theirs."""
    import numpy as np

    from dynamics.fresh.testlaw import states
    from simulate.ask.chosen import choose
    from simulate.observe import fresh
    from simulate.observe.fresh_groups import leading_of
    from simulate.run.problem import problem_of

    from .contenders.package import setting
    from .contenders.shapes import SHAPES

    for name, axis in ((each, other) for each in ("kou", "pegr", "large", "classes") for other in (0.4, 0.6, 1.0)):
        shape, told = SHAPES[name], setting(SHAPES[name])
        own = {shape.x.name: shape.x.usual * axis, shape.y.name: shape.y.usual}
        problem = problem_of(choose(told.model, {**told.values, **own}))
        start = problem.start(0, "gram")
        path = start.up_to(np.array([0, shape.steps], dtype=np.int64))
        last = path.z[-1:], path.b[-1:], start.values
        few = 150 if name == "classes" else 200

        def errors(seed: int, size: int, grouped: bool, start: Any = start, last: Any = last) -> Any:
            rng = np.random.default_rng(seed)
            leads = leading_of(start.model, start.draw.noise, start.values, seed, size) if grouped else None
            law, normals, _ = fresh.law(start.model, start.draw, *last, rng, size, np.ones(1), leads)
            outputs = partial(start.kernel.outputs, values=start.values)
            (_, scores, _), = states(outputs, law, normals)
            shares = np.full(len(law.labels), 1.0 / len(law.labels)) if law.shares is None else law.shares.reshape(-1)
            return fresh.testlaw.errors(scores, law.labels) @ shares

        alone = np.concatenate([errors(seed, 4096, False) for seed in range(few)])
        means = [errors(seed, 4096, True).mean() for seed in range(few)]
        if not np.var(means):
            continue
        yield (f"{shape}, {shape.x.name} = {own[shape.x.name]:g}: test error {alone.mean():.4f}, in groups "
               f"{np.mean(means):.4f}; 4096 count as {np.var(alone) / np.var(means, ddof=1):.0f}")


def single() -> Iterator[str]:
    """float32: its step over float64's, where z += c G is all, and how far a run drifts."""
    import numpy as np

    for n in (20, 100, 500):
        start, values, _ = trained(n, 1)
        drawn, eta, m = start.draw, float(values["eta"]), start.draw.z.shape[1]

        def steps(kind: Any, drawn: Any = drawn, eta: float = eta, m: int = m) -> Any:
            z, gram = drawn.z.reshape(2 * m, -1).astype(kind), drawn.gram.astype(kind)
            y, j = drawn.y.astype(kind), np.repeat([1, -1], m).astype(kind)[:, None] / kind(m)
            clean = drawn.clean.astype(kind)
            for _ in range(100):
                on, own = np.maximum(z[:, 1:], 0), np.maximum(z[:, :1] * clean, 0)
                rate = -y / (1 + np.exp(y * (j * (on + own)).sum(axis=0))) / kind(len(y))
                c = np.concatenate([(j * rate * clean * (z[:, :1] * clean > 0)).sum(axis=1, keepdims=True),
                                    j * rate * (z[:, 1:] > 0)], axis=1)
                z = z - kind(eta) * (c @ gram)
            return z

        seconds = least({"64": partial(steps, np.float64), "32": partial(steps, np.float32)}, 5)
        whole, half = steps(np.float64), steps(np.float32).astype(np.float64)
        drift = np.abs(half - whole).max() / np.abs(whole).max()
        flips = ((half > 0) != (whole > 0)).mean()
        yield (f"n = {n}: float32 takes {seconds['32'] / seconds['64']:.3g} of float64's time; after 100 steps z is "
               f"off by {drift:.2g} of its largest entry, and {100 * flips:.2g} % of its signs differ")


def lazy() -> Iterator[str]:
    """ReLU by lazy exact signs at n >= 500: the share of entries that a step has to evaluate, beside a whole product.

    An entry is evaluated where |z| at its last evaluation is below the bound on its movement since, ||c||_1 max |G|.
    """
    import numpy as np

    for n in (500, 1000):
        start, values, _ = trained(n, 1)
        drawn, eta = start.draw, float(values["eta"])
        states = start.kernel.run(
            drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, values, 60, np.arange(61, dtype=np.int64))
        z, b = (each.reshape(61, -1, drawn.gram.shape[0]) for each in (states.z, states.b))
        known, moved, shares = z[0].copy(), np.zeros_like(z[0]), list[float]()
        scale = np.abs(drawn.gram)
        off = scale - np.diag(np.diag(scale))
        for t in range(1, 61):
            change = np.abs(b[t] - b[t - 1])
            moved += change * np.diag(scale) + change.sum(axis=1, keepdims=True) * off.max(axis=0)
            open_ = np.abs(known) <= moved
            shares.append(float(open_.mean()))
            known[open_], moved[open_] = z[t][open_], 0.0
        c, gram = b[1] - b[0], drawn.gram
        rows, columns = np.nonzero(np.random.default_rng(0).random(c.shape) < np.mean(shares))

        def some(c: Any = c, gram: Any = gram, rows: Any = rows, columns: Any = columns) -> Any:
            order = np.argsort(columns, kind="stable")
            return np.einsum("kb,kb->k", c[rows[order]], gram[columns[order]])

        seconds = least({"all": partial(np.matmul, c, gram), "some": some}, 3)
        yield (f"n = {n}, eta = {eta:g}: {100 * np.mean(shares):.3g} % of the entries a step; those alone take "
               f"{seconds['some'] / seconds['all']:.3g} of the whole product's time")


def tasks() -> Iterator[str]:
    """An outer step of FOMAML, tasks side by side on lanes, beside task by task; and its fresh tasks' adaptation."""
    import numpy as np

    from simulate.ask.chosen import choose
    from simulate.run.problem import problem_of

    scales = {"M": 30, "sigma_xi": 0.09, "sigma_0": 0.01, "eta": 0.02, "eta_inner": 1.0}
    for count, n, m, d, steps in ((3, 4, 16, 2000, 400), (20, 4, 16, 2000, 100), (20, 10, 16, 2000, 40),
                                  (100, 10, 18, 1000, 10), (343, 10, 18, 1000, 10)):
        given = {**scales, "n_tasks": count, "n": n, "n_train": n // 2, "m": m, "d": d}
        start = problem_of(choose("fomaml", given)).start(0, "vectors")
        drawn, kernel = start.draw, start.kernel
        alone = replace(kernel, lanes_path=None)
        blocks = kernel.blocks(drawn.gram, count, n)  # type: ignore[attr-defined]
        own = np.moveaxis(drawn.z[..., kernel.places(count, n)], 2, 0)  # type: ignore[attr-defined]

        def stepped(way: Any, start: Any = start, steps: int = steps) -> object:
            drawn, last = start.draw, np.array([steps], dtype=np.int64)
            return way.run(drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, start.values, steps, last)

        def adapted(way: Any, own: Any = own, blocks: Any = blocks, start: Any = start, n: int = n) -> object:
            return way.adapt(own, blocks, start.draw.y.reshape(len(own), n), range(n), start.values)

        seconds = least({"side by side": partial(stepped, kernel), "one by one": partial(stepped, alone)})
        fresh = least({"side by side": partial(adapted, kernel), "one by one": partial(adapted, alone)})
        yield (f"{count} tasks of {n} examples, {2 * m} filters: {1e3 * seconds['side by side'] / steps:.3g} ms a "
               f"step, {seconds['side by side'] / seconds['one by one']:.3g} of one by one; adaptation "
               f"{fresh['side by side'] / fresh['one by one']:.3g}")


def tables() -> Iterator[str]:
    """A step's product g G of slopes of ReLU: by tables of partial sums, beside BLAS (`dynamics.lanes.tabled`)."""
    import numpy as np
    from numba import njit

    from dynamics.lanes.tabled import by_tables, laid_out

    @njit(error_model="numpy")
    def tiles_of(gram: Any, filters: int) -> Any:
        return laid_out(gram, filters)

    @njit(error_model="numpy")
    def tabled(g: Any, tiles: Any, out: Any) -> bool:
        return by_tables(g, tiles, out)

    rng = np.random.default_rng(0)
    for heads, filters, size in ((2, 20, 420), (2, 20, 501), (3, 40, 153), (5, 50, 505), (5, 100, 305), (5, 100, 505)):
        vectors = rng.standard_normal((size, 1000))
        gram = vectors @ vectors.T
        g = np.where(rng.random((heads, filters, size)) < 0.5, rng.standard_normal((heads, 1, size)), 0.0)
        flat, out = g.reshape(-1, size), np.empty_like(g)
        tiles = tiles_of(gram, filters)
        assert tabled(g, tiles, out)
        seconds = least({
            "tables": partial(tabled, g, tiles, out), "BLAS": partial(np.dot, flat, gram, out.reshape(-1, size)),
        })
        yield (f"{heads} heads of {filters} filters, {size} directions: tables take "
               f"{seconds['tables'] / seconds['BLAS']:.3g} of the time of BLAS")


RUNGS: Mapping[str, Callable[[], Iterator[str]]] = {
    each.__name__: each for each in (together, variants, abreast, sobol, groups, single, lazy, tasks, tables)
}


def main() -> None:
    """Print what was asked for, or all."""
    for name in sys.argv[1:] or RUNGS:
        if name not in RUNGS:
            sys.exit(f"rung: {name!r}; expected some of {', '.join(RUNGS)}")
        print(f"- {name}: {(RUNGS[name].__doc__ or '').splitlines()[0]}", flush=True)
        for line in RUNGS[name]():
            print(f"  - {line}", flush=True)


if __name__ == "__main__":
    main()
