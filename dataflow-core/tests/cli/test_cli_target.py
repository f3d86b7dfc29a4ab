from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

import dataflow_core as df
from dataflow_core.cli.target import load_flow, load_target
from dataflow_core.errors import TargetError

FLOWS = """
from dataflow_core import DataFromList, MapData
from beside import VALUES

train = DataFromList(VALUES, shuffle=False)

def double(dp):
    return [2 * dp[0]]

def build():
    return MapData(train, double)

def needs(path, size):
    return train

def nothing():
    return None

class Space:
    inner = train

number = 3
"""


@pytest.fixture
def flows(folder: Path) -> Path:
    (folder / "flows_of_a_user.py").write_text(FLOWS, encoding="utf-8")
    (folder / "beside.py").write_text("VALUES = [[1], [2]]\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("where", ["flows_of_a_user", "flows_of_a_user.py", "./flows_of_a_user.py"])
@pytest.mark.parametrize(
    ("attribute", "stream"),
    [("train", [[1], [2]]), ("build", [[2], [4]]), ("Space.inner", [[1], [2]])],
)
@pytest.mark.usefixtures("flows")
def test_a_flow_or_a_function_that_returns_one_is_found(
    where: str, attribute: str, stream: list[list[int]]
) -> None:
    assert list(load_flow(f"{where}:{attribute}")) == stream


def test_a_file_elsewhere_finds_what_lies_beside_it(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert list(load_flow(f"{flows / 'flows_of_a_user.py'}:train")) == [[1], [2]]


def test_a_file_with_a_name_that_is_no_identifier_works(folder: Path) -> None:
    (folder / "my-flows.py").write_text("value = 5\n", encoding="utf-8")
    assert load_target("my-flows.py:value") == 5


def test_a_file_asked_for_twice_is_run_once(flows: Path) -> None:
    assert load_target("flows_of_a_user.py:train") is load_target("flows_of_a_user.py:train")


def test_what_a_file_defines_travels_to_a_process_that_cannot_import_it(flows: Path) -> None:
    pickled = cloudpickle.dumps(load_target("flows_of_a_user.py:double"))
    code = f"import pickle; print(pickle.loads({pickled!r})([21]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout == "[42]\n"


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("flows_of_a_user", "MODULE:ATTRIBUTE"),
        (":train", "MODULE:ATTRIBUTE"),
        ("flows_of_a_user:", "MODULE:ATTRIBUTE"),
        ("no_such_module:train", "there is no module 'no_such_module'"),
        ("flows_of_a_user.deeper:train", "there is no module 'flows_of_a_user.deeper'"),
        (".relative:train", "no module's name"),
        ("no_such_file.py:train", "there is no file"),
        ("./flows_of_a_user:train", "there is no file"),
        ("flows_of_a_user:trian", "near it: train"),
        ("flows_of_a_user:zzz", "flows in there: train"),
        ("flows_of_a_user:Space.iner", "near it: inner"),
        ("flows_of_a_user:number", "int (3), not a DataFlow"),
        ("flows_of_a_user:needs", "needs arguments (path, size)"),
        ("flows_of_a_user:nothing", "returned NoneType (None), not a DataFlow"),
        ("flows_of_a_user:Space", "not a DataFlow"),
    ],
)
@pytest.mark.usefixtures("flows")
def test_the_error_says_what_is_wrong(target: str, told: str) -> None:
    with pytest.raises(TargetError) as caught:
        load_flow(target)
    assert told in str(caught.value)


def test_a_file_named_like_an_imported_module_is_refused_rather_than_confused(folder: Path) -> None:
    (folder / "json.py").write_text("value = 5\n", encoding="utf-8")
    with pytest.raises(TargetError, match="another name"):
        load_target("./json.py:value")


@pytest.mark.parametrize("where", ["failing", "failing.py"])
@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import a_library_that_is_gone", ModuleNotFoundError),
        ("1 / 0", ZeroDivisionError),
        ("None + 1", TypeError),
        ("None.x", AttributeError),
        ("def (", SyntaxError),
    ],
)
def test_what_the_users_own_module_raises_is_not_hidden(
    folder: Path, where: str, source: str, error: type[Exception]
) -> None:
    (folder / "failing.py").write_text(source, encoding="utf-8")
    with pytest.raises(error) as caught:
        load_target(f"{where}:train")
    assert not isinstance(caught.value, df.DataFlowError)
    assert "failing" not in sys.modules
