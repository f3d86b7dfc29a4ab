"""Where a database lies: LMDB keeps one in a directory, or in a single file.

Opening, and what can go wrong with it, is here for readers and writers alike.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import lmdb

from dataflow_lmdb.errors import (
    DamagedDatabaseError,
    DatabaseChangedError,
    DatabaseInUseError,
    DatabaseNotFoundError,
    DatabaseWriteError,
    LMDBError,
    NotAnLMDBError,
)

PathLike: TypeAlias = "str | os.PathLike[str]"

#: The device and the inode of a file: a path may name another file tomorrow.
FileId: TypeAlias = "tuple[int, int]"

#: The file that LMDB keeps in a directory of its own.
DATA_FILE = "data.mdb"

#: A path that does not exist yet and ends so becomes a single file.
FILE_SUFFIXES = (".lmdb", ".mdb")

#: What LMDB's table of readers takes, for as many of them as it has room for by default.
_LOCK_FILE_BYTES = 8192

_MAX_HINTS = 3
_MAX_UNWRITTEN_PAGES = 64


@dataclass(frozen=True)
class Location:
    """A database's place in the file system.

    Attributes:
        path: what LMDB is given: a directory, or the file itself.
        subdir: whether `path` is a directory.
    """

    path: str
    subdir: bool

    @property
    def file(self) -> Path:
        """The file with the records."""
        return Path(self.path, DATA_FILE) if self.subdir else Path(self.path)

    @property
    def lock_file(self) -> Path:
        """The file by which processes keep out of each other's way."""
        return Path(self.path, "lock.mdb") if self.subdir else Path(f"{self.path}-lock")

    @property
    def file_id(self) -> FileId:
        """What tells the file from others, under whatever path; it must be there."""
        stat = self.file.stat()
        return stat.st_dev, stat.st_ino

    @property
    def exists(self) -> bool:
        """Whether a file is there; one without a byte is what a writer killed at once leaves."""
        return self.file.is_file() and self.file.stat().st_size > 0


def locate(path: PathLike) -> Location:
    """Return the location that `path` names, whether there is something or not.

    >>> locate("never/written.lmdb").subdir, locate("never/written").subdir
    (False, True)
    """
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"the path of an LMDB is a str or a Path, not {text!r}")
    there = Path(text)
    if there.exists():
        return Location(text, there.is_dir())
    return Location(text, not text.endswith(FILE_SUFFIXES))


def locate_existing(path: PathLike) -> Location:
    """Return the location of a database that is there.

    Raises:
        DatabaseNotFoundError: if nothing is there.
        NotAnLMDBError: if it is a directory without a database, or an empty file.
    """
    location = locate(path)
    if location.exists:
        return location
    text = location.path
    if not Path(text).exists():
        raise DatabaseNotFoundError(
            f"no LMDB at {text!r}: there is no such file or directory (the working directory is"
            f" {str(Path.cwd())!r})",
            path=text,
        )
    if location.file.exists():
        raise NotAnLMDBError(f"{os.fspath(location.file)!r} is an empty file, no LMDB", path=text)
    raise NotAnLMDBError(
        f"{text!r} is a directory without {DATA_FILE!r}, so it is no LMDB{_nearby(text)}", path=text
    )


def make_file(location: Location) -> None:
    """Make an empty file, and a directory for it if it is to have one, but not its parents.

    Raises:
        DatabaseWriteError: if that cannot be done.
    """
    parent = Path(location.path).absolute().parent
    if not parent.is_dir():
        raise DatabaseWriteError(
            f"cannot write {location.path!r}: there is no directory {str(parent)!r}; make it first",
            path=location.path,
        )
    try:
        if location.subdir:
            Path(location.path).mkdir(exist_ok=True)
        location.file.touch()
    except OSError as error:
        raise DatabaseWriteError(
            f"{location.path!r} cannot be written: {error}", path=location.path
        ) from error


def open_for_reading(location: Location, *, readahead: bool) -> lmdb.Environment:
    """Open a database read-only and without a lock, so that read-only file systems do.

    Raises:
        NotAnLMDBError: if the file is no LMDB, or the first part of one.
        DatabaseInUseError: if the program has opened it already, with lmdb itself.
        LMDBError: if it cannot be opened for another reason, which is given.
    """
    try:
        environment = lmdb.open(
            location.path,
            subdir=location.subdir,
            readonly=True,
            lock=False,
            create=False,
            readahead=readahead,
        )
    except (lmdb.Error, OSError) as error:
        raise _not_opened(location, error, "opened") from error
    _refuse_cut_file(location, environment)
    return environment


