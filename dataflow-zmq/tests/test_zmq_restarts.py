"""Workers may be replaced for ever: one listener serves them all, and nothing piles up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.parallel import WorkersPart
from dataflow_core.testing import Remains
from dataflow_zmq.endpoint import Endpoint
from dataflow_zmq.pool import ZMQPool

RESTARTS = 50
EACH = 4


def listeners() -> int:
    """Return how many Unix sockets of this system are bound and listen for us."""
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    ours = {
        str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()
    }
    accepting = "00010000"
    return sum(
        f"socket:[{fields[6]}]" in ours
        for fields in (line.split() for line in lines)
        if fields[3] == accepting
    )


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="this system does not tell")
def test_fifty_restarts_take_no_more_descriptors_than_one(tmp_path: Path) -> None:
    directory = str(tmp_path)

    def die(dp: Any) -> Any:
        mark = Path(directory, str(dp[0]))
        if dp[0] % EACH == 0 and not mark.exists():
            mark.touch()
            os._exit(1)
        return dp

    numbers = df.DataFromList([[number] for number in range(RESTARTS * EACH)], shuffle=False)
    seen: list[Any] = []
    descriptors: list[int] = []
    with numbers.map(die).parallel(1, "zmq", max_in_flight=2) as flow:
        for dp in flow:
            seen.append(dp)
            if dp[0] % EACH == 0:
                descriptors.append(Remains.now().descriptors)
                assert listeners() == 1
        assert flow.stats()["workers_lost"] == RESTARTS
    assert seen == [[number] for number in range(RESTARTS * EACH)]
    # A connection that ends may be there a moment longer than the worker.
    assert descriptors[-1] <= descriptors[0] + 2


def test_no_file_is_there_while_workers_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "O_PATH"):
        pytest.skip("this system needs the socket's file")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool = ZMQPool(WorkersPart(), 1)
    try:
        assert [*tmp_path.iterdir()] == []
    finally:
        pool.close()


def test_where_descriptors_lead_nowhere_the_file_stays_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delattr(os, "O_PATH", raising=False)
    flow = df.DataFromList([[1], [2]], shuffle=False).map(lambda dp: dp).parallel(2, "zmq")
    with flow:
        reading = iter(flow)
        assert next(reading) == [1]
        assert len([*tmp_path.iterdir()]) == 1
        assert list(reading) == [[2]]
    assert [*tmp_path.iterdir()] == []


def test_an_endpoint_closes_what_it_opened(tmp_path: Path) -> None:
    before = Remains.now().descriptors
    endpoint = Endpoint()
    endpoint.close()
    endpoint.close()
    after = Remains.now().descriptors
    assert after == before
    assert endpoint.directory is None


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("not me")


def test_a_pool_that_cannot_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stowaway = Unpicklable()
    before = Remains.now()
    flow = df.DataFromList([[1]], shuffle=False).map(lambda dp: [stowaway]).parallel(1, "zmq")
    with pytest.raises(df.NotPicklableError):
        list(flow)
    assert not Remains.now().beyond(before)
