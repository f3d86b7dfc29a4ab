"""One owner for every pool: lent to one run at a time, closed once, and never from a fork."""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest

from dataflow_core.errors import WorkerDiedError
from dataflow_core.parallel.engine.lease import Keeper


class Pool:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def submit(self, task: Any) -> None: ...

    def receive(self) -> Any: ...

    def cancel(self) -> None:
        self.calls.append("cancel")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def pools() -> list[Pool]:
    return []


@pytest.fixture
def keeper(pools: list[Pool]) -> Keeper:
    def start() -> Pool:
        pools.append(Pool())
        return pools[-1]

    return Keeper(start)


def test_runs_one_after_the_other_get_the_same_pool_and_numbers_that_go_on(
    keeper: Keeper, pools: list[Pool]
) -> None:
    with keeper.lease() as first:
        assert [next(first.numbers) for _ in range(3)] == [0, 1, 2]
    with keeper.lease() as second:
        assert next(second.numbers) == 3
    assert len(pools) == 1
    assert pools[0].calls == ["cancel", "cancel"]


def test_a_run_inside_a_run_gets_a_pool_of_its_own_that_ends_with_it(
    keeper: Keeper, pools: list[Pool]
) -> None:
    with keeper.lease(), keeper.lease():
        assert len(pools) == 2
    assert pools[1].calls == ["close"]
    assert "close" not in pools[0].calls


def test_a_keeper_that_is_forgotten_closes_its_pool(pools: list[Pool]) -> None:
    def start() -> Pool:
        pools.append(Pool())
        return pools[-1]

    keeper = Keeper(start)
    with keeper.lease():
        pass
    del keeper
    gc.collect()
    assert pools[0].calls[-1] == "close"


def test_closing_twice_closes_once_and_the_next_lease_starts_anew(
    keeper: Keeper, pools: list[Pool]
) -> None:
    with keeper.lease():
        pass
    keeper.close()
    keeper.close()
    assert pools[0].calls.count("close") == 1
    with keeper.lease():
        pass
    assert len(pools) == 2


def test_a_pool_whose_workers_failed_is_not_lent_again(keeper: Keeper, pools: list[Pool]) -> None:
    with pytest.raises(WorkerDiedError), keeper.lease():
        raise WorkerDiedError("of their task")
    assert "close" in pools[0].calls
    with keeper.lease():
        pass
    assert len(pools) == 2


def test_a_users_exception_leaves_the_pool_to_the_next_run(
    keeper: Keeper, pools: list[Pool]
) -> None:
    with pytest.raises(ValueError, match="mine"), keeper.lease():
        raise ValueError("mine")
    with keeper.lease():
        pass
    assert len(pools) == 1


def test_a_fork_neither_cancels_nor_closes_what_is_its_parents(
    keeper: Keeper, pools: list[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()
    with keeper.lease():
        monkeypatch.setattr(os, "getpid", lambda: here + 1)
    keeper.close()
    assert pools[0].calls == []
    with keeper.lease():
        assert len(pools) == 2
    monkeypatch.undo()