def open_for_writing(location: Location, map_size: int) -> lmdb.Environment:
    """Open a database for writing; an empty file becomes one.

    Raises:
        NotAnLMDBError: if the file is no LMDB.
        DatabaseInUseError: if the program has opened it already, with lmdb itself.
        DatabaseWriteError: if it cannot be written to.
    """
    is_new = not location.exists
    try:
        _reserve(location.lock_file)
        # Without readahead, since what is read while writing is the way to the last page only.
        return lmdb.open(location.path, subdir=location.subdir, map_size=map_size, readahead=False)
    except (lmdb.Error, OSError) as error:
        if is_new:
            # On a full disk half a header may be there, which could not be opened ever after.
            os.truncate(location.file, 0)
        failure = _not_opened(location, error, "written")
        if type(failure) is LMDBError:
            raise DatabaseWriteError(str(failure), path=location.path) from error
        raise failure from error


def in_use(path: str) -> DatabaseInUseError:
    """Return the error for a database that this process must not open once more."""
    return DatabaseInUseError(
        f"{path!r} is open in this process already, and LMDB cannot open it twice: close() the"
        " flow that reads it, or the lmdb.Environment, first",
        path=path,
    )


def damaged(path: str, error: Exception) -> DamagedDatabaseError:
    """Return the error for what LMDB says when it cannot make sense of a file's pages."""
    return DamagedDatabaseError(
        f"{path!r} cannot be read: {error}. The file is damaged; copy it again, or write it anew",
        path=path,
    )


def changed(path: str) -> DatabaseChangedError:
    """Return the error for a database that somebody has written to since it was opened."""
    return DatabaseChangedError(
        f"{path!r} has been written to since it was opened, and reading on could end the process:"
        " close() all flows that read it, and load it again when nobody writes",
        path=path,
    )


def _not_opened(location: Location, error: Exception, verb: str) -> LMDBError:
    path = location.path
    if isinstance(error, (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError)):
        return NotAnLMDBError(
            f"{os.fspath(location.file)!r} is no LMDB that this version of LMDB reads: {error}",
            path=path,
        )
    if isinstance(error, lmdb.MapResizedError):
        return changed(path)
    # LMDB's binding has no class of its own for this one, and before 2.0 no such error.
    if "already open" in str(error):
        return in_use(path)
    return LMDBError(f"{path!r} cannot be {verb}: {error}", path=path)


def _reserve(lock_file: Path) -> None:
    """Give the lock file its room.

    LMDB would only give it a size and write to its memory; if the disk is full by then, that ends
    the process with a bus error.

    Raises:
        OSError: if there is no room.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    handle = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        # One that is larger may be in use.
        if os.fstat(handle).st_size < _LOCK_FILE_BYTES:
            os.posix_fallocate(handle, 0, _LOCK_FILE_BYTES)
    except OSError as error:
        # Some file systems cannot do it; that is no obstacle.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
    finally:
        os.close(handle)


def _refuse_cut_file(location: Location, environment: lmdb.Environment) -> None:
    """Refuse a file that was copied in part: reading what it lacks would end the process."""
    page_bytes = int(environment.stat()["psize"])
    pages = int(environment.info()["last_pgno"]) + 1
    size = location.file.stat().st_size
    lacking = pages - size // page_bytes
    # A few pages at the end may have been set aside and never written.
    if lacking > min(_MAX_UNWRITTEN_PAGES, pages // 4):
        environment.close()
        raise NotAnLMDBError(
            f"{str(location.file)!r} is cut: it has {size} of {pages * page_bytes} bytes; copy it"
            " again (if it is whole and was emptied in one go, `mdb_copy -c` compacts it)",
            path=location.path,
        )


def _nearby(directory: str) -> str:
    """Name databases that lie where one was looked for."""
    found = [
        str(entry)
        for entry in sorted(Path(directory).iterdir())
        if Location(str(entry), entry.is_dir()).exists
        and (entry.is_dir() or entry.name.endswith(FILE_SUFFIXES))
    ][:_MAX_HINTS]
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""
