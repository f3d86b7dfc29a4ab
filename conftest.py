"""What holds for the tests of all packages."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest

# What is started in the background by a shell is deaf to Ctrl-C, and so is all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Let tests that look for files left behind see only those of their own process."""
    if hasattr(config, "workerinput"):  # One of several that run tests side by side.
        directory = tempfile.mkdtemp(prefix="dataflow-tests-")
        os.environ["TMPDIR"] = tempfile.tempdir = directory
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
