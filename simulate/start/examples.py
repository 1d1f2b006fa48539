"""One set of examples drawn: every vector, or inner products alone, exactly in distribution and at any d."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

from ..errors import GramRefused, InputError
from .drawn import Centre, Draw, of_vectors
from .filters import filters
from .plan import Plan
from .refusals import LARGEST, gram_refusal, too_many_entries, too_many_products
from .standard import noise_rows, scaled, standard


def by_vectors(model: Model, values: Mapping[str, Value], plan: Plan, y: Array, seed: int) -> Draw:
    """Every vector drawn for the clean labels y, fixed directions along the first axes.

    Training sees inner products only, and noise and filters are isotropic, so which set of such inner products the
    fixed directions are changes no law; on axes the projection off them is setting coordinates to 0, exact to the last
    bit.
    """
    entries = (len(plan.length) + plan.heads * plan.m) * plan.d
    if entries > LARGEST:
        raise InputError(
            too_many_entries(
                plan.d, len(plan.length), plan.heads * plan.m, ("n", "m"),
                not gram_refusal(model, values) and (plan.n + plan.heads * plan.m) ** 2 <= LARGEST,
            )
        )
    d, fixed, noise = int(plan.d), plan.fixed, plan.noise
    vectors = np.zeros((len(plan.length), d))
    if plan.root is None:
        vectors[fixed, np.arange(len(fixed))] = plan.length[fixed]
    else:
        vectors[fixed, : len(fixed)] = plan.root
    drawn = scaled(noise_rows(seed, plan.shapes, d), plan.std[noise, None])
    drawn[:, : len(fixed)][~plan.along] = 0.0
    spiked = slice(len(fixed), len(fixed) + plan.spikes)
    drawn[:, spiked] *= plan.stretch(y)
    vectors[noise] = drawn
    means: dict[str, Array] = {}
    for centre, (name, (rows, std)) in enumerate(plan.centres.items()):
        means[name] = std * stream(seed, "centre", centre).standard_normal(d)
        vectors[rows] += y[:, None] * means[name]
    weights = filters(model, values, seed, d)
    on_spikes = weights[..., spiked].reshape(plan.heads * plan.m, plan.spikes)
    realised = plan.realised(on_spikes, vectors[:, spiked], np.eye(plan.spikes, d, k=len(fixed)))
    centres = {name: Centre(weights @ mu, vectors @ mu, mu) for name, mu in means.items()}
    return of_vectors(vectors, weights, y, "vectors", centres, realised)


def by_gram(plan: Plan, y: Array, seed: int) -> Draw:
    """Only inner products for the clean labels y, by Bartlett; no array has an axis of length d.

    Spikes are further fixed directions of length one, along which a vector's standard deviation is its class's.
    """
    filters = plan.heads * plan.m
    if (plan.n + filters) ** 2 > LARGEST:
        raise GramRefused(
            too_many_products(
                plan.n, filters, ("n", "m"), (len(plan.length) + filters) * plan.d <= LARGEST
            )
        )
    fixed, noise, means = plan.fixed, plan.noise, np.array([std for _, std in plan.centres.values()])
    root = np.diag(np.concatenate([plan.length[fixed], np.ones(plan.spikes)]))
    if plan.root is not None:
        root[: len(fixed), : len(fixed)] = plan.root
    ensemble = grams.Ensemble(
        fixed_gram=np.diag(np.diag(root) ** 2) if plan.root is None else root @ root.T,
        fixed_root=root,
        as_given=plan.root is not None,
        noise_std=np.concatenate([plan.std[noise], means]),
        along=np.vstack([np.hstack([plan.along, plan.stretch(y)]), np.ones((len(means), len(fixed) + plan.spikes))]),
        filters=filters,
        filter_std=plan.sigma_0,
        d=plan.d,
    )
    whole_draw = grams.reduced(standard(seed, *grams.counts(ensemble)), ensemble)
    drawn, on_spikes, across_spikes = split(whole_draw, len(fixed), plan.spikes)
    order = np.argsort(np.concatenate([fixed, noise]))  # from fixed first, then noise, to the families' order
    size = len(order)
    if not plan.centres:
        z, gram = drawn.z, drawn.gram
        if (np.diff(order) < 0).any():
            z, gram = np.ascontiguousarray(z[:, order]), gram[np.ix_(order, order)]
        realised = plan.realised(on_spikes, across_spikes[order], None)
        z = z.reshape(plan.heads, plan.m, -1)
        return Draw(z, gram, y, plan.d, "gram", None, None, drawn.weight_gram, noise=realised)
    whole = np.concatenate([order, size + np.arange(len(means))])
    rows = [rows for rows, _ in plan.centres.values()]
    z, gram, centres = with_means(drawn.z[:, whole], drawn.gram[np.ix_(whole, whole)], y, rows)
    of_name = {
        name: Centre(each.z.reshape(plan.heads, plan.m), each.across, None)
        for name, each in zip(plan.centres, centres, strict=True)
    }
    z = z.reshape(plan.heads, plan.m, -1)
    return Draw(z, gram, y, plan.d, "gram", None, None, drawn.weight_gram, of_name)


def with_means(z: Array, gram: Array, y: Array, rows: Sequence[slice]) -> tuple[Array, Array, list[Centre]]:
    """x = noise + y mu row by row: z (..., S, B), gram (..., B, B), and of each mean z (..., S) and across (..., B).

    Args:
        z: (..., S, B + M), filters with noises and means.
        gram: (..., B + M, B + M).
        y: (..., n), clean labels.
        rows: of each mean, the noises that it is added to.
    """
    size = gram.shape[-1] - len(rows)
    mixing = np.zeros((*y.shape[:-1], size, size + len(rows)))  # x = T (noise, mu), so inner products are T G T^T
    mixing[..., np.arange(size), np.arange(size)] = 1.0
    for centre, each in enumerate(rows):
        mixing[..., each, size + centre] = y
    across = np.swapaxes(mixing, -1, -2)
    mixed = mixing @ gram
    inner = mixed @ across
    centres = [Centre(z[..., size + at], mixed[..., size + at], None) for at in range(len(rows))]
    return z @ across, 0.5 * (inner + np.swapaxes(inner, -1, -2)), centres


def split(drawn: grams.Reduced, first: int, spikes: int) -> tuple[grams.Reduced, Array, Array]:
    """A draw without the spikes, which stand after the `first` fixed directions; and inner products with them.

    z (..., S, B), gram (..., B, B); the inner products are (..., S, C) and (..., B - C, C), in new arrays.
    """
    if not spikes:
        return drawn, drawn.z[..., :0], drawn.gram[..., :0]
    at = np.arange(first, first + spikes)
    kept = np.delete(np.arange(drawn.gram.shape[-1]), at)
    across = np.take(drawn.gram, kept, axis=-2)
    rest = grams.Reduced(np.take(drawn.z, kept, axis=-1), np.take(across, kept, axis=-1), drawn.weight_gram)
    return rest, np.take(drawn.z, at, axis=-1), np.take(across, at, axis=-1)
