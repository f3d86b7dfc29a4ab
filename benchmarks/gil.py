"""How much of the time an image pipeline keeps other threads from running Python.

A thread that decodes and augments needs the interpreter's lock (GIL) between its calls of OpenCV.
While one thread holds it all others wait, so this share bounds how many threads are of use: with
12 % it takes eight of them to keep the lock busy.

First, py-spy looks, some hundred times a second, whether the one thread of a program that does
the ResNet input holds the lock. Then the same work is done by one and by two threads, and by bare
threads that only decode, whose gain from a second thread is all that the machine gives.

    pip install py-spy
    python benchmarks/gil.py [--seconds 10] [--rounds 5]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
from alternating import measure, report
from bare.decoding import decode
from work.jpegs import read_jpegs, write_jpegs
from work.resnet import BATCH_SIZE, pipeline
from work.timed import seconds_for

AIM_SHARE = 0.12

#: Of the gain from a second thread that bare decoding has.
AIM_GAIN = 0.95

BATCHES = 20
RATE_HZ = 250

#: Imports and the first batches, in seconds.
_START_UP = 3.0

#: More than the program comes to before it is ended.
_ENDLESS = 10_000_000


def share_held(folder: Path, seconds: int) -> float | None:
    """Return the share of the time that a thread with this work holds the lock.

    Returns:
        None where py-spy is not installed.

    Raises:
        CalledProcessError: if py-spy may not look into the program; see its documentation.
    """
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        return None
    program = [sys.executable, __file__, "--alone", str(folder)]
    with subprocess.Popen(program) as running:
        try:
            time.sleep(_START_UP)
            sampled = [_samples(spy, running.pid, seconds, only) for only in ([], ["--gil"])]
        finally:
            running.kill()
    every, holding = sampled
    return holding / every


def _samples(spy: str, pid: int, seconds: int, options: Sequence[str]) -> int:
    """Return how many stacks py-spy saw; without `--gil` those of threads that are not idle."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks.txt"
        subprocess.run(
            [
                *(spy, "record", "--pid", str(pid), "--duration", str(seconds)),
                *("--rate", str(RATE_HZ), "--format", "raw", "--output", str(stacks)),
                *options,
            ],
            check=True,
            capture_output=True,
        )
        # Each line is a stack and how often it was seen.
        return sum(int(line.rsplit(" ", 1)[1]) for line in stacks.read_text().splitlines())


def gain_of_a_second_thread(jpegs: Sequence[bytes], rounds: int) -> None:
    """Print how much of what bare threads gain by a second one the pipeline gains, too."""
    size = BATCHES * BATCH_SIZE
    with (
        pipeline(jpegs, size).parallel(1) as one,
        pipeline(jpegs, size).parallel(2) as two,
    ):
        ours = measure(
            partial(seconds_for, one, BATCHES), partial(seconds_for, two, BATCHES), rounds
        )
        bare = measure(
            partial(_seconds_bare, jpegs, size, 1), partial(_seconds_bare, jpegs, size, 2), rounds
        )
    ratio = ours.ratio / bare.ratio
    report(
        "gain from a second thread, against that of bare decoding",
        ratio,
        f"≥ {AIM_GAIN}",
        reached=ratio >= AIM_GAIN,
        details=f"{ours.ratio:.2f} times as fast, decoding {bare.ratio:.2f}",
    )


def _seconds_bare(jpegs: Sequence[bytes], size: int, threads: int) -> float:
    began = time.perf_counter()
    decode(jpegs, size, threads)
    return time.perf_counter() - began


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10, help="for which py-spy looks")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    if options.alone:
        seconds_for(pipeline(read_jpegs(options.alone), _ENDLESS), _ENDLESS // BATCH_SIZE)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_jpegs(folder, 64)
        share = share_held(folder, options.seconds)
        if share is None:
            print("share of the time that holds the GIL: left out, py-spy is not installed")
        else:
            report(
                "share of the time that a thread with the ResNet input holds the GIL",
                share,
                f"≤ {AIM_SHARE}",
                reached=share <= AIM_SHARE,
                details=f"{RATE_HZ} looks a second for {options.seconds} s",
            )
        gain_of_a_second_thread(read_jpegs(folder), options.rounds)


if __name__ == "__main__":
    main()
