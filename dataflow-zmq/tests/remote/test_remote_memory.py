"""What waits is bounded by `hwm` on both sides, whoever is the slower one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pairs import free_port

HONEST = Path(__file__).with_name("honest.py")
SIZE = 6000
DATAPOINT_BYTES = 100_000
TIMEOUT_S = 120


def peaks(*, hwm: int, pause_s: float, size: int) -> list[int]:
    """Return the highest memory of sender and receiver, in bytes."""
    addr = f"tcp://127.0.0.1:{free_port()}"
    common = {"size": size, "epochs": 1, "large_every": 1, "hwm": hwm}
    sides = [
        subprocess.Popen(
            [
                *(sys.executable, "-W", "error", str(HONEST), role, addr),
                json.dumps(common | {"bind": role == "send"} | options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for role, options in (("send", {}), ("receive", {"pause_s": pause_s}))
    ]
    found = []
    try:
        for side in sides:
            out, error = side.communicate(timeout=TIMEOUT_S)
            assert side.returncode == 0, error
            found.append(json.loads(out)["peak_bytes"])
    finally:
        for side in sides:
            side.kill()
            side.communicate()
    return found


@pytest.mark.parametrize("hwm", [5, 50])
def test_a_slow_receiver_does_not_fill_anybodys_memory(hwm: int) -> None:
    """600 MB pass; what imports and a short stream take is measured beside it."""
    idle = peaks(hwm=1, pause_s=0, size=10)
    busy = peaks(hwm=hwm, pause_s=0.03, size=SIZE)
    for little, much in zip(idle, busy):
        assert much - little < 3 * hwm * DATAPOINT_BYTES + (20 << 20)
