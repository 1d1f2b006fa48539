"""Real images in the figures of heterogeneous noise: atypical digits, influence scores, covariances between classes."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from dynamics.arrays import Array, Indices
from simulate.errors import InputError
from simulate.images.images import Images, load
from simulate.images.influence import InfluenceScores, influence_scores

from .. import style
from ..about import About
from ..page import page
from ..said import Made, Quoted, Sentence, shown
from ..save import Writer, save
from ..tabular import Tabular

Sets = Mapping[str, tuple[Images, InfluenceScores]]
TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
_APART, _ROUNDS = 20.0, 500  # points between the middles of two labels; rounds in which they are moved apart
SCORES = "scores of equation (10): divisor $n-1$, bias-corrected, all training images, pixels / 255"


@functools.lru_cache(maxsize=2)
def scored(name: str) -> tuple[Images, InfluenceScores]:
    """An image set and the influence scores of its training images.  Raises InputError where it cannot be had."""
    images = load(name)
    return images, influence_scores(images.images.astype(np.float32) / np.float32(255), images.labels)


def extremes(images: Images, scores: InfluenceScores, label: int, count: int) -> tuple[Indices, Indices]:
    """The places of a class's `count` highest and lowest scores, the most extreme first."""
    members = np.flatnonzero(images.labels == label)
    order = members[np.argsort(scores.scores[members], kind="stable")]
    return order[::-1][:count], order[:count]


def figure_1(sets: Sets, examples: int = 4, points: int = 200) -> Figure:
    """Figure 1: atypical digits of MNIST, and its classes' shapes."""
    images, scores = sets["mnist"]
    map_ = embedding()
    with style.context():
        high = [extremes(images, scores, int(label), examples)[0] for label in scores.classes]
        said = [Made(f"Left: MNIST, the {examples} highest {SCORES}."), ink(images, {"highest": high}),
                Made(_right(map_ is None, points))]
        sheet = page("", 3.8, 0, said)
        sides: Any = sheet.body.subfigures(1, 2, width_ratios=[1.0, 1.5])
        sides[0].suptitle("Highest scores (Figure 1, left)")
        _tiles(sides[0].subplots(), images, high, [str(label) for label in scores.classes])
        axes = sides[1].subplots()
        if map_ is None:
            sides[1].suptitle("MNIST on two principal components (Figure 1, right)")
            _clouds(axes, _planes(images, scores, points), points, ellipses=True)
            axes.set(xlabel="first component (pixels / 255)", ylabel="second component (pixels / 255)")
        else:
            sides[1].suptitle("MNIST by t-SNE (Figure 1, right)")
            _clouds(axes, _embedded(images, scores, points, map_), points, ellipses=False)
            axes.set(xlabel="first t-SNE coordinate (no unit)", ylabel="second t-SNE coordinate (no unit)")
        return sheet.close((), 1)


def _right(components: bool, points: int) -> str:
    """What stands on the right of Figure 1."""
    if components:
        return ("Right: in the place of the paper's t-SNE, which needs scikit-learn.  Ellipses: one standard deviation "
                f"of each class, of all its images; {points} of them are drawn.")
    return (f"Right: the first {points} images of each class.  The paper states no settings of its t-SNE; ours: 50 "
            "principal components, perplexity 30, started from two of them, seed 0.")


def ink(images: Images, shown_here: Mapping[str, list[Indices]], name: str = "") -> Sentence:
    """How bright the pixels of the images are that are shown, beside those of all images."""
    means = {side: float(images.images[np.concatenate(rows)].mean()) / 255 for side, rows in shown_here.items()}
    told = ", ".join(f"of the {side} {{{side}:.3f}}" for side in means)
    return shown(f"Mean pixel{f' of {name}' if name else ''} (0 to 1): {told}, of all {{all:.3f}}.", **means,
                 all=float(images.images.mean()) / 255)


def embedding() -> Callable[[Array], Array] | None:
    """t-SNE, (count, pixels) -> (count, 2); None, with a sentence on stderr, where scikit-learn is not installed."""
    try:
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE
    except ModuleNotFoundError:
        print("figure_1: t-SNE needs scikit-learn, which is not installed, so principal components stand in; install "
              "gammarho[figures]", file=sys.stderr)
        return None

    def mapped(flat: Array) -> Array:
        kept = PCA(n_components=min(50, *flat.shape), svd_solver="full").fit_transform(flat)
        by = TSNE(n_components=2, init="pca", perplexity=min(30.0, (len(flat) - 1) / 3), random_state=0, n_jobs=1)
        return np.asarray(by.fit_transform(kept), dtype=np.float64)

    return mapped


