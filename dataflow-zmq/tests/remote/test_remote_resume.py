"""A receiver's state goes on where it was taken, in every pipeline that it can be part of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pairs import Doing

import dataflow_core as df
from dataflow_core import StateError
from dataflow_zmq import (
    RemoteDataZMQ,
    RemoteLostError,
    RemoteRefusedError,
    send_dataflow_zmq,
)

SIZE = 24


def source() -> df.DataFlow:
    flow = df.DataFromList([[number] for number in range(SIZE)], shuffle=True)
    flow.reset_state(3)
    return flow


@pytest.fixture
def addr(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


def serve(addr: str, flow: df.DataFlow | None = None, **options: Any) -> Doing:
    made = source() if flow is None else flow
    return Doing(lambda: send_dataflow_zmq(made, addr, bind=True, progress=False, **options))


def remote(addr: str) -> RemoteDataZMQ:
    return RemoteDataZMQ(addr, bind=False)


def noisy(dp: Any) -> Any:
    return [int(dp[0]), int(df.rng().integers(1 << 30))]


PIPELINES: dict[str, Callable[[df.DataFlow], df.DataFlow]] = {
    "alone": lambda flow: flow,
    "map": lambda flow: flow.map(noisy),
    "filter": lambda flow: flow.filter(lambda dp: dp[0] % 3 != 0),
    "batch": lambda flow: flow.map(noisy).batch(5, remainder=True),
    "shuffle": lambda flow: flow.shuffle(7),
    "worker": lambda flow: flow.parallel(1, "thread"),
    "threads": lambda flow: flow.map(noisy).parallel(2, "thread"),
    "processes": lambda flow: flow.map(noisy).batch(4, remainder=True).parallel(2, "process"),
    "process": lambda flow: flow.parallel(1, "process"),
}


def plain(dp: Any) -> Any:
    return [each.tolist() if isinstance(each, np.ndarray) else each for each in dp]


@pytest.mark.parametrize("name", PIPELINES)
def test_it_resumes_at_every_datapoint(name: str, addr: str) -> None:
    build = PIPELINES[name]
    serve(addr, epochs=None)
    with build(remote(addr)) as flow:
        flow.reset_state(1)
        expected = [plain(dp) for dp in flow]
    step = 1 if name in ("alone", "batch") else 5
    for count in range(0, len(expected), step):
        with build(remote(addr)) as flow:
            flow.reset_state(1)
            items = iter(flow)
            before = [plain(next(items)) for _ in range(count)]
            state = json.loads(json.dumps(flow.state_dict()))
            for _ in range(min(3, len(expected) - count)):
                next(items)
        assert before == expected[:count]
        with build(remote(addr)) as flow:
            flow.load_state_dict(state)
            rest = [plain(dp) for dp in flow]
        assert rest == expected[count:], f"after {count}"


def test_a_fresh_sender_goes_on_where_the_state_was_taken(addr: str) -> None:
    served = serve(addr, epochs=1)
    with remote(addr) as flow:
        expected = list(flow)
    served.result()
    for count in (1, 10, SIZE - 1):
        abandoned = serve(addr, epochs=1)
        with remote(addr) as flow:
            items = iter(flow)
            before = [next(items) for _ in range(count)]
            state = flow.state_dict()
            list(items)
        abandoned.result()
        fresh = serve(addr, df.DataFromList([[n] for n in range(SIZE)], shuffle=True), epochs=1)
        with remote(addr) as flow:
            flow.load_state_dict(state)
            assert before + list(flow) == expected
        fresh.result()


def test_a_sender_of_another_flow_refuses_the_state(addr: str) -> None:
    served = serve(addr, epochs=1)
    with remote(addr) as flow:
        items = iter(flow)
        next(items)
        state = flow.state_dict()
        list(items)
    served.result()
    serve(addr, df.DataFromList([[1]], shuffle=False), epochs=1)
    with remote(addr) as flow:
        flow.load_state_dict(state)
        with pytest.raises(RemoteRefusedError, match="another pipeline"):
            list(flow.get_data())


def test_a_state_that_others_have_gone_beyond_is_no_way_back(addr: str) -> None:
    serve(addr, df.DataFromList([[n] for n in range(60_000)], shuffle=False), epochs=1)
    other, one = (RemoteDataZMQ(addr, bind=False, hwm=1) for _ in range(2))
    others, items = iter(other), iter(one)
    next(others)
    next(items)
    state = one.state_dict()
    for _ in range(6000):
        next(items)
    one.close()
    with remote(addr) as again:
        again.load_state_dict(state)
        with pytest.raises(RemoteLostError, match="others take part"):
            list(again.get_data())
    other.close()


def test_the_next_epoch_follows_a_resumed_one(addr: str) -> None:
    serve(addr, epochs=None)
    with remote(addr) as flow:
        flow.reset_state(1)
        expected = [list(flow), list(flow)]
    with remote(addr) as flow:
        flow.reset_state(1)
        items = iter(flow)
        before = [next(items) for _ in range(7)]
        state = flow.state_dict()
    with remote(addr) as flow:
        flow.load_state_dict(state)
        assert [before + list(flow.get_data()), list(flow)] == expected


@pytest.mark.parametrize(
    "damage",
    [
        {"lineage": "zz"},
        {"streams": [{}]},
        {"taken": "many"},
        {"streams": 3},
        {"at": 9},
        {"first": -1},
    ],
)
def test_a_damaged_state_is_told(addr: str, damage: dict[str, Any]) -> None:
    serve(addr, epochs=None)
    with remote(addr) as flow:
        items = iter(flow)
        next(items)
        state: Any = flow.state_dict()
    with remote(addr) as flow:
        flow.load_state_dict({**state, "place": {**state["place"], **damage}})
        with pytest.raises(df.StateError):
            next(iter(flow))


def test_epochs_since_the_state_come_once_more(addr: str) -> None:
    served = serve(addr, epochs=3)
    with remote(addr) as flow:
        items = iter(flow)
        first = [next(items) for _ in range(5)]
        state = json.loads(json.dumps(flow.state_dict()))
        first += list(items)
        second = list(flow)
        next(iter(flow))
    with remote(addr) as flow:
        flow.load_state_dict(state)
        assert list(flow) == first[5:]
        # Elsewhere, because it would wait for ever for an epoch that never comes.
        assert Doing(lambda: list(flow)).result() == second
        assert len(Doing(lambda: list(flow)).result()) == SIZE
    served.result()


def lineage_of(flow: df.DataFlow) -> str:
    [found] = set(re.findall(r'"lineage": "([0-9a-f]+)"', json.dumps(flow.state_dict())))
    return str(found)


def test_a_resumed_receiver_stays_who_it_was_in_later_epochs(addr: str) -> None:
    served = serve(addr, epochs=2)
    with remote(addr) as flow:
        next(iter(flow))
        state = flow.state_dict()
        lineage = lineage_of(flow)
    with remote(addr) as flow:
        flow.load_state_dict(state)
        list(flow)
        items = iter(flow)
        next(items)
        assert lineage_of(flow) == lineage
        list(items)
    served.result()


@pytest.mark.parametrize("flow", [[1, 2], df.DataFromList], ids=["list", "class"])
def test_a_sender_says_what_it_serves(flow: Any, addr: str) -> None:
    with pytest.raises(TypeError, match="send_dataflow_zmq serves a DataFlow"):
        send_dataflow_zmq(flow, addr)


def test_a_state_file_that_cannot_be_is_named_with_what_to_do(addr: str, tmp_path: Path) -> None:
    def refused(path: Path, error: type[Exception], told: str) -> None:
        with pytest.raises(error, match=told) as caught:
            send_dataflow_zmq(source(), addr, bind=True, state_file=path, progress=False)
        assert path.name in str(caught.value)

    refused(tmp_path, IsADirectoryError, "name a file in it")
    refused(tmp_path / "missing" / "state.json", FileNotFoundError, "make it first")
    damaged = tmp_path / "damaged.json"
    for text, told in (
        ("{", "delete this one"),
        ("[]", "delete this one"),
        ('{"version": 1}', "delete it to begin anew"),
        ('{"version": 1, "state": "x"}', "delete it to begin anew"),
    ):
        damaged.write_text(text, encoding="utf-8")
        refused(damaged, StateError, told)
