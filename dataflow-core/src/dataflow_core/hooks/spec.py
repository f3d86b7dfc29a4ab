"""Every hook there is.

Implement one by writing a function of its name, marked with `hookimpl`, in a module that the entry
point group `dataflow.hooks` names, or in an object given to `register_hooks`. An implementation may
leave out arguments it does not need. Those registered last are called first. What an implementation
raises is not caught: it reaches whoever fired the hook.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

from dataflow_core.hooks.opinion import Opinion

hookspec = pluggy.HookspecMarker("dataflow")
hookimpl = pluggy.HookimplMarker("dataflow")
"""Marks an implementation of a hook; takes pluggy's options, such as `tryfirst=True`."""


@hookspec
def dataflow_worker_started(backend: str, worker: int) -> None:
    """A worker is up and has not worked yet. Called in the worker.

    The place to prepare a process for its work, such as limiting a library's threads.

    Args:
        backend: the name of the backend the worker belongs to.
        worker: the worker's number, from 0; one that replaces a dead worker takes its number.
    """


@hookspec
def dataflow_worker_stopping(backend: str, worker: int) -> None:
    """A worker has done its last task. Called in the worker, unless it was killed.

    Args:
        backend: the name of the backend the worker belongs to.
        worker: the worker's number, from 0.
    """


@hookspec
def dataflow_epoch_started(flow: object, epoch: int) -> None:
    """An epoch begins, before its first datapoint is asked for.

    Args:
        flow: the outermost flow, the one the user iterates.
        epoch: the epoch's number, from 0.
    """


@hookspec
def dataflow_epoch_finished(flow: object, epoch: int, position: int, completed: bool) -> None:
    """An epoch is over.

    Args:
        flow: the outermost flow, the one the user iterates.
        epoch: the epoch's number, from 0.
        position: where in the epoch it ended: the position of the datapoint that would be next.
        completed: whether the flow came to its end; False if it was broken off or raised.
    """


@hookspec(firstresult=True)
def dataflow_datapoint_failed(stage: str, position: int, error: BaseException) -> Opinion | None:
    """A stage raised on a datapoint. The first opinion that is not None wins.

    Called where the error is handled, which may be in a worker.

    Args:
        stage: the stage that raised, as `explain()` names it.
        position: the datapoint's position in its epoch.
        error: what was raised.

    Returns:
        "raise", "skip" or "retry", or None to leave it to others, in the end to `on_error`.
    """


@hookspec
def dataflow_stats_sampled(stats: Mapping[str, object]) -> None:
    """A parallel stage has come to the end of an epoch, or was broken off.

    Called where the stage is iterated.

    Args:
        stats: its totals since it was made, by name, as its `stats()` returns them.
    """
