"""The JAX baseline as a child process, so that it may live in another Python than the one that measures."""

from __future__ import annotations

from collections.abc import Callable

from .child import Child
from .timing import Sample


class Jax(Child):
    """`benchmarks.jax_gram` run by `python`.  Raises RuntimeError, with the reason, where that Python has no jax."""

    def __init__(self, python: str) -> None:
        try:
            super().__init__([python, "-m", "benchmarks.jax_gram"])
        except RuntimeError as reason:
            said = f"jax: the Python given cannot run it ({reason}); pass --jax a Python that has jax"
            raise RuntimeError(said) from None
        self.version: str = self.hello["jax"]

    def contender(self, what: str, chunk: int, units: int = 1) -> Callable[[], Sample]:
        """A contender for `timing.interleave`: seconds a unit, `units` to a run, on the child's own clocks."""

        def call() -> Sample:
            answer = self.ask(do=what, chunk=chunk)
            return Sample(wall=answer["wall"] / units, cpu=answer["cpu"] / units)

        return call
