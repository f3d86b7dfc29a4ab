"""Fires the hooks: one function for each, so that callers are type-checked.

While no plugin implements a hook, firing it is two calls and a look into a dict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from dataflow_core.discovery import Entry
from dataflow_core.errors import PluginError
from dataflow_core.hooks.listeners import Listeners
from dataflow_core.hooks.opinion import Opinion

_listeners = Listeners()


def register_hooks(plugin: object) -> None:
    """Let an object or a module of the program's own hear of what it implements.

    It is asked before installed plugins are, and hears only of this process: in worker processes
    there are installed plugins only. Registering it again is fine.

    Args:
        plugin: has functions or methods marked with `hookimpl`.

    Raises:
        PluginError: it implements a hook that there is not, or asks for arguments that the hook
            does not have.
    """
    _listeners.register(plugin)


def unregister_hooks(plugin: object) -> None:
    """Undo `register_hooks`.

    Raises:
        PluginError: the plugin is not registered.
    """
    _listeners.unregister(plugin)


def entries() -> tuple[Entry, ...]:
    """Return the installed plugins that listen to hooks. Imports none of them."""
    return _listeners.entries()


def worker_started(backend: str, worker: int) -> None:
    """Fire `dataflow_worker_started`."""
    if (call := _listeners.caller("dataflow_worker_started")) is not None:
        call(backend=backend, worker=worker)


def worker_stopping(backend: str, worker: int) -> None:
    """Fire `dataflow_worker_stopping`."""
    if (call := _listeners.caller("dataflow_worker_stopping")) is not None:
        call(backend=backend, worker=worker)


def epoch_started(flow: object, epoch: int) -> None:
    """Fire `dataflow_epoch_started`."""
    if (call := _listeners.caller("dataflow_epoch_started")) is not None:
        call(flow=flow, epoch=epoch)


def epoch_finished(flow: object, epoch: int, position: int, completed: bool) -> None:
    """Fire `dataflow_epoch_finished`."""
    if (call := _listeners.caller("dataflow_epoch_finished")) is not None:
        call(flow=flow, epoch=epoch, position=position, completed=completed)


def datapoint_failed(stage: str, position: int, error: BaseException) -> Opinion | None:
    """Fire `dataflow_datapoint_failed` and return the first opinion, or None if there is none.

    Raises:
        PluginError: a plugin answered what is no opinion.
    """
    if (call := _listeners.caller("dataflow_datapoint_failed")) is None:
        return None
    return _checked(call(stage=stage, position=position, error=error))


def opinions_are_heard() -> bool:
    """Return whether anybody listens to `dataflow_datapoint_failed`, and so may skip datapoints."""
    return _listeners.caller("dataflow_datapoint_failed") is not None


def stats_sampled(stats: Mapping[str, object]) -> None:
    """Fire `dataflow_stats_sampled`."""
    if (call := _listeners.caller("dataflow_stats_sampled")) is not None:
        call(stats=stats)


def _checked(answer: Any) -> Opinion | None:
    opinion: Opinion | None = answer
    if opinion is not None and opinion not in get_args(Opinion):
        raise PluginError(
            f"a plugin answered {answer!r} to dataflow_datapoint_failed; "
            f"answer one of {', '.join(map(repr, get_args(Opinion)))}, or None for no opinion"
        )
    return opinion
