"""Every error this package raises, in one tree.

    dataflow_core.DataFlowError
    └── LMDBError                  .path
        ├── DatabaseNotFoundError  also FileNotFoundError
        ├── NotAnLMDBError         also ValueError
        ├── EmptyDatabaseError
        ├── DatabaseExistsError    also FileExistsError
        ├── DatabaseInUseError
        ├── DatabaseWriteError     .records; also OSError
        ├── KeyNotFoundError       .key; also LookupError
        ├── ForeignCodecError      .codec
        ├── DamagedRecordError     also ValueError
        ├── DamagedDatabaseError   also ValueError
        ├── DatabaseChangedError
        ├── FolderError
        └── MissingLibraryError

Facts are attributes with defaults, so that every error survives the trip between processes.
"""

from __future__ import annotations

from dataflow_core.errors import DataFlowError


class LMDBError(DataFlowError):
    """Something is wrong with a database, or with what was asked of it.

    Attributes:
        path: the database, as it was named by the user.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class DatabaseNotFoundError(LMDBError, FileNotFoundError):
    """There is nothing at the path."""


class NotAnLMDBError(LMDBError, ValueError):
    """There is something at the path, but no LMDB that can be read."""


class EmptyDatabaseError(LMDBError):
    """The database holds no records."""


class DatabaseExistsError(LMDBError, FileExistsError):
    """Records would have been overwritten."""


class DatabaseInUseError(LMDBError):
    """The database is open elsewhere, in a way that excludes this use."""


class DatabaseWriteError(LMDBError, OSError):
    """Writing failed: a full disk, a read-only directory.

    Attributes:
        records: how many records are in the database and stay there.
    """

    def __init__(self, message: str, *, path: str = "", records: int = 0) -> None:
        super().__init__(message, path=path)
        self.records = records


class KeyNotFoundError(LMDBError, LookupError):
    """The database has no record of that key.

    Attributes:
        key: what was looked up.
    """

    def __init__(self, message: str, *, path: str = "", key: bytes = b"") -> None:
        super().__init__(message, path=path)
        self.key = key


class ForeignCodecError(LMDBError):
    """Values that somebody else wrote, in a form that is read only when asked for by name.

    Attributes:
        codec: the form they seem to have; empty if that is not known.
    """

    def __init__(self, message: str, *, path: str = "", codec: str = "") -> None:
        super().__init__(message, path=path)
        self.codec = codec


class DamagedRecordError(LMDBError, ValueError):
    """A record cannot be read in the form that the database says it has."""


class DamagedDatabaseError(LMDBError, ValueError):
    """LMDB finds pages in the file that make no sense."""


class DatabaseChangedError(LMDBError):
    """Somebody has written to the database since it was opened for reading."""


class FolderError(LMDBError):
    """A folder of files cannot be read or written as asked."""


class MissingLibraryError(LMDBError):
    """Values of this form need a library that is not installed."""


class UnfinishedDatabaseWarning(UserWarning):
    """Writing was broken off: the database holds the first part of its flow only."""
