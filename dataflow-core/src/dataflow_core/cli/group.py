"""The commands that are installed, each loaded only when it is asked for.

typer carries its own copy of click since 0.16 and used the real one before, so that the types of
contexts and commands have no name that is right for both: they are `Any` here.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from dataflow_core.errors import (
    AmbiguousPluginError,
    BrokenPluginError,
    DataFlowError,
    PluginError,
    UnknownPluginError,
)
from dataflow_core.flow import DataFlow

_KIND = "commands"
_CLI = "dataflow_core.cli"

# What they raise says how a command was called, and is told by them.
_CLICK = frozenset({"click", "typer"})

# Packages through which a command comes to the user's own code, besides `dataflow_core.cli`.
_ON_THE_WAY = _CLICK | {"importlib", "_frozen_importlib", "_frozen_importlib_external", "runpy"}


class CommandGroup(TyperGroup):
    """Finds its commands in the registry.

    A command that cannot be loaded costs only itself: the help shows the cause beside its name,
    and running it raises the whole error. For a name that is not there the registry's own error
    is raised, because that knows what to install.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return DataFlow.registry.names(_KIND)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        try:
            return _made_command(cmd_name, DataFlow.registry.get(cmd_name, _KIND))
        except (AmbiguousPluginError, BrokenPluginError) as error:
            return _broken_command(cmd_name, error)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if ctx.params["traceback"] or _package_of(type(error)) in _CLICK:
                raise
            if isinstance(error, DataFlowError):
                notes = getattr(error, "__notes__", ())
                typer.echo("\n".join([f"error: {error}", *notes]), err=True)
            else:
                traceback.print_exception(type(error), error, _from_users_code(error.__traceback__))
            raise typer.Exit(2 if isinstance(error, UnknownPluginError) else 1) from error


def _package_of(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _from_users_code(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without its first frames, as long as these are the command line's own."""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _ON_THE_WAY and not module.startswith(_CLI):
            break
        trace = trace.tb_next
    return trace


def _made_command(name: str, target: Any) -> Any:
    """Return the command that a plugin offers as a function or as a typer app."""
    if not isinstance(target, typer.Typer) and not callable(target):
        return _broken_command(
            name, BrokenPluginError(f"command {name!r} is no function but {target!r}")
        )
    try:
        return typer.main.get_command(
            target if isinstance(target, typer.Typer) else _app(name, target)
        )
    # A stranger's signature may be anything, and typer raises whatever it then stumbles over.
    except Exception as cause:  # noqa: BLE001
        error = BrokenPluginError(
            f"command {name!r}, {target!r}, has a signature that typer does not understand: {cause}"
        )
        error.__cause__ = cause
        return _broken_command(name, error)


def _broken_command(name: str, error: PluginError) -> Any:
    """Return a command that takes any arguments and raises the error."""

    def tell() -> None:
        raise error

    cause = error if error.__cause__ is None else error.__cause__
    summary = f"cannot be used: {type(cause).__name__}: {cause}".splitlines()[0]
    options = {"ignore_unknown_options": True, "allow_extra_args": True}
    return typer.main.get_command(
        _app(name, tell, help=escape(summary), add_help_option=False, context_settings=options)
    )


def _app(name: str, function: Callable[..., Any], **options: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command(name, **options)(function)
    return app
