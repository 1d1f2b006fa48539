"""Real data at the front door: images of chosen classes as the examples of a run, from the same words everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from derivations.declare import HeadAxis, Model, Value
from dynamics.arrays import Array
from simulate.ask import reading
from simulate.errors import InputError, quoted
from simulate.images.files import PUBLISHED
from simulate.images.images import Images, Subset, class_subset, load
from simulate.start import source


@dataclass(frozen=True)
class ImageSource:
    """Images of some classes as training examples, and the set's own test images of these classes as held-out ones.

    `n` is how many training images (None: the model's n), `scaling` and `sample` are those of
    `simulate.images.images.class_subset`.
    """

    name: str
    content: Images
    classes: tuple[int, ...]
    n: int | None
    scaling: str
    sample: int | None

    def examples(self, model: Model, values: Mapping[str, Value]) -> source.Examples:
        """The examples, labelled +1, -1 or 0, 1, ... in the order of `classes`.

        Raises:
            InputError: more or fewer classes than the model has, or more examples than there are.
        """
        self._check_classes(model)
        n = reading.count("n", values.get("n") if self.n is None else self.n, 1, 100)
        axis, labels = model.network.head_axis, model.network.heads
        train = class_subset(
            self.content, self.classes, n=n, seed=self.sample, scaling=self.scaling, labels=labels
        )
        held_out = int(np.isin(self.content.test_labels, self.classes).sum())
        test = class_subset(
            self.content, self.classes, n=held_out, scaling=self.scaling, labels=labels, part="test"
        )
        notes, attrs = self._notes(train, axis, held_out), self._attrs(train, held_out)
        return source.Examples(train.x, train.y, test.x, test.y, notes, attrs)

    def initial(self, model: Model, values: Mapping[str, Value], seed: int) -> dict[str, Array]:
        """The arrays of `initial=` for a seed: "W" drawn from the model's law, the images, and "y"."""
        return source.start(model, values, seed, self.examples(model, values))

    def _check_classes(self, model: Model) -> None:
        axis = model.network.head_axis
        if len(self.classes) != axis.count:
            raise InputError(
                f"classes: {_listed(self.classes)}, which are {len(self.classes)}, but {model.name} has {axis.kinds}; "
                f"give {axis.count} of them"
            )

    def _notes(self, train: Subset, axis: HeadAxis, held_out: int) -> tuple[str, ...]:
        n, of = len(train.y), int(np.isin(self.content.labels, self.classes).sum())
        which = f"the first {n}" if self.sample is None else f"{n} sampled (seed {self.sample})"
        named = ", ".join(f"{label} ({y})" for label, y in zip(self.classes, axis.names, strict=True))
        return (
            f"data: {which} of {of} training images of {self.name}, classes {named}; "
            f"held out: all {held_out} test images of these classes",
            f"source: {self.content.source}; scaling {self.scaling}: {train.scaling}",
            "SHA-256 of its files begin with " + ", ".join(digest[:12] for digest in self.content.sha256.values()),
        )

    def _attrs(self, train: Subset, held_out: int) -> dict[str, str]:
        about = {
            "name": self.name, "source": self.content.source, "classes": list(self.classes), "n": len(train.y),
            "sample": self.sample, "held_out": held_out, "scaling": self.scaling, "scaled": train.scaling,
            "sha256": dict(self.content.sha256),
        }
        return {"data": json.dumps(about)}


def images(
    name: str,
    *,
    classes: Sequence[int] | str,
    n: int | None = None,
    scaling: str = "unit",
    data_dir: str | PathLike[str] | None = None,
    sample: int | None = None,
) -> ImageSource:
    """Real images to start from: `gr.run("nearly_orthogonal", initial=gr.images("mnist", classes=(0, 1), n=200))`.

    The training inputs are images, W(0) is drawn from the model's law by the seed's stream "init" as in a drawn run,
    and test error and loss are those of the set's own test images of these classes.

    Args:
        name: "mnist" or "fashion-mnist".
        classes: labels in the set, or a text such as "0,1"; their order numbers them, and the first of two is +1.
        n: training images in all; None takes the model's n.
        scaling: "unit", "image" or "global", as `simulate.images.images.class_subset` says.
        data_dir: a folder with the four IDX files, instead of the published package.
        sample: None takes the first images in the file's order; a seed samples without replacement.

    Raises:
        InputError: an unknown set, class or scaling, and files that are missing or damaged.
    """
    name = reading.choice("data", name, tuple(PUBLISHED))
    scaling = reading.choice("scaling", scaling, ("unit", "image", "global"))
    if n is not None:
        n = reading.count("n", n, 1, 100)
    if sample is not None:
        sample = reading.count("sample", sample)
    content = load(name, data_dir)
    chosen = class_subset(content, classes, n=1, labels="class").classes  # refuses classes that are not there
    return ImageSource(name, content, chosen, n, scaling, sample)


def from_options(
    model: Model, data: str | None, classes: str | None, data_dir: str | None, scaling: str | None
) -> ImageSource | None:
    """The command line's --data with --classes, --data-dir and --scaling; None without any of them.

    Raises:
        InputError: as `images`; also for an option that needs --data, and for --data without --classes.
    """
    if data is None:
        for option, value in (("classes", classes), ("data_dir", data_dir), ("scaling", scaling)):
            if value is not None:
                raise InputError(f"{option}: {quoted(value)}, but there is no --data for it; add --data mnist")
        return None
    source.inputs(model)  # a model that images do not fit is refused before they are fetched
    if classes is None:
        raise InputError(f"classes: not given; --data {data} needs labels, such as --classes 0,1")
    return images(data, classes=classes, data_dir=data_dir, scaling="unit" if scaling is None else scaling)


def _listed(classes: Sequence[int]) -> str:
    return ",".join(map(str, classes))
