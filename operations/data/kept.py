"""Files of releases, kept as bytes: each is there whole or not at all, and compressed beside it.

A folder for each file under settings.KEPT, made elsewhere and renamed into its place when all of it is on the disk; so
many workers may make the same file, one comes first, and a worker killed on the way leaves only what `tidy` removes.
"""

import gzip
import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import brotli
from django.conf import settings

LIMIT = 2 * 1024**3  # bytes of all that is kept; the files not asked for longest go first
COUNT = 4000
ABANDONED = 3600  # seconds after which nobody makes a file any more
PIECE = 256 * 1024
# As Accept-Encoding names them, the smallest first. Quality 5: a tenth of the time of the best, a tenth larger.
CODINGS = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True)
class About:
    """What is known of a file before its first byte: its key, how many rows, (reports in, reports expected)."""

    key: str
    rows: int
    coverage: tuple[int, int]


@dataclass(frozen=True)
class Kept:
    """A kept file: what it is about, its size, its SHA-256, and where it is."""

    about: About
    size: int
    sha256: str
    folder: Path

    def open(self, accepted: tuple[str, ...] = ()):
        """The open file in the first accepted coding that there is, and that coding ("" for none)."""
        for coding in accepted:
            with suppress(FileNotFoundError):
                return open(self.folder / f"file{CODINGS[coding]}", "rb"), coding
        return open(self.folder / "file", "rb"), ""


def find(key: str) -> Kept | None:
    """The file of this key, None where it is not kept."""
    folder = settings.KEPT / key
    try:
        told = json.loads((folder / "about.json").read_text())
        size = (folder / "file").stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    if size != told["size"]:  # a disk that lost something; it is made again
        shutil.rmtree(folder, ignore_errors=True)
        return None
    with suppress(OSError):
        os.utime(folder)  # for `tidy`: when it was last asked for
    return Kept(About(key, told["rows"], tuple(told["coverage"])), size, told["sha256"], folder)


@contextmanager
def making():
    """A folder to make a file in, gone afterwards unless `keep` has moved it."""
    settings.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=settings.KEPT))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path, about: About) -> Kept:
    """Keep the finished `file` of a folder of `making`. Where another worker was quicker, that one's stays."""
    file = folder / "file"
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while piece := content.read(PIECE):
            digest.update(piece)
        os.fsync(content.fileno())
    told = asdict(about) | {"size": file.stat().st_size, "sha256": digest.hexdigest()}
    with open(folder / "about.json", "w") as content:
        json.dump(told, content)
        content.flush()
        os.fsync(content.fileno())
    with suppress(OSError):  # not empty: it is there already
        folder.rename(settings.KEPT / about.key)
    return Kept(about, told["size"], told["sha256"], settings.KEPT / about.key)


def compress(kept: Kept) -> None:
    """Put the compressed twins beside a kept file, each whole or not at all."""
    for coding, packed in {"gzip": _gzipped, "br": _brotlied}.items():
        with making() as folder, suppress(FileNotFoundError):  # the file may be gone meanwhile
            twin = folder / "twin"
            with open(kept.folder / "file", "rb") as content, open(twin, "wb") as output:
                packed(content, output)
                output.flush()
                os.fsync(output.fileno())
            twin.rename(kept.folder / f"file{CODINGS[coding]}")


def _gzipped(content, output):
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=output, mtime=0) as packed:
        shutil.copyfileobj(content, packed, PIECE)


def _brotlied(content, output):
    packer = brotli.Compressor(quality=5, lgwin=20)
    while piece := content.read(PIECE):
        output.write(packer.process(piece))
    output.write(packer.finish())


def tidy(limit: int = LIMIT, count: int = COUNT) -> None:
    """Remove what nobody finished, and of what is kept the files not asked for longest, until the rest is within
    the limits. A file that is being sent is sent to its end all the same."""
    files = []
    for folder in settings.KEPT.iterdir():
        with suppress(OSError):
            asked = folder.stat().st_mtime
            if not folder.name.startswith("."):
                files.append((asked, sum(one.stat().st_size for one in folder.iterdir()), folder))
            elif asked < time.time() - ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
    total = sum(size for _asked, size, _folder in files)
    for number, (_asked, size, folder) in enumerate(sorted(files, key=lambda one: one[0])):
        if total <= limit and len(files) - number <= count:
            return
        total -= size
        # Out of sight at once, so that nobody finds half of it.
        gone = settings.KEPT / f".making-gone-{folder.name}"
        with suppress(OSError):
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