def _clouds(axes: Any, classes: list[tuple[str, Array]], points: int, ellipses: bool) -> None:
    """Every class's points, its label at their middle; a colour and a marker together tell the classes apart."""
    for at, (_, flat) in enumerate(classes):
        color = style.LINES[at % len(style.LINES)].color
        axes.scatter(*flat[:points].T, s=3, color=color, alpha=0.35 if ellipses else 0.7,
                     marker="os"[at // 5 % 2], linewidth=0)
        if ellipses:
            _ellipse(axes, flat, color, dashed=at >= 5)
    middles = np.array([np.median(flat, axis=0) for _, flat in classes])
    axes.autoscale_view()
    for at, ((label, _), middle, place) in enumerate(zip(classes, middles, apart(axes, middles), strict=True)):
        color = style.LINES[at % len(style.LINES)].color
        axes.annotate(label, tuple(middle), tuple(place), ha="center", va="center", fontsize=style.FONT + 2,
                      bbox={"facecolor": "white", "edgecolor": color, "pad": 1.5},
                      arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.8})


def apart(axes: Any, middles: Array) -> Array:
    """Places for labels near their middles (count, 2), both in data, no two of which are nearer than a label's size."""
    box = axes.get_window_extent()
    points = 72 / axes.figure.dpi * np.array([box.width, box.height])  # of the panel, as it is before it is laid out
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    scale, places = points / (high - low), middles.astype(np.float64).copy()
    for _ in range(_ROUNDS):
        moved = False
        for i, j in itertools.combinations(range(len(places)), 2):
            gap = (places[i] - places[j]) * scale
            if (distance := float(np.hypot(*gap))) < _APART:
                way = gap / distance if distance > 0 else np.array([1.0, 0.0])
                push = way * (_APART - distance) / 2 / scale
                places[i], places[j], moved = places[i] + 1.01 * push, places[j] - 1.01 * push, True
        if not moved:
            break
    return places


def _embedded(
    images: Images, scores: InfluenceScores, points: int, map_: Callable[[Array], Array]
) -> list[tuple[str, Array]]:
    """The first `points` images of every class, mapped together, (points, 2) a class."""
    members = [np.flatnonzero(images.labels == label)[:points] for label in scores.classes]
    flat = images.images[np.concatenate(members)].reshape(sum(map(len, members)), -1) / 255.0
    parts = np.split(map_(flat), np.cumsum([len(each) for each in members])[:-1])
    return [(str(label), part) for label, part in zip(scores.classes, parts, strict=True)]


def _planes(images: Images, scores: InfluenceScores, points: int) -> list[tuple[str, Array]]:
    """Every class's images on the two leading principal components of all training images, (count, 2)."""
    flat = images.images.reshape(len(images.images), -1).astype(np.float32) / np.float32(255)
    mean = flat.mean(axis=0, dtype=np.float64)
    second = (flat.T @ flat).astype(np.float64) / len(flat) - np.outer(mean, mean)
    basis = np.linalg.eigh(second)[1][:, :-3:-1]
    basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), [0, 1]])  # eigenvectors have no sign of their own
    shown = (flat - mean.astype(np.float32)) @ basis
    return [(str(label), np.asarray(shown[images.labels == label], dtype=np.float64)) for label in scores.classes]


def _ellipse(axes: Any, flat: Array, color: str, dashed: bool) -> None:
    values, basis = np.linalg.eigh(np.cov(flat.T))
    width, height = 2 * np.sqrt(values[::-1])
    angle = np.degrees(np.arctan2(basis[1, 1], basis[0, 1]))
    axes.add_patch(Ellipse(tuple(flat.mean(axis=0)), width, height, angle=angle, fill=False, edgecolor=color,
                           linewidth=1.4, linestyle="--" if dashed else "-"))


def figure_5(sets: Sets, examples: int = 6) -> Figure:
    """Figure 5: the images of highest and lowest influence score, class by class."""
    both = {name: [extremes(images, scores, int(label), examples) for label in scores.classes]
            for name, (images, scores) in sets.items()}
    rows = {name: {side: [pair[at] for pair in pairs] for at, side in enumerate(("highest", "lowest"))}
            for name, pairs in both.items()}
    with style.context():
        said = [
            Made(f"A row a class, the {examples} most extreme of its {SCORES}."),
            *(ink(images, rows[name], TITLES[name]) for name, (images, _) in sets.items()),
            Quoted("The paper calls its images of high score atypical, scrawly digits and objects hard to classify."),
            Made("Our choices: sorted within the class (the score's scale differs between classes), and Fashion-MNIST "
                 "for the paper's CIFAR-10, which this package does not load."),
        ]
        sheet = page("Images of highest and lowest influence score (Figure 5)", 0.6 + 3.0 * len(sets), 0, said)
        grid = sheet.body.subplots(len(sets), 2, squeeze=False)
        for (name, (images, scores)), row in zip(sets.items(), grid, strict=True):
            for (side, chosen), axes in zip(rows[name].items(), row, strict=True):
                _tiles(axes, images, chosen, [str(label) for label in scores.classes])
                axes.set_title(f"{TITLES[name]}, {side} scores")
        return sheet.close((), 1)


def _tiles(axes: Any, images: Images, rows: list[Indices], labels: list[str]) -> None:
    """Images side by side, a row a class."""
    picture = np.vstack([np.hstack(list(images.images[row])) for row in rows])
    side = images.images.shape[1]
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks(side * (np.arange(len(rows)) + 0.5), labels)
    axes.tick_params(length=0)
    axes.set_ylabel("class")


