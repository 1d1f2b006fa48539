"""The long-tail ratio of fresh noise, and accuracy by it, in bins of equally many draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from derivations.declare import LongTail
from dynamics.arrays import Array
from dynamics.fresh import classnoise, testlaw

from .evaluators import FreshDraws, OfFresh, evaluates


@evaluates(LongTail)
class LongTails(OfFresh[LongTail]):
    """Heterogeneous noise (Xu and Chen), q(v) of `derivations.declare.LongTail`."""

    def statistics(self, declared: LongTail, fresh: FreshDraws) -> dict[str, Array]:
        """NAME, NAME_accuracy (T, K, bins) and NAME_empty (T, K)."""
        steps, classes, m = len(fresh.b), len(fresh.law.labels), fresh.b.shape[2]
        covariances = classnoise.Covariances.of(fresh.draw.noise[declared.of], fresh.start)
        accuracy, none = declared.also
        found = {name: np.full((steps, classes, declared.bins), np.nan) for name in (declared.name, accuracy)}
        empty, held = np.full((steps, classes), np.nan), fresh.held(declared.of)

        def ratios(t: int) -> Callable[[list[Array]], Array]:
            """(n, K): every class's own filters on its own noise."""
            flat = (fresh.z[t].reshape(classes * m, -1), fresh.b[t].reshape(classes * m, -1))
            own = [slice(k * m, (k + 1) * m) for k in range(classes)]
            blocks = [covariances.block(k, *flat, fresh.shares[t], own[k]) for k in range(classes)]
            return lambda vectors: np.stack(
                [classnoise.long_tail_ratio(vectors[held[k]][:, own[k]], blocks[k]) for k in range(classes)], axis=1
            )

        for t, scores, all_ratios in testlaw.states(fresh.outputs, fresh.law, fresh.normals, ratios):
            right = 1.0 - testlaw.errors(scores, fresh.law.labels)
            for k, q in enumerate(all_ratios.T):
                known = np.flatnonzero(np.isfinite(q))
                empty[t, k] = 1.0 - len(known) / len(q)
                for at, part in enumerate(np.array_split(known[np.argsort(q[known])], declared.bins)):
                    if len(part):
                        found[declared.name][t, k, at] = q[part].mean()
                        found[accuracy][t, k, at] = right[part, k].mean()
        return {**found, none: empty}
