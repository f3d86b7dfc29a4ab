"""DataFlow: exact, fast, resumable Python iterators for data loading."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from dataflow_core.errors import (
    AmbiguousPluginError,
    BatchError,
    BrokenPluginError,
    BrokenPluginWarning,
    CacheLimitError,
    CodecError,
    ComponentError,
    DataFlowError,
    EmptyDataFlowError,
    FingerprintMismatchError,
    NoRandomStreamError,
    NotPicklableError,
    NotResumableError,
    ParallelError,
    PluginError,
    ReentrantIterationError,
    StateError,
    TargetError,
    TooManyErrorsError,
    UnknownLengthError,
    UnknownPluginError,
    WorkerDiedError,
    WorkerError,
)
from dataflow_core.flow import (
    Component,
    DataFlow,
    Datapoint,
    IndexedDataFlow,
    ProxyDataFlow,
    RNGDataFlow,
)
from dataflow_core.operators.batch import BatchData
from dataflow_core.operators.batch_by_shape import BatchDataByShape
from dataflow_core.operators.cache import CacheData
from dataflow_core.operators.choose import RandomChooseData
from dataflow_core.operators.concat import ConcatData
from dataflow_core.operators.filter import FilterData
from dataflow_core.operators.fixed_size import FixedSizeData
from dataflow_core.operators.join import JoinData
from dataflow_core.operators.map import MapData, MapDataComponent
from dataflow_core.operators.mix import RandomMixData
from dataflow_core.operators.padded_batch import PadBatchData
from dataflow_core.operators.print import PrintData
from dataflow_core.operators.repeat import RepeatedData
from dataflow_core.operators.repeat_each import RepeatedDataPoint
from dataflow_core.operators.select import SelectComponent
from dataflow_core.operators.shard import ShardData
from dataflow_core.operators.shuffle import LocallyShuffleData
from dataflow_core.operators.speed import TestDataSpeed
from dataflow_core.operators.take import SkipData, TakeData
from dataflow_core.rng import rng, seeded
from dataflow_core.sources.fake import FakeData
from dataflow_core.sources.from_generator import DataFromGenerator
from dataflow_core.sources.from_iterable import DataFromIterable
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.sources.from_queue import DataFromQueue

if TYPE_CHECKING:
    from dataflow_core.operators.parallel_map import (
        MultiProcessMapAndBatchData,
        MultiProcessMapData,
        MultiThreadMapData,
    )
    from dataflow_core.operators.prefetch import (
        MultiProcessPrefetchData,
        MultiProcessRunner,
        MultiThreadPrefetchData,
        MultiThreadRunner,
        PrefetchData,
    )
    from dataflow_core.parallel.data import ParallelData
    from dataflow_core.parallel.policy import Retry
    from dataflow_core.parallel.replicate import ReplicateData

__all__ = [
    "AmbiguousPluginError",
    "BatchData",
    "BatchDataByShape",
    "BatchError",
    "BrokenPluginError",
    "BrokenPluginWarning",
    "CacheData",
    "CacheLimitError",
    "CodecError",
    "Component",
    "ComponentError",
    "ConcatData",
    "DataFlow",
    "DataFlowError",
    "DataFromGenerator",
    "DataFromIterable",
    "DataFromList",
    "DataFromQueue",
    "Datapoint",
    "EmptyDataFlowError",
    "FakeData",
    "FilterData",
    "FingerprintMismatchError",
    "FixedSizeData",
    "IndexedDataFlow",
    "JoinData",
    "LocallyShuffleData",
    "MapData",
    "MapDataComponent",
    "MultiProcessMapAndBatchData",
    "MultiProcessMapData",
    "MultiProcessPrefetchData",
    "MultiProcessRunner",
    "MultiThreadMapData",
    "MultiThreadPrefetchData",
    "MultiThreadRunner",
    "NoRandomStreamError",
    "NotPicklableError",
    "NotResumableError",
    "PadBatchData",
    "ParallelData",
    "ParallelError",
    "PluginError",
    "PrefetchData",
    "PrintData",
    "ProxyDataFlow",
    "RNGDataFlow",
    "RandomChooseData",
    "RandomMixData",
    "ReentrantIterationError",
    "RepeatedData",
    "RepeatedDataPoint",
    "ReplicateData",
    "Retry",
    "SelectComponent",
    "ShardData",
    "SkipData",
    "StateError",
    "TakeData",
    "TargetError",
    "TestDataSpeed",
    "TooManyErrorsError",
    "UnknownLengthError",
    "UnknownPluginError",
    "WorkerDiedError",
    "WorkerError",
    "__version__",
    "rng",
    "seeded",
]

__version__ = "0.1.0"

#: The engine is a quarter of what there is to import, and many pipelines do without.
_LATE = {
    "MultiProcessMapAndBatchData": "operators.parallel_map",
    "MultiProcessMapData": "operators.parallel_map",
    "MultiProcessPrefetchData": "operators.prefetch",
    "MultiProcessRunner": "operators.prefetch",
    "MultiThreadMapData": "operators.parallel_map",
    "MultiThreadPrefetchData": "operators.prefetch",
    "MultiThreadRunner": "operators.prefetch",
    "ParallelData": "parallel.data",
    "PrefetchData": "operators.prefetch",
    "ReplicateData": "parallel.replicate",
    "Retry": "parallel.policy",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(_import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