def figure_6(sets: Sets) -> Figure:
    """Figure 6: ||A_i^T A_j||_F^2 between classes, from sample covariances."""
    with style.context():
        sheet = page("Products of class covariances (Figure 6)", 3.2, 0, _covariances_say(sets))
        row = sheet.body.subplots(1, len(sets), squeeze=False)[0]
        for (name, (_, scores)), axes in zip(sets.items(), row, strict=True):
            image = axes.imshow(scores.pairs, cmap="viridis", vmin=0)
            for (row, column), value in np.ndenumerate(scores.pairs):
                color = "black" if value > 0.6 * scores.pairs.max() else "white"
                axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=6, color=color)
            axes.set_xticks(range(len(scores.classes)), scores.classes)
            axes.set_yticks(range(len(scores.classes)), scores.classes)
            axes.set(title=TITLES[name], xlabel="class $j$", ylabel="class $i$")
            sheet.body.colorbar(image, ax=axes, label=r"$\|A_i^\top A_j\|_F^2$ (pixels / 255)", shrink=0.75)
        return sheet.close((), 1)


def _covariances_say(sets: Sets) -> list[Sentence]:
    """The caption of Figure 6."""
    share = max(float((scores.effective_rank / scores.counts).max()) for _, scores in sets.values())
    return [
        Made("Estimated by sample covariances of whole images (footnote 5), all training images, pixels / 255."),
        shown("The diagonal is corrected for the bias of sample covariances, by about {share:.1%} of it at most (the "
              "effective rank over the class's size).", share=share),
        Made("Not stated in the paper, our choices: scaling, divisor $n-1$, and which split."),
        *(_ratios(TITLES[name], scores) for name, (_, scores) in sets.items()),
        Quoted("The paper calls those of MNIST large, as its Statement 2(b) asks them to be for every pair."),
    ]


def correlation_ratios(scores: InfluenceScores) -> Array:
    """Gamma_{i,j} = n_i M_ii / (n_j M_ij) of Theorem 1, (K, K); 1 on the diagonal."""
    ratios: Array = scores.counts[:, None] * np.diag(scores.pairs)[:, None] / (scores.counts[None, :] * scores.pairs)
    return ratios


def _ratios(title: str, scores: InfluenceScores) -> Sentence:
    ratios = correlation_ratios(scores)
    off = ratios[~np.eye(len(ratios), dtype=bool)]
    ends = "from {low:.2f} to {high:.2f}, median {middle:.2f}."
    return shown(rf"{title}: noise correlation ratios $\Gamma_{{{{i,j}}}}$, $i\neq j$, {ends}", low=float(off.min()),
                 high=float(off.max()), middle=float(np.median(off)))


def products(sets: Sets) -> Tabular:
    """Figure 6's numbers: a row a pair of classes of an image set."""
    rows = [[name, int(scores.classes[i]), int(scores.classes[j]), float(value), float(ratio)]
            for name, (_, scores) in sets.items()
            for ((i, j), value), ratio in zip(np.ndenumerate(scores.pairs), correlation_ratios(scores).ravel(),
                                              strict=True)]
    heads = ["images", "i", "j", r"$\|A_i^\top A_j\|_F^2$", r"$\Gamma_{i,j}$"]
    return Tabular((heads,), tuple(rows), ("images", "i", "j", "product", "Gamma"))


def _writer(
    draw: Callable[[Sets], Figure], shows: str, names: tuple[str, ...],
    numbers: Callable[[Sets], Tabular] | None = None,
) -> Writer:
    about = About("heterogeneous", draw.__name__, shows)

    def write(folder: Path) -> list[Path]:
        try:
            sets = {each: scored(each) for each in names}
        except InputError as why:
            print(f"{about.name}: left out, for its images cannot be had: {why}", file=sys.stderr)
            return []
        record = about.record(folder, {
            "seeds": [], "scores": SCORES,
            "images": {each: {"source": of.source, "sha256": dict(of.sha256)} for each, (of, _) in sets.items()},
            "pairs": {each: scores.pairs for each, (_, scores) in sets.items()},
        })
        stem = f"heterogeneous_{about.name}"
        paths = save(draw(sets), folder, stem, record)
        return paths if numbers is None else [*paths, *numbers(sets).write(folder, stem, shows)]

    return write


IMAGES: dict[str, Writer] = {
    "figure_1": _writer(figure_1, "Figure 1: atypical digits of MNIST, and its classes' shapes.", ("mnist",)),
    "figure_5": _writer(
        figure_5, "Figure 5: the images of highest and lowest influence score, class by class.",
        ("mnist", "fashion-mnist")),
    "figure_6": _writer(
        figure_6, r"Figure 6: $\|A_i^\top A_j\|_F^2$ between classes, from sample covariances.",
        ("mnist", "fashion-mnist"), products),
}
"""Writers by name; where the images cannot be had, one says so in a sentence and writes nothing."""
