"""Importing the core costs little and does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

HEAVY = ("cv2", "lmdb", "zmq", "rich", "typer", "pluggy", "importlib_metadata", "pytest")


def in_fresh_interpreter(code: str) -> object:
    """Run `code` and return what it leaves in `result`."""
    script = textwrap.dedent(code) + "\nimport json\nprint(json.dumps(result))\n"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("library", HEAVY)
def test_core_does_not_import(library: str) -> None:
    assert not in_fresh_interpreter(f"""
        import sys, dataflow_core
        result = {library!r} in sys.modules
    """)


def test_core_starts_no_thread_and_no_process() -> None:
    assert in_fresh_interpreter("""
        import numpy  # has threads of its own
        import multiprocessing, os, threading

        def alive():
            threads = os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else []
            return len(threads), threading.active_count(), len(multiprocessing.active_children())

        before = alive()
        import dataflow_core
        result = alive() == before
    """)


def test_core_leaves_signal_handlers_alone() -> None:
    assert in_fresh_interpreter("""
        import numpy, signal

        def handlers():
            return {number: signal.getsignal(number) for number in signal.valid_signals()}

        before = handlers()
        import dataflow_core
        result = handlers() == before
    """)


def test_core_reads_no_entry_points() -> None:
    opened = in_fresh_interpreter("""
        import sys

        result = []
        def note(event, arguments):
            if event == "open" and str(arguments[0]).endswith("entry_points.txt"):
                result.append(str(arguments[0]))

        sys.addaudithook(note)
        import dataflow_core
    """)
    assert opened == []


def test_listing_what_is_installed_imports_no_plugin() -> None:
    assert not in_fresh_interpreter("""
        import sys
        from dataflow_core import DataFlow

        names = {*DataFlow.registry.sources, *DataFlow.registry.operators, *dir(DataFlow())}
        assert {"lmdb", "image_folder", "augment_image", "prefetch_zmq", "map"} <= names
        plugins = {"cv2", "lmdb", "zmq", "dataflow_image", "dataflow_lmdb", "dataflow_zmq"}
        result = sorted(plugins & set(sys.modules))
    """)


def test_core_does_not_seed_numpys_global_generator() -> None:
    assert in_fresh_interpreter("""
        import numpy as np

        before = np.random.get_state()[1].tolist()
        from dataflow_core import FakeData

        list(FakeData([[2]], size=3))
        result = np.random.get_state()[1].tolist() == before
    """)
