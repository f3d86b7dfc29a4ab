"""The suites find what they are for: each of these subjects is broken in one way."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dataflow_core.testing import assert_same_stream

SOURCES = {
    "draws what nobody seeded": "yield [random.random()]",
    "remembers the last epoch": "self.calls = getattr(self, 'calls', 0) + 1; yield [self.calls]",
    "claims another length": "yield [1]; yield [2]",
}

BACKENDS = {
    "loses a result": "if answer.number % 7 == 3: return self.pool.receive()",
    "changes the order of outputs": "answer.outputs.reverse()",
    "turns lists into tuples": (
        "answer.outputs[:] = [tuple(o) if type(o) is list else o for o in answer.outputs]"
    ),
    "swallows failures": "answer.failure = None",
    "makes arrays read-only": (
        "[a.setflags(write=False) for o in answer.outputs if type(o) is list"
        " for a in o if hasattr(a, 'setflags')]"
    ),
    "forgets what was skipped": "answer.skipped = []",
    "runs one epoch on": "answer.outputs[:] = answer.outputs * 2; answer.positions *= 2",
}

PREAMBLE = """
import random
import pytest
import dataflow_core as df
from dataflow_core.parallel.inline import InlinePool
from dataflow_core.testing import BackendConformance, SourceConformance
"""

SOURCE = """
class Broken(df.DataFlow):
    def __len__(self):
        return 1
    def get_data(self):
        {body}

class TestIt(SourceConformance):
    @pytest.fixture
    def source(self):
        return Broken
"""

BACKEND = """
class Broken:
    name = "broken"
    def start(self, part, num_workers):
        return Pool(part)

class Pool:
    def __init__(self, part):
        self.pool = InlinePool(part)
        self.submit, self.cancel = self.pool.submit, self.pool.cancel
        self.close = self.pool.close
    def receive(self):
        answer = self.pool.receive()
        {body}
        return answer

class TestIt(BackendConformance):
    @pytest.fixture
    def backend(self):
        return Broken()
"""


def failures(text: str, directory: Path, *options: str) -> str:
    (directory / "test_it.py").write_text(PREAMBLE + textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *options],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize("body", SOURCES.values(), ids=SOURCES.keys())
def test_a_broken_source_is_found(body: str, tmp_path: Path) -> None:
    assert failures(SOURCE.format(body=body), tmp_path)


@pytest.mark.parametrize("body", BACKENDS.values(), ids=BACKENDS.keys())
def test_a_broken_backend_is_found(body: str, tmp_path: Path) -> None:
    assert failures(BACKEND.format(body=body), tmp_path)


def test_the_subject_of_these_tests_passes_when_it_is_not_broken(tmp_path: Path) -> None:
    assert failures(BACKEND.format(body="pass"), tmp_path) == ""


def test_streams_that_differ_in_length_or_type_are_told_apart() -> None:
    numbers = [[i] for i in range(5)]
    assert_same_stream(numbers, list(numbers))
    for other in (
        numbers[:-1],
        [*numbers, [5]],
        [(i,) for i in range(5)],
        [[float(i)] for i in range(5)],
    ):
        with pytest.raises(AssertionError):
            assert_same_stream(numbers, other)
    shuffled = numbers[1:] + numbers[:1]
    with pytest.raises(AssertionError, match="position 0"):
        assert_same_stream(numbers, shuffled)
