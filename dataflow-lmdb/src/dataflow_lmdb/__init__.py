"""LMDB for DataFlow: read any database, write flows into databases that are safe to read."""

from __future__ import annotations

from dataflow_lmdb.caffe import CaffeLMDB
from dataflow_lmdb.codecs import register_codec
from dataflow_lmdb.damage import Damage, find_damage
from dataflow_lmdb.decoder import LMDBDataDecoder
from dataflow_lmdb.errors import (
    DamagedDatabaseError,
    DamagedRecordError,
    DatabaseChangedError,
    DatabaseExistsError,
    DatabaseInUseError,
    DatabaseNotFoundError,
    DatabaseWriteError,
    EmptyDatabaseError,
    FolderError,
    ForeignCodecError,
    KeyNotFoundError,
    LMDBError,
    MissingLibraryError,
    NotAnLMDBError,
    UnfinishedDatabaseWarning,
)
from dataflow_lmdb.records import LMDBRecords
from dataflow_lmdb.serializer import LMDBSerializer
from dataflow_lmdb.source import LMDBData

__version__ = "0.1.0"

__all__ = [
    "CaffeLMDB",
    "Damage",
    "DamagedDatabaseError",
    "DamagedRecordError",
    "DatabaseChangedError",
    "DatabaseExistsError",
    "DatabaseInUseError",
    "DatabaseNotFoundError",
    "DatabaseWriteError",
    "EmptyDatabaseError",
    "FolderError",
    "ForeignCodecError",
    "KeyNotFoundError",
    "LMDBData",
    "LMDBDataDecoder",
    "LMDBError",
    "LMDBRecords",
    "LMDBSerializer",
    "MissingLibraryError",
    "NotAnLMDBError",
    "UnfinishedDatabaseWarning",
    "__version__",
    "find_damage",
    "register_codec",
]
