"""Whatever is killed, and whenever: the stream is the sequential one, and so is the rest of it.

`DATAFLOW_EXAMPLES` says how many pipelines are drawn, a fiftieth of it here; several workers of
each are killed. `--log-cli-level=INFO` tells how many that were.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pipelines import Recipe, canonical, outcome, pipelines

import dataflow_core as df
from dataflow_core.testing import Remains

SEED = 2**41 + 5
EXAMPLES = int(os.environ.get("DATAFLOW_EXAMPLES", "100"))
PROCESSES = ["process", "zmq"]

done: Counter[str] = Counter()

few = settings(
    deadline=None,
    max_examples=max(1, EXAMPLES // 50),
    # Another run of the same example need not fail: the moment of a kill is not a number.
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
    database=None,
)


#: Some workers stay idle, and that is told.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(autouse=True, scope="module")
def _told() -> Iterator[None]:
    yield
    logging.getLogger(__name__).info("%s", dict(done))


@dataclass(frozen=True)
class Kill:
    """What is done to an epoch.

    Attributes:
        after: so many datapoints a worker is killed.
        delay_s: from then.
        victim: which, modulo their number.
        how: the signal.
        resume_at: after so many datapoints a state is taken.
        onto: a backend that goes on with it; None: the sequential pipeline.
        workers: of that.
    """

    after: int
    delay_s: float
    victim: int
    how: signal.Signals
    resume_at: int
    onto: str | None
    workers: int


kills = st.builds(
    Kill,
    after=st.integers(0, 30),
    delay_s=st.sampled_from([0.0, 0.0, 0.0002, 0.001, 0.005, 0.02, 0.1]),
    victim=st.integers(0, 5),
    how=st.sampled_from([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV]),
    resume_at=st.integers(0, 48),
    onto=st.sampled_from([None, None, None, "inline", "thread", "process", "zmq"]),
    workers=st.integers(1, 3),
)


@contextmanager
def killing(plan: Kill, others: frozenset[int]) -> Iterator[threading.Timer]:
    """Give a timer that kills a worker; the block ends when it has."""

    def kill() -> None:
        workers = sorted(Remains.now().children - others)
        if workers:
            os.kill(workers[plan.victim % len(workers)], plan.how)
            done["kills"] += 1

    timer = threading.Timer(plan.delay_s, kill)
    try:
        yield timer
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()


def check_epoch(
    flow: df.DataFlow, recipe: Recipe, epoch: int, plan: Kill, others: frozenset[int]
) -> None:
    sequential = recipe()
    sequential.reset_state(SEED)
    sequential.set_epoch(epoch)
    expected = outcome(sequential)
    flow.set_epoch(epoch)
    resume_at = plan.resume_at % (len(expected) + 1)
    after = plan.after % max(1, len(expected))
    seen = []
    state = flow.state_dict()
    with killing(plan, others) as timer:
        if after == 0:
            timer.start()
        try:
            for dp in flow:
                seen.append(canonical(dp))
                if len(seen) == after:
                    timer.start()
                if len(seen) == resume_at:
                    state = flow.state_dict()
        except df.WorkerDiedError:
            raise  # One death is nobody's fault.
        except df.DataFlowError as error:
            seen.append(("raised", type(error).__name__))
    assert seen == expected
    done["epochs"] += 1
    rest = recipe()
    if plan.onto is not None:
        rest = rest.parallel(plan.workers, plan.onto)
    with rest:
        rest.load_state_dict(json.loads(json.dumps(state)))
        if resume_at <= len([item for item in expected if item[0] != "raised"]):
            assert outcome(rest) == expected[resume_at:]
            done["resumed"] += 1


@pytest.mark.parametrize("backend", PROCESSES)
@few
@given(pipelines(), st.integers(1, 3), st.lists(kills, min_size=4, max_size=10))
def test_a_kill_at_any_moment_changes_nothing(
    backend: str, recipe: Recipe, workers: int, plans: list[Kill]
) -> None:
    others = Remains.now().children
    with recipe().parallel(workers, backend) as flow:
        flow.reset_state(SEED)
        for epoch, plan in enumerate(plans):
            check_epoch(flow, recipe, epoch, plan, others)
        done["workers lost"] += flow.stats()["workers_lost"]
    done["flows"] += 1
    assert not Remains.now().children - others
