"""Short forms: what type checkers, help() and a mistyped name are told."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.flow import short_forms


def declared() -> dict[str, list[str]]:
    """Return the parameters of each short form that is declared for type checkers."""
    import ast

    tree = ast.parse(Path(short_forms.__file__).read_text())
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in ("ShortForms", "_Shuffle"):
            for function in ast.walk(node):
                if isinstance(function, ast.FunctionDef):
                    every = [*function.args.args, *function.args.kwonlyargs]
                    name = "shuffle" if node.name == "_Shuffle" else function.name
                    found[name] = [each.arg for each in every[1:]]
                    if function.args.vararg is not None:
                        found[name].append(function.args.vararg.arg)
    return {name: names for name, names in found.items() if not name.startswith("__")}


def test_what_is_declared_is_what_the_operators_take() -> None:
    operators = df.DataFlow.registry.operators
    stubs = declared()
    for name, entry in operators.items():
        target: Any = df.DataFlow.registry.get(name, "operators")
        if not target.__module__.startswith("dataflow_core."):
            continue
        short_form = getattr(target, "_short_form", target)
        assert stubs.pop(name) == [*inspect.signature(short_form).parameters][1:], entry
    assert not stubs


def test_help_is_the_operators() -> None:
    flow = df.DataFromList([[1]], shuffle=False)
    assert flow.batch.__doc__ == df.BatchData.__doc__
    assert [*inspect.signature(flow.batch).parameters] == ["batch_size", "remainder", "use_list"]


def test_an_attribute_error_within_a_property_is_told_as_it_is() -> None:
    class Typo(df.DataFlow):
        @property
        def files(self) -> Any:
            return self.fiels

        @property
        def _files(self) -> Any:
            return self.fiels

    for name in ("files", "_files"):
        with pytest.raises(AttributeError, match="'fiels'"):
            getattr(Typo(), name)


def test_a_warning_points_at_the_line_that_joins() -> None:
    one, two = (df.DataFromList([1] * size, shuffle=False) for size in (2, 3))
    for join in (lambda: one.join(two), lambda: df.JoinData([one, two])):
        with pytest.warns(UserWarning, match="different lengths") as warned:
            join()
        assert warned[0].filename == __file__


def test_all_upstreams_are_closed_also_when_one_cannot_be() -> None:
    closed = []

    class Closing(df.DataFlow):
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            super().close()
            closed.append(self.name)
            raise OSError(self.name)

    flow = df.ConcatData([Closing("one"), Closing("two")])
    with pytest.raises(OSError, match="two"):
        flow.close()
    assert closed == ["one", "two"]
