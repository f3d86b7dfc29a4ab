"""Programs to be run, killed, and looked at from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

#: A program may take so long on a loaded machine before it is taken for one that hangs.
PATIENCE_SECONDS = 300.0

#: Tests that a shell has started in the background are deaf to it, and so is what they start.
_HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def run_program(
    arguments: list[str], directory: Path, text: str | None = None, *, status: int = 0
) -> str:
    """Run the interpreter and return what it printed, warnings being errors.

    Args:
        arguments: of the interpreter.
        directory: to run in; has a folder `tmp` for temporary files.
        text: on standard input.
        status: that it ends with.

    Raises:
        AssertionError: if it ends with another status, says something on standard error, or
            leaves a temporary file.
    """
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-W", "error", *arguments],
        cwd=directory,
        env={**os.environ, "TMPDIR": str(directory / "tmp")},
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stderr == ""
    assert list((directory / "tmp").iterdir()) == []
    return done.stdout.strip()


class Program:
    """A program under way, in a group of processes of its own, which ends with the `with` block.

    Args:
        text: the program; it prints the number of each of its workers.
        directory: has a folder `tmp` for temporary files.
    """

    def __init__(self, text: str, directory: Path) -> None:
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-c", _HEARS_CTRL_C + textwrap.dedent(text)],
            env={**os.environ, "TMPDIR": str(directory / "tmp")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def group(self) -> int:
        """The number of its group of processes."""
        return self.process.pid

    def worker(self) -> int:
        """Wait for the number of the next worker."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def end(self, how: signal.Signals) -> int:
        """Send a signal, and return the status that the program ends with."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        self.process.communicate()


def alive(process: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def in_group(group: int) -> list[int]:
    """Return the numbers of the processes of a group that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found
