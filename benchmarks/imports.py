"""How long `import dataflow_core` takes, in units of `import numpy`.

Both are timed from outside in fresh interpreters, less what an interpreter takes that imports
nothing. Byte code is compiled by the round that does not count.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from alternating import report

AIM = 1.6


def seconds(statement: str) -> float:
    """Return how long a fresh interpreter takes for `statement`."""
    # Isolated: neither the user's site-packages nor environment variables have a say.
    command = [sys.executable, "-I", "-c", statement]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="fresh interpreters for each side")
    options = parser.parse_args()
    statements = ("pass", "import numpy", "import dataflow_core")
    rounds = [[seconds(statement) for statement in statements] for _ in range(options.rounds + 1)]
    nothing, numpy, ours = (statistics.median(column) for column in zip(*rounds[1:]))
    ratio = (ours - nothing) / (numpy - nothing)
    report(
        "import dataflow_core, time against import numpy",
        ratio,
        f"≤ {AIM}",
        reached=ratio <= AIM,
        details=f"{(ours - nothing) * 1e3:.0f} ms, numpy {(numpy - nothing) * 1e3:.0f} ms",
    )


if __name__ == "__main__":
    main()
