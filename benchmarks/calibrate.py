"""Calibration: errors seeded at random into correct printed formulas and statements, and how many of them are found.

    .venv/bin/python -m benchmarks.calibrate --errors 100 --seed 0

Half go into printed formulas (`derivations.ledger.seeded`), which are compared with the derivation, half into
statements (`derivations.declare.mutants`), which runs attack inside their hypotheses.  A change of a statement that
leaves it true is no error, and another one is drawn: what the statement implies, what is stricter than it and holds
wherever the search went (a slack constant), and a condition left out that no run outside it needed.  How many there
are of each is said, since a weaker search would find more of them.  A false alarm is a mended formula that differs from
the derivation, or a statement that a run refutes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from derivations.ledger.claims import compare
from derivations.ledger.seeded import seeded
from derivations.papers.paper import PAPERS, Paper
from simulate.check.fates import EQUIVALENT, FATES, KILLED, SLACK, SUPERFLUOUS, Fated
from simulate.check.power import mutants

TRIES = 2  # runs a statement, beside those outside and on the edges of its hypothesis


@dataclass(frozen=True)
class Seed:
    """One seeded error: in what, what was done, and whether it was found."""

    into: str
    paper: str
    kind: str
    text: str
    found: bool


@dataclass(frozen=True)
class Calibration:
    """The errors that were seeded, and the correct ones with what was said of them.

    `fates` counts all the changes of the statements that were drawn, by what became of them.
    """

    seeds: tuple[Seed, ...]
    correct: int
    alarms: tuple[str, ...]
    fates: Mapping[str, int]

    @property
    def found(self) -> int:
        """How many errors were found."""
        return sum(each.found for each in self.seeds)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "| errors in | kind | seeded | found |"
        yield "| --- | --- | ---: | ---: |"
        seeded_of = Counter((each.into, each.kind) for each in self.seeds)
        found_of = Counter((each.into, each.kind) for each in self.seeds if each.found)
        for key in sorted(seeded_of):
            yield f"| {key[0]} | {key[1]} | {seeded_of[key]} | {found_of[key]} |"
        yield f"| all | | {len(self.seeds)} | {self.found} |"
        yield ""
        yield f"Correct ones: {self.correct}; false alarms: {len(self.alarms)}."
        yield from (f"false alarm: {name}" for name in self.alarms)
        counts = ", ".join(f"{many} {word}" for word, many in self.fates.items())
        yield f"Changes of the statements drawn: {counts}."
        for seed in self.seeds:
            if not seed.found:
                yield f"missed: {seed.paper}, {seed.into}: {seed.text}"


def calibrate(errors: int, seed: int) -> Calibration:
    """Seed so many errors, half into formulas and half into statements of every paper, and look for them."""
    rng = np.random.default_rng(seed)
    papers = list(PAPERS.values())
    formulas, correct, alarms = in_formulas(papers, errors - errors // 2, rng)
    planted, fates = list(formulas), Counter({fate.word: 0 for fate in FATES})
    for at, paper in enumerate(papers):
        count = errors // 2 // len(papers) + (at < errors // 2 % len(papers))
        seeds, held, refuted = in_statements(paper, count, rng, fates)
        planted, correct, alarms = [*planted, *seeds], correct + held, [*alarms, *refuted]
    return Calibration(tuple(planted), correct, tuple(alarms), fates)


def in_formulas(papers: Sequence[Paper], count: int, rng: np.random.Generator) -> tuple[list[Seed], int, list[str]]:
    """Errors in formulas drawn at random, and the formulas that differ from the derivation without one."""
    claims = [(paper.name, claim) for paper in papers for claim in paper.claims]
    alarms = [claim.id for _, claim in claims if not compare(claim, claim.errata).holds]
    seeds = []
    for place in rng.integers(len(claims), size=count):
        name, claim = claims[int(place)]
        errors = seeded(claim)
        one = errors[int(rng.integers(len(errors)))]
        seeds.append(Seed("formulas", name, one.kind, f"{claim.id}, {one.text}", not compare(one.claim).holds))
    return seeds, len(claims), alarms


def in_statements(
    paper: Paper, count: int, rng: np.random.Generator, fates: Counter[str]
) -> tuple[list[Seed], int, list[str]]:
    """One error in each of so many statements drawn at random, and the statements that a run refutes as they stand.

    `fates` is added to.
    """
    assert paper.statements is not None
    able = [each for each in paper.statements.statements if not each.erratum and each.path is None]
    drawn = [able[int(at)] for at in rng.permutation(len(able))]
    seeds: list[Seed] = []
    refuted, held = [], 0
    while drawn and len(seeds) < count:
        some, drawn = drawn[: count - len(seeds)], drawn[count - len(seeds) :]
        for tested in mutants(paper.name, statements=some, tries=TRIES, seed=int(rng.integers(1 << 20))).tested:
            held += 1
            fates.update(one.fate.word for one in tested.mutants)
            if tested.violated:
                refuted.append(f"{paper.name} {tested.statement.id}")
            elif (one := _error(tested.mutants, rng)) is not None:
                text = f"{tested.statement.id}, {one.mutant.text}: {one.why}"
                seeds.append(Seed("statements", paper.name, one.mutant.change.word, text, one.fate is KILLED))
    return seeds, held, refuted


def _error(judged: Sequence[Fated], rng: np.random.Generator) -> Fated | None:
    """A mutant drawn at random, of those that are errors; None where there is none."""
    errors = [each for each in judged if each.fate not in (EQUIVALENT, SLACK, SUPERFLUOUS)]
    return errors[int(rng.integers(len(errors)))] if errors else None


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(words)
    print(calibrate(asked.errors, asked.seed))


if __name__ == "__main__":
    main()
