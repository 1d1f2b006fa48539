"""`validate` alone against wrong kernels, test laws and observables: by name, a fixed sample, and (slow) all settings.

`python -m tests.simulate.validate.test_validate_mutants` prints the table that docs/promises.md quotes; with a count
and words, such as `10 _lanes`, that of the rows which have one of these words.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import dynamics.fresh as fresh_laws
from dynamics.fresh import classnoise, taskspan
from dynamics.fresh.classnoise import Spiked
from simulate.observe import fresh
from simulate.observe.seen import seen_by
from simulate.validate import seen_rows  # the latter needs torch
from tests.helpers import mutant_kernels as kernels
from tests.helpers import mutant_laws as laws
from tests.helpers.slowly import one_in, rarely

PEGR, CLASSES, LEAKY = "pegr_pegr_q2", "heterogeneous_K3", "nearly_orthogonal"
TASKS = f"fomaml_train_validation_huberized{kernels.ON_LANES}"
COUNT = 10  # mutants a kernel or module, chosen by a fixed seed
SHARE = 0.98

# What passed `validate` when it only looked at a draw's own vectors, and at what training sees of them.
BLIND = [
    (PEGR, " + 2.0*G_mu_xi[i]*wz2[i]*y[i]", ""),
    (PEGR, "w2[i] = q3*G_mu_xi[i]", "w2[i] = -q3*G_mu_xi[i]"),
    (PEGR, "w5[i] = q3*G_mu_xi[i]", "w5[i] = 2.0*q3*G_mu_xi[i]"),
    (CLASSES, " + 2.0*G_u_xi[i]*vz2[h, i]", ""),
    (CLASSES, "keep_heads(zeta, zeta_out[t])", "keep_heads(2.0*zeta, zeta_out[t])"),
    (CLASSES, "keep_heads(F, F_out[t])", "keep_heads(-F, F_out[t])"),
    (LEAKY, "keep_row(zeta, zeta_out[t])", "keep_row(2.0*zeta, zeta_out[t])"),
    (PEGR, "out *= kappa", "out *= -kappa"),
    (CLASSES, "out *= kappa", "out *= -kappa"),
    (PEGR, "-e / (1.0 + e) if x >= 0.0", "-e / (1.0 + e) * (1.01 if x > 4.0 else 1.0) if x >= 0.0"),
    (PEGR, "return e / ((1.0 + e) * (1.0 + e))", "return 0.0 if x > 4.0 else e / ((1.0 + e) * (1.0 + e))"),
    (PEGR, "return 0.0 if x <= 0.0 else 1.0", "return 0.0 if x < 0.0 else 1.0"),
    (CLASSES, "return 0.0 if x <= 0.0 else 1.0", "return 0.0 if x < 0.0 else 1.0"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), one_in(2, BLIND))
def test_a_kernel_that_once_passed_fails(name: str, right: str, wrong: str) -> None:
    of = kernels.case(name)
    assert right in of.kernel.source
    assert of.verdict(of.with_source(of.kernel.source.replace(right, wrong))) == "fail"


def test_gradient_ascent_fails_at_any_step_size_and_a_right_kernel_is_undecided_at_one_that_moves_nothing() -> None:
    of = kernels.case(PEGR)
    source = of.kernel.source.replace("        descend(z, b, g, gram, eta)", "        descend(z, b, g, gram, -eta)")
    assert of.right(of.with_source(source), eta=1e-13) == "fail"
    assert of.right(of.kernel, eta=1e-13) == "undecided"


@pytest.mark.parametrize(
    ("name", "where", "what"),
    [("pegr_none_q2", fresh, "covariance_of"), rarely(CLASSES, classnoise.Bulk, "covariance"),
     rarely(LEAKY, fresh, "covariance_of"), rarely("fomaml_train_validation_relu", taskspan, "rest")],
)
def test_a_test_law_that_is_too_wide_fails(name: str, where: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of, right = kernels.case(name), getattr(where, what)
    assert of.verdict(of.kernel) == "pass"
    monkeypatch.setattr(where, what, lambda *args: 1.05 * right(*args))
    assert of.verdict(of.kernel) == "fail"


def test_scores_of_fresh_patches_that_are_taken_off_fail() -> None:
    path = Path(__file__).parents[3] / "dynamics/fresh/testlaw.py"
    source, of = path.read_text(encoding="utf-8"), kernels.case(CLASSES)
    wrong = source.replace("total[:, own] += alone", "total[:, own] -= alone")
    with laws.changed("dynamics.fresh.testlaw", wrong) as done:
        assert done and of.verdict(of.kernel) == "fail"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("    for k in range(1, F.shape[0]):\n        top", "    for k in range(2, F.shape[0]):\n        top"),
     ("    return -1\n", "    return -2\n")],
    ids=["softmax shifted by some heads", "a divergence that is none"],
)
def test_a_kernel_that_overflows_or_misreports_does_not_pass(right: str, wrong: str) -> None:
    of = kernels.case(CLASSES)
    assert right in of.kernel.source and of.verdict(of.kernel) == "pass"
    assert of.verdict(of.with_source(of.kernel.source.replace(right, wrong))) in ("fail", "crash")


def test_a_kernel_of_tasks_that_does_not_see_an_adaptation_diverge_fails() -> None:
    of = kernels.case(TASKS)
    right = "weighing = abs(load(weights, k)) > 0.0"
    assert right in of.source
    assert of.verdict(of.with_source(of.source.replace(right, right.replace("0.0", "1.0")))) == "fail"


@pytest.mark.parametrize("what", ["train_error", "margins"])
def test_a_wrong_training_error_or_margin_of_class_heads_fails(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = seen_by
    monkeypatch.setattr(seen_rows, "seen_by", lambda *args: (found := right(*args)) | {what: found[what] + 0.1})
    assert kernels.case(CLASSES).verdict(kernels.case(CLASSES).kernel) == "fail"


def test_weight_space_judges_fresh_examples_without_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    import gammarho as gr
    from dynamics.kernel.kernel import Kernel

    values = {"n": 6, "m": 3, "d": 30}
    right = gr.run("pegr", values, steps=5, engine="weights")["test_error"]
    monkeypatch.setattr(Kernel, "outputs", lambda self, a, values: 1 / 0)
    assert np.array_equal(gr.run("pegr", values, steps=5, engine="weights")["test_error"], right)


@pytest.mark.parametrize("blank", ["mu", "xi"])
def test_vectors_of_length_zero_are_validated_without_coefficients(blank: str) -> None:
    import gammarho as gr

    rng = np.random.default_rng(0)
    xi = np.concatenate([np.zeros((4, 1)), rng.normal(size=(4, 11))], axis=1)
    arrays = {"W": 0.1 * rng.normal(size=(2, 3, 12)), "mu": np.eye(12)[0], "xi": xi, "y": np.array([1.0, -1, 1, -1])}
    arrays[blank] = arrays[blank] * (0.0 if blank == "mu" else np.array([1.0, 1, 0, 1])[:, None])
    found = gr.validate("pegr", steps=5, initial=arrays)
    assert found.heading == "PASS, coefficients not compared (directions of length 0)", str(found)
    assert "distance" not in gr.run("pegr", steps=5, initial={**arrays, "xi": 0 * xi})
    with pytest.raises(ValueError, match="zero vector has no direction"):
        gr.run("pegr", steps=5, initial={**arrays, "xi": 0 * xi}, observables=["distance"])


# What a run reports of states, which `validate` did not look at: a module, a line of it, and a wrong one.
OBSERVED = "derivations/declare/observed/"
REPORTED = [
    (PEGR, "simulate/observe/states.py", "slice(start, start + size)", "slice(start, start - size)"),
    (PEGR, "simulate/observe/entries.py", "values *= _of_states(self.squared_lengths[..., rows])", "values *= 1.0"),
    (PEGR, "simulate/observe/entries.py", "values *= np.array(self.model.network.head_axis.signs)",
     "values *= np.ones(2)"),
    (PEGR, "simulate/observe/observables.py", "(states.own[..., None, :] == own)", "states.own[..., None, :]"),
    (PEGR, OBSERVED + "shifted.py", "self.times * of + self.plus", "self.times * of"),
    (PEGR, OBSERVED + "distance.py", "/ states.squared_lengths[rows]", "/ states.squared_lengths[0]"),
    (PEGR, "simulate/run/watch.py", "np.argmax(both)", "np.argmin(both)"),
    (PEGR, "simulate/ask/bounds.py", "numbers >= values if", "numbers <= values if"),
    (PEGR, "simulate/ask/bounds.py", "_ALL[self.relation]](np.asc", "_ALL[AT_MOST]](np.asc"),
    (CLASSES, OBSERVED + "active.py", "(active[:-1] & ~active[1:])", "(~active[:-1] & active[1:])"),
    (CLASSES, OBSERVED + "complement.py", "np.logaddexp(0.0, top - others)", "np.logaddexp(0.0, others - top)"),
    (CLASSES, OBSERVED + "long_tail.py", "right[part, k].mean()", "right[part, 0].mean()"),
    (CLASSES, OBSERVED + "long_tail.py", "np.argsort(q[known])", "np.argsort(-q[known])"),
    (CLASSES, OBSERVED + "long_tail.py", "(z * active).sum(axis=1)", "np.abs(z).sum(axis=1)"),
    (LEAKY, OBSERVED + "max_margin.py", "margins - least", "margins"),
    (LEAKY, OBSERVED + "flips.py", "steep != earlier", "steep > earlier"),
    (LEAKY, "dynamics/geometry/spectrum.py", "left / first", "left / (first + left)"),
    # Of a draw that is known by inner products alone.
    ("fomaml_train_validation_huberized", "simulate/observe/staying.py", "self.draw.weight_gram - within",
     "self.draw.weight_gram + within"),
]


@pytest.mark.parametrize(("name", "path", "right", "wrong"), one_in(3, REPORTED))
def test_a_wrong_observable_fails(name: str, path: str, right: str, wrong: str) -> None:
    source = (Path(__file__).parents[3] / path).read_text(encoding="utf-8")
    assert right in source
    of = kernels.case(name)
    with laws.changed(path.removesuffix(".py").replace("/", "."), source.replace(right, wrong)) as done:
        assert done
        assert of.verdict(of.kernel) == "fail"


def test_the_lines_that_are_changed_are_there() -> None:
    """Of the slow cases too: before, one had lost its line when kernels stopped assigning arrays, and none saw it."""
    assert not [(name, right) for name, right, _ in BLIND if right not in kernels.case(name).kernel.source]
    root = Path(__file__).parents[3]
    assert not [(path, right) for _, path, right, _ in REPORTED
                if right not in (root / path).read_text(encoding="utf-8")]


def sampled(found: list[Any], count: int) -> list[Any]:
    """As many of them, the same ones every time."""
    rng = np.random.default_rng(3)
    return [found[at] for at in sorted(rng.choice(len(found), min(count, len(found)), replace=False))]


# Without rows: sampling by importance, examples of one pass, and how fresh tasks are drawn.
ELSEWHERE = {"importance", "one_pass", "taskdraws"}


def test_the_lists_of_mutated_functions_are_of_functions_that_are_there() -> None:
    """Before, six names were of functions that had moved, so that the table could not be made; `spiked` had no row."""
    listed: dict[str, set[str]] = {}
    for every in (*laws.BY_KERNEL.values(), *laws.REPORTED.values()):
        for module, functions in every.items():
            assert laws.all_mutants(module, functions), module
            listed.setdefault(module, set()).update(functions)
    fresh = {each.name for each in pkgutil.iter_modules(fresh_laws.__path__)} - ELSEWHERE
    assert {f"dynamics.fresh.{name}" for name in fresh} <= {*listed}
    assert {name for names in (laws.BY_KERNEL, laws.REPORTED) for name in names} <= {*kernels.names(), kernels.CLUSTERS}


def test_a_row_of_class_noise_has_spikes() -> None:
    """Before, at Gamma = 1, no mutant of what a spike adds could be told."""
    noise = kernels.case(CLASSES).draw.noise["xi"]
    assert isinstance(noise, Spiked) and noise.scale.shape[-1] == 3


NAMES = (PEGR, CLASSES, f"{LEAKY}{kernels.ON_LANES}")


@pytest.mark.slow
def test_a_sample_of_mutants_fails() -> None:
    tables = [kernels.table(kernels.case(name), sampled(kernels.case(name).mutants(), 3)) for name in NAMES]
    assert not [line for table in tables for line in table.missed]
    assert sum(len(table.caught) for table in tables) >= 3


@pytest.mark.parametrize(
    ("name", "mutant"),
    [(kernels.TWO_NOISES, "colour: left term dropped in `q * neurons + s`"),
     (f"{LEAKY}{kernels.ON_LANES}", "block_2_6: left term dropped in `at0 + width`"),
     rarely(TASKS, "meta_gradient: factor dropped in `k * length * length`"),
     (TASKS, "side_by_side: range one shorter in `range(labels.size // n)`"),
     (TASKS, "couple_all: left term dropped in `cut + active[q]`")],
)
def test_a_mutant_that_small_shapes_or_one_fresh_vector_hide_fails(name: str, mutant: str) -> None:
    """The first of that name, wherever its line is by now."""
    of = kernels.case(name)
    named = [each for each in of.mutants() if re.sub(r", line \d+", "", each.name) == mutant]
    found = kernels.table(of, named[:1])
    assert (len(found.caught), found.missed, found.crashed, found.equivalent) == (1, [], 0, 0)


# Mutants that change samples or which way a number goes, and no law and no number: why, by function and change.
ALIKE = {
    "led: left term dropped in `width + last`": "every state is judged elsewhere, rightly",
    "led: range one shorter in `range(first, first + filters)`": "what is left has no root: judged elsewhere, rightly",
    "patches_of_fresh: operator turned in `mix[case, p, vectors.index(held)] += scale`": "the same law turned round",
    **{
        f"judge: left term dropped in `ties_{v} + where(load(scores, h * 32 + {8 * v}) == top_{v}, 1.0, 0.0)`":
            "no tie to divide by: the mean is no number, and states are judged elsewhere, rightly" for v in range(4)
    },
    "simulate.observe.fresh: law: factor dropped in `z.shape[1] * z.shape[2]`": "the size of an array without entries",
    "simulate.observe.fresh: law: constant plus one in `2`": "the same array's",
}


def told_apart(found: kernels.Table) -> kernels.Table:
    """With those of `ALIKE` among the same."""
    def alike(line: str) -> bool:
        return any(re.sub(r", line \d+", "", line).endswith(f" {known} (pass)") for known in ALIKE)

    missed = [line for line in found.missed if not alike(line)]
    return replace(found, missed=missed, equivalent=found.equivalent + len(found.missed) - len(missed))


def test_mutants_of_the_same_law_count_as_the_same() -> None:
    led = "K: led, line 9: left term dropped in"
    lines = [f"{led} `width + last` (pass)", f"{led} `a` (pass)", f"{led} `width + last` (undecided)"]
    found = told_apart(kernels.Table(["one"], lines, 2, 3))
    assert (found.missed, found.equivalent, found.crashed) == (lines[1:], 4, 2)


def report(
    count: int, told: Callable[[str], None] = print, workers: int = 2, only: Sequence[str] = ()
) -> tuple[int, list[str]]:
    """A table of `count` mutants of every shipped kernel and of the functions of every law and observable.

    `only`: of those rows whose name has one of these words.

    A row's columns: validate fails (caught); it is undecided or passes (both not caught, and named); it raises, which a
    user sees as a traceback and never as a pass, so that it is set apart; the mutant computes the same.
    """
    jobs = [("kernel", name, "", count) for name in kernels.names()]
    jobs += [("law", name, module, count) for name, modules in laws.BY_KERNEL.items() for module in modules]
    jobs += [("reported", name, module, count) for name, modules in laws.REPORTED.items() for module in modules]
    jobs = [job for job in jobs if not only or any(word in f"{job[0]} {job[1]} {job[2]}" for word in only)]
    total, missed = Counter[str](), list[str]()
    told(f"{'of':9} {'mutated':63} caught  undecided  passed  raised  same")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for (kind, name, module, _), found in zip(jobs, pool.map(_job, jobs), strict=True):
            told(f"{kind:9} {' '.join((name, module)):63} {found.columns}")
            missed += found.missed
            for part in ("all", kind):
                total[f"{part} caught"] += len(found.caught)
                total[f"{part} not"] += len(found.missed)
                total[f"{part} raised"] += found.crashed
                total[f"{part} same"] += found.equivalent
    for part in ("kernel", "law", "reported", "all"):
        caught, judged = total[f"{part} caught"], total[f"{part} caught"] + total[f"{part} not"]
        told(f"{part}: {caught} of {judged} caught; {total[f'{part} raised']} raise, {total[f'{part} same']} the same")
    for line in missed:
        told(f"not caught: {line}")
    return total["all caught"], missed


def _job(job: tuple[str, str, str, int]) -> kernels.Table:
    """One row of the table."""
    kind, name, module, count = job
    if kind == "kernel":
        of = kernels.case(name)
        return told_apart(kernels.table(of, sampled(of.mutants(), count)))
    functions = {"law": laws.BY_KERNEL, "reported": laws.REPORTED}[kind][name][module]
    return told_apart(laws.table(name, module, sampled(laws.all_mutants(module, functions), count)))


@pytest.mark.slow
def test_ninety_eight_in_a_hundred_mutants_fail(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()
        caught, missed = report(COUNT)
    assert caught / (caught + len(missed)) >= SHARE, missed


if __name__ == "__main__":
    total, passed = report(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT, only=sys.argv[2:])
    print(f"{total} of {total + len(passed)} caught")
