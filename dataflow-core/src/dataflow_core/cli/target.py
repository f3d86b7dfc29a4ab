"""MODULE:ATTRIBUTE: how the command line is told which object is meant."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from types import ModuleType

from dataflow_core.errors import TargetError
from dataflow_core.flow import DataFlow


def load_flow(target: str) -> DataFlow:
    """Return the flow that `target` names.

    Args:
        target: "MODULE:ATTRIBUTE" or "path/to/file.py:ATTRIBUTE"; the attribute, which may have
            dots, is a flow, or is called without arguments and returns one.

    Raises:
        TargetError: there is no such module, file or attribute, or what is there makes no flow.
        Exception: whatever the module or the callable raises, as it is.

    Example:
        >>> import dataflow_core as df
        >>> from types import ModuleType
        >>> sys.modules["my_flows"] = ModuleType("my_flows")
        >>> sys.modules["my_flows"].train = df.DataFromList([[1], [2]], shuffle=False)
        >>> load_flow("my_flows:train")
        DataFromList(2 items, shuffle=False)
        >>> del sys.modules["my_flows"]
    """
    found = load_target(target)
    if isinstance(found, DataFlow):
        return found
    if not callable(found):
        raise TargetError(
            f"{target} is {_described(found)}, not a DataFlow nor a function that returns one"
        )
    required = _required_arguments(found)
    if required:
        raise TargetError(
            f"{target} needs arguments ({', '.join(required)}); name a flow, or a function that "
            "is called without arguments and returns one"
        )
    made = found()
    if not isinstance(made, DataFlow):
        raise TargetError(f"{target}() returned {_described(made)}, not a DataFlow")
    return made


def load_target(target: str) -> object:
    """Return the object that `target` names.

    As for `python script.py` and `python -m module`, the file's folder, or else the current
    folder, becomes the first of `sys.path`.

    Args:
        target: "MODULE:ATTRIBUTE" or "path/to/file.py:ATTRIBUTE".

    Raises:
        TargetError: there is no such module, file or attribute.
        Exception: whatever the module raises while it is imported, as it is.

    Example:
        >>> load_target("math:pi")
        3.141592653589793
    """
    # From the right: on Windows a path may begin with "C:".
    where, colon, attribute = target.rpartition(":")
    if not colon or not where or not attribute:
        raise TargetError(
            f"{target!r} is not of the form MODULE:ATTRIBUTE or path/to/file.py:ATTRIBUTE"
        )
    is_file = where.endswith(".py") or "/" in where or os.sep in where
    module = _module_of_file(Path(where)) if is_file else _module_of_name(where)
    try:
        return reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        owner = getattr(error, "obj", module)
        name = getattr(error, "name", None) or attribute
        raise TargetError(f"{where} has no attribute {attribute!r}{_near(name, owner)}") from None


def _module_of_name(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(f"{name!r} is no module's name; a file is given as path/to/file.py")
    _put_first(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Otherwise the module is there, and fails over one that it imports itself.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    file = Path(*name.split(".")).with_suffix(".py")
    raise TargetError(
        f"there is no module {name!r}; looked for {file} in {Path.cwd()}, and for what is installed"
    ) from None


def _module_of_file(path: Path) -> ModuleType:
    path = path.absolute()
    if not path.is_file():
        raise TargetError(f"there is no file {path}")
    name = path.stem
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) == str(path):
            return known
        raise TargetError(
            f"{path} hides behind the module {name!r}, which is imported already; "
            "give the file another name"
        )
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is not a Python file: its name has to end with .py")
    _put_first(path.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _travel_by_value(module)
    return module


def _travel_by_value(module: ModuleType) -> None:
    """Spare worker processes the search for a file that is on no path of theirs."""
    # Here, because it is slow to import.
    import cloudpickle

    cloudpickle.register_pickle_by_value(module)


def _put_first(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _near(name: str, owner: object) -> str:
    names = [public for public in dir(owner) if not public.startswith("_")]
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        return f"; near it: {', '.join(near)}"
    flows = [public for public in names if isinstance(getattr(owner, public, None), DataFlow)]
    return f"; flows in there: {', '.join(flows)}" if flows else ""


def _required_arguments(function: Callable[..., object]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # written in C, and without a signature
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _described(value: object) -> str:
    return f"{type(value).__name__} ({value!r:.60})"
