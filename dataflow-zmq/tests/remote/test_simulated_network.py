from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from network import Consumer, Faults, Machine, Network

from dataflow_zmq.errors import RemoteLostError

SEEDS = st.integers(0, 2**32)
FAULTS = st.builds(
    Faults,
    loss=st.sampled_from([0.0, 0.1, 0.4]),
    duplicates=st.sampled_from([0.0, 0.3]),
    delay=st.sampled_from([0, 3, 12]),
    cut=st.sampled_from([0.0, 0.05]),
)


def epoch(number: int, size: int) -> list[tuple[int, int]]:
    return [(number, index) for index in range(size)]


def network(seed: int, faults: Faults, receivers: int, size: int, **options: object) -> Network:
    rng = random.Random(seed)
    hwm = rng.randint(1, 6)
    machine = Machine(
        rng, size, hwm=hwm, timeout_s=options.get("timeout_s", 30.0), epochs=options.get("epochs")
    )
    consumers = [
        Consumer(rng, hwm=rng.randint(1, 6), timeout_s=options.get("timeout_s", 30.0))
        for _ in range(receivers)
    ]
    return Network(rng, faults, machine, consumers)


@settings(max_examples=300, deadline=None)
@given(SEEDS, FAULTS, st.integers(1, 3), st.integers(0, 40))
def test_each_datapoint_reaches_one_receiver_whatever_the_network_does(
    seed: int, faults: Faults, receivers: int, size: int
) -> None:
    net = network(seed, faults, receivers, size, timeout_s=None)
    for number in range(2):
        for consumer in net.consumers:
            consumer.begin(number, net.now)
        net.run(lambda: not any(each.running for each in net.consumers))
        assert [each.error for each in net.consumers] == [None] * receivers
        got = [dp for each in net.consumers for dp in each.got if dp[0] == number]
        assert Counter(got) == Counter(epoch(number, size))
    if receivers == 1:
        assert net.consumers[0].got == epoch(0, size) + epoch(1, size)


@pytest.mark.parametrize("seed", range(20))
def test_receivers_that_keep_up_share_what_a_slow_flow_makes(seed: int) -> None:
    net = network(seed, Faults(), 3, 200)
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    net.run(lambda: all(each.ends for each in net.consumers))
    assert min(len(each.got) for each in net.consumers) > 30


@settings(max_examples=300, deadline=None)
@given(SEEDS, FAULTS, st.integers(2, 3), st.integers(0, 20))
def test_a_sender_that_ends_leaves_nobody_waiting_who_was_there(
    seed: int, faults: Faults, receivers: int, size: int
) -> None:
    net = network(seed, faults, receivers, size, timeout_s=None, epochs=2)
    net.ends = True
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    # Who comes when all is over waits for another sender.
    net.run(lambda: len(net.machine.sending.links) == receivers)

    def all_done() -> bool:
        for each in net.consumers:
            if each.ends == [0] and not each.running and net.rng.random() < 0.1:
                each.begin(1, net.now)
        return all(each.ends == [0, 1] for each in net.consumers)

    net.run(all_done)
    for number in (0, 1):
        got = [dp for each in net.consumers for dp in each.got if dp[0] == number]
        assert Counter(got) == Counter(epoch(number, size))


@pytest.mark.parametrize("seed", range(20))
def test_a_sender_does_not_wait_forever_for_a_receiver_that_has_had_enough(seed: int) -> None:
    net = network(seed, Faults(), 2, 20, timeout_s=5.0, epochs=2)
    net.ends = True
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    net.run(lambda: all(each.ends for each in net.consumers))
    net.consumers[0].begin(1, net.now)
    net.run(lambda: net.consumers[0].ends == [0, 1])
    began = net.now
    net.run(lambda: net.ended)
    assert net.now - began < 6.0


@settings(max_examples=200, deadline=None)
@given(SEEDS, FAULTS, st.integers(1, 3), st.integers(1, 40))
@example(302157329, Faults(loss=0.1, delay=12, cut=0.05), 2, 1)
def test_what_a_receiver_leaves_goes_to_the_others(
    seed: int, faults: Faults, receivers: int, size: int
) -> None:
    net = network(seed, faults, receivers, size, timeout_s=None)
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    for _ in range(net.rng.randint(0, 60)):
        net.step()
    leaver = net.consumers[0]
    if leaver.running:
        leaver.leave()
        net.run(lambda: leaver.receiving.left)
    leaver.alive = False
    other = Consumer(net.rng, hwm=3, timeout_s=None)
    net.consumers.append(other)
    if leaver.ends:
        return
    other.begin(0, net.now)
    net.run(lambda: not any(each.running for each in net.consumers[1:]))
    got = Counter(dp for each in net.consumers for dp in each.got)
    # Whoever asks for an epoch that is over, where all who had it have left, gets it anew.
    assert net.machine.sending.course is not None
    times = range(1, net.machine.sending.course.number + 1)
    assert got in [Counter(epoch(0, size) * several) for several in times]


