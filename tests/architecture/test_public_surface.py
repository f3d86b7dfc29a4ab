"""What the packages offer under their own names is a list that somebody decided on."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import dataflow_core
import dataflow_core.errors

PACKAGES = ("dataflow_core", "dataflow_image", "dataflow_lmdb", "dataflow_zmq")


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def bound_names(module: ModuleType) -> set[str]:
    """Return the public names that the module's own code binds."""
    helpers = {"annotations", "TYPE_CHECKING", "Any"}
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name not in helpers
    }


def test_all_is_sorted_and_without_repetition(package: ModuleType) -> None:
    assert list(package.__all__) == sorted(set(package.__all__))


def test_all_names_what_the_package_binds(package: ModuleType) -> None:
    assert bound_names(package) <= set(package.__all__)


def test_all_names_nothing_else(package: ModuleType) -> None:
    # Some names are bound when they are first asked for.
    assert [name for name in package.__all__ if not hasattr(package, name)] == []


def test_every_error_is_public() -> None:
    errors = {
        name
        for name, value in vars(dataflow_core.errors).items()
        if inspect.isclass(value)
        and issubclass(value, (Exception, Warning))
        and value.__module__ == dataflow_core.errors.__name__
    }
    assert errors <= set(dataflow_core.__all__)


def test_every_error_but_warnings_is_of_the_one_tree() -> None:
    for name in dataflow_core.__all__:
        value = getattr(dataflow_core, name)
        if inspect.isclass(value) and issubclass(value, Exception):
            assert issubclass(value, (dataflow_core.DataFlowError, Warning)), name


def documentable(package: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in package.__all__:
        value = getattr(package, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            yield name, value
        if inspect.isclass(value):
            for attribute, member in vars(value).items():
                if not attribute.startswith("_") and inspect.isfunction(member):
                    yield f"{name}.{attribute}", getattr(value, attribute)


def test_every_public_name_is_documented(package: ModuleType) -> None:
    bare = [name for name, value in documentable(package) if not inspect.getdoc(value)]
    assert bare == []


def test_version_is_the_distributions(package: ModuleType) -> None:
    from importlib.metadata import version

    assert "__version__" in package.__all__
    assert package.__version__ == version(package.__name__.replace("_", "-"))
