"""How much memory a program takes, with all processes it starts."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_EVERY_SECONDS = 0.1


def peak_mb(command: Sequence[str]) -> float | None:
    """Run a program to its end; return the most it took at any time, in MB of 1e6 bytes.

    That is the proportional set size: what several processes share is divided among them.

    Returns:
        None where the system does not tell (it is Linux that does).

    Raises:
        CalledProcessError: if the program fails.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        while program.poll() is None:
            peak = max(peak, sum(map(_bytes_of, _tree(program.pid))))
            time.sleep(_EVERY_SECONDS)
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, [*command])
    return peak / 1e6


def _tree(root: int) -> list[int]:
    """Return the numbers of a process and of all below it."""
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # It has ended since.
            # After the name, which may hold anything, parentheses included.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children[parent].append(int(stat.parent.name))
    tree = [root]
    for process in tree:
        tree.extend(children[process])
    return tree


def _bytes_of(process: int) -> int:
    with suppress(OSError):  # It has ended since, or is not ours.
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