@settings(max_examples=300, deadline=None)
@given(SEEDS, FAULTS, st.integers(1, 3), st.integers(1, 40))
def test_a_sender_restarted_from_its_file_at_any_moment_changes_nothing(
    seed: int, faults: Faults, receivers: int, size: int
) -> None:
    net = network(seed, faults, receivers, size, timeout_s=None)
    net.saves = True
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    for _ in range(net.rng.randint(1, 4)):
        for _ in range(net.rng.randint(1, 30)):
            net.step()
        net.machine.restart(net.now)
    net.run(lambda: not any(each.running for each in net.consumers))
    assert [each.error for each in net.consumers] == [None] * receivers
    assert Counter(dp for each in net.consumers for dp in each.got) == Counter(epoch(0, size))


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 3), st.integers(1, 40))
def test_what_a_killed_receiver_had_is_sent_to_others(seed: int, receivers: int, size: int) -> None:
    net = network(seed, Faults(delay=2), receivers, size, timeout_s=5.0)
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    for _ in range(net.rng.randint(0, 20)):
        net.step()
    victim = net.consumers[0]
    if not victim.running:
        return
    victim.alive = False
    other = Consumer(net.rng, hwm=3, timeout_s=5.0)
    net.consumers.append(other)
    other.begin(0, net.now)
    alive = net.consumers[1:]
    net.run(lambda: not any(each.running for each in alive))
    assert [each.error for each in alive] == [None] * len(alive)
    living = Counter(dp for each in alive for dp in each.got)
    assert max(living.values(), default=1) == 1
    assert set(living) | set(victim.got) == set(epoch(0, size))


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_a_silent_receiver_that_comes_back_never_makes_two_of_one(seed: int, size: int) -> None:
    net = network(seed, Faults(), 2, size, timeout_s=5.0)
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    for _ in range(net.rng.randint(0, 20)):
        net.step()
    sleeper = net.consumers[0]
    sleeper.alive = False
    for _ in range(net.rng.randint(0, 100)):
        net.step()
    sleeper.alive = True
    net.run(lambda: not any(each.running for each in net.consumers))
    got = Counter(dp for each in net.consumers for dp in each.got)
    lost = [each for each in net.consumers if each.error is not None]
    assert all(isinstance(each.error, RemoteLostError) for each in lost)
    if not lost:
        assert got == Counter(epoch(0, size))


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 60), st.integers(0, 100))
def test_who_consumes_what_others_were_given_meanwhile_is_told(
    seed: int, size: int, silence: int
) -> None:
    rng = random.Random(seed)
    machine = Machine(rng, size, hwm=6, timeout_s=5.0)
    consumers = [Consumer(rng, hwm=rng.randint(1, 6), timeout_s=60.0) for _ in range(2)]
    net = Network(rng, Faults(), machine, consumers)
    for consumer in consumers:
        consumer.begin(0, net.now)
    for _ in range(rng.randint(0, 20)):
        net.step()
    consumers[0].deaf = True
    for _ in range(silence):
        net.step()
    consumers[0].deaf = False
    net.run(lambda: not any(each.running for each in consumers))
    got = Counter(dp for each in consumers for dp in each.got)
    assert set(got) == set(epoch(0, size))
    if consumers[0].error is None:
        assert got == Counter(epoch(0, size))


@settings(max_examples=200, deadline=None)
@given(SEEDS, FAULTS, st.integers(1, 60))
def test_iterating_anew_does_not_bring_back_what_was_consumed(
    seed: int, faults: Faults, size: int
) -> None:
    net = network(seed, faults, 2, size, timeout_s=None)
    for consumer in net.consumers:
        consumer.begin(0, net.now)
    restless = net.consumers[0]
    for _ in range(net.rng.randint(1, 4)):
        for _ in range(net.rng.randint(0, 15)):
            net.step()
        if all(each.running for each in net.consumers):
            restless.leave()
            restless.begin(0, net.now)
    net.run(lambda: not any(each.running for each in net.consumers))
    course = net.machine.sending.course
    # Else the other was not heard of for seconds, and the epoch begun anew without it.
    assume(course is not None and course.number == 1)
    assert [each.error for each in net.consumers] == [None, None]
    assert Counter(dp for each in net.consumers for dp in each.got) == Counter(epoch(0, size))


@settings(max_examples=300, deadline=None)
@given(SEEDS, FAULTS, st.integers(1, 40), st.booleans(), st.integers(0, 40), st.booleans())
def test_a_lone_receiver_resumes_where_its_state_was_taken(
    seed: int, faults: Faults, size: int, fresh: bool, further: int, farewell: bool
) -> None:
    net = network(seed, faults, 1, size, timeout_s=None)
    first = net.consumers[0]
    first.begin(0, net.now)
    for _ in range(net.rng.randint(1, 60)):
        net.step()
    if not first.running or not first.got:
        return
    # As RemoteRun takes it.
    current = first.receiving.current
    places = first.receiving.places()
    if current is not None:
        taken = first.position + 1 - first.base
        (place,) = places

        places = [
            replace(place, state=current.state, state_seq=current.state_seq).after(
                current.first, taken
            )
        ]
    before = list(first.got)
    for _ in range(further):
        net.step()
    if farewell and first.running:
        first.leave()
        net.run(lambda: first.receiving.left)
    first.alive = False
    if fresh:
        net.machine = Machine(net.rng, size, hwm=3, timeout_s=None)
    again = Consumer(net.rng, hwm=3, timeout_s=None)
    net.consumers.append(again)
    again.begin(0, net.now, places, first.receiving.iteration.lineage)
    net.run(lambda: not again.running)
    assert again.error is None
    assert before + again.got == epoch(0, size)
