"""Moments in time: what a plugin, or the program itself, can be told of.

    worker_started, worker_stopping      in the worker
    epoch_started, epoch_finished        where the flow is iterated
    datapoint_failed                     where the error is handled; the first opinion wins
    stats_sampled                        where the flow is iterated

Plugins implement the functions of `dataflow_core.hooks.spec`, marked with `hookimpl`. The framework
fires them with the functions named above. Rare events only, never one per datapoint: a call with
listeners costs about 2 µs. pluggy itself is imported with the first event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow_core.hooks.firing import (
    datapoint_failed,
    entries,
    epoch_finished,
    epoch_started,
    opinions_are_heard,
    register_hooks,
    stats_sampled,
    unregister_hooks,
    worker_started,
    worker_stopping,
)
from dataflow_core.hooks.opinion import Opinion

if TYPE_CHECKING:
    from dataflow_core.hooks.spec import hookimpl, hookspec

__all__ = [
    "Opinion",
    "datapoint_failed",
    "entries",
    "epoch_finished",
    "epoch_started",
    "hookimpl",
    "hookspec",
    "opinions_are_heard",
    "register_hooks",
    "stats_sampled",
    "unregister_hooks",
    "worker_started",
    "worker_stopping",
]


def __getattr__(name: str) -> Any:
    # The markers are pluggy's, and pluggy costs a quarter of what numpy costs to import.
    if name in {"hookimpl", "hookspec"}:
        from dataflow_core.hooks import spec

        return getattr(spec, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
