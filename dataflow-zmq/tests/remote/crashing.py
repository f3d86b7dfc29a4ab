"""One side that is to be killed, as a program: crashing.py send|receive ADDR OPTIONS-AS-JSON.

A receiver appends what it gets to a file, a line each, and keeps its state beside it now and then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import dataflow_core as df
from dataflow_zmq import RemoteDataZMQ, send_dataflow_zmq


def flow(size: int, pause_s: float) -> df.DataFlow:
    def work(dp: Any) -> Any:
        if pause_s and dp[0] % 50 == 0:
            time.sleep(pause_s)
        return [*dp, np.full(100 if dp[0] % 97 else 20_000, dp[0], np.int32)]

    return df.DataFromList([[number] for number in range(size)], shuffle=True).map(work)


def expected(size: int, seed: int = 5) -> list[int]:
    made = flow(size, 0)
    made.reset_state(seed)
    return [dp[0] for dp in made]


class Side:
    """The program, running."""

    running: ClassVar[set[Side]] = set()

    def __init__(self, role: str, addr: str, **options: Any) -> None:
        command = [sys.executable, __file__, role, addr, json.dumps(options)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self.running.add(self)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.running.discard(self)

    @classmethod
    def kill_all(cls) -> None:
        for side in [*cls.running]:
            side.kill()

    def wait(self, timeout_s: float = 60.0) -> str:
        """Return what it said on stderr, once it has ended."""
        try:
            said = self.process.communicate(timeout=timeout_s)[1].decode()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.running.discard(self)
        return said


def send(addr: str, options: dict[str, Any]) -> None:
    made = flow(options.pop("size"), options.pop("pause_s", 0.0))
    made.reset_state(options.pop("seed", 5))
    send_dataflow_zmq(made, addr, epochs=1, progress=False, **options)


def receive(addr: str, options: dict[str, Any]) -> None:
    out = Path(options.pop("out"))
    every = options.pop("every", 0)
    pause_s = options.pop("pause_s", 0.0)
    checkpoint = out.with_suffix(".state")
    with RemoteDataZMQ(addr, **options) as remote, out.open("ab") as lines:
        if every and checkpoint.exists():
            kept = json.loads(checkpoint.read_text())
            remote.load_state_dict(kept["state"])
            # What was written after the state was taken comes again.
            os.truncate(out, kept["size"])
            lines.seek(0, os.SEEK_END)
        for taken, (number, array) in enumerate(remote, 1):
            assert (array == number).all()
            lines.write(b"%d\n" % number)
            lines.flush()
            if pause_s and taken % 50 == 0:
                time.sleep(pause_s)
            if every and taken % every == 0:
                new = checkpoint.with_suffix(".new")
                new.write_text(json.dumps({"state": remote.state_dict(), "size": lines.tell()}))
                new.replace(checkpoint)


def written(out: Path) -> list[int]:
    return [int(line) for line in out.read_text().splitlines()] if out.exists() else []


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](sys.argv[2], json.loads(sys.argv[3]))
