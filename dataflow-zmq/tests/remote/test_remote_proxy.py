"""Networks that lose, double, delay, reorder and cut: every datapoint is counted."""

from __future__ import annotations

import threading

import pytest
from pairs import all_once, free_port, numbers, receiving, serving
from proxy import BytesProxy, Faults, MessageProxy, schedules

EPOCHS = 2
SIZE = 3000


def faults_id(faults: Faults) -> str:
    return f"{faults.seed}"


@pytest.mark.parametrize("sender_binds", [True, False], ids=["sender-binds", "receiver-binds"])
@pytest.mark.parametrize("faults", schedules(8), ids=faults_id)
def test_bad_treatment_of_messages_changes_nothing(faults: Faults, sender_binds: bool) -> None:
    bound = f"tcp://127.0.0.1:{free_port()}"
    with MessageProxy(bound, faults) as proxy:
        connecting = proxy.addr
        sender = serving(
            numbers(SIZE, large_every=30),
            bound if sender_binds else connecting,
            bind=sender_binds,
            epochs=EPOCHS,
        )
        receiver = receiving(
            connecting if sender_binds else bound, bind=not sender_binds, epochs=EPOCHS
        )
        collected = receiver.result()
        sender.result()
    assert collected == [list(range(SIZE))] * EPOCHS
    for fault, happened in (
        (faults.loss, "lost"),
        (faults.duplicates, "doubled"),
        (faults.late, "delayed"),
    ):
        assert not fault or proxy.counts[happened], "the network was not bad"


@pytest.mark.parametrize("faults", schedules(4, seed=1), ids=faults_id)
def test_several_receivers_get_each_datapoint_once(faults: Faults) -> None:
    bound = f"tcp://127.0.0.1:{free_port()}"
    with MessageProxy(bound, faults) as proxy:
        # Who comes when all is over waits for another sender.
        began = [threading.Event() for _ in range(3)]
        flow = numbers(SIZE, large_every=30, awaited=began)
        sender = serving(flow, bound, bind=True, epochs=EPOCHS)
        receivers = [
            receiving(proxy.addr, bind=False, epochs=EPOCHS, began=event) for event in began
        ]
        collected = [receiver.result() for receiver in receivers]
        sender.result()
    all_once(SIZE, EPOCHS, collected)


@pytest.mark.parametrize("faults", schedules(4, seed=2), ids=faults_id)
def test_several_senders_arrive_whole(faults: Faults) -> None:
    bound = f"tcp://127.0.0.1:{free_port()}"
    with MessageProxy(bound, faults) as proxy:
        senders = [
            serving(numbers(SIZE, large_every=30), proxy.addr, bind=False, epochs=EPOCHS)
            for _ in range(2)
        ]
        receiver = receiving(bound, bind=True, epochs=EPOCHS, senders=2)
        collected = receiver.result()
        for sender in senders:
            sender.result()
    for epoch in collected:
        assert sorted(epoch) == sorted([*range(SIZE)] * 2)


@pytest.mark.parametrize("sender_binds", [True, False], ids=["sender-binds", "receiver-binds"])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(seed=1, cut_every_s=0.1),
        Faults(seed=2, cut_every_s=0.3, late=0.5, delay_s=0.05),
        Faults(seed=3, cut_every_s=1.0, late=0.1, delay_s=0.5, dark_s=1.0),
    ],
    ids=faults_id,
)
def test_cuts_in_the_middle_of_messages_change_nothing(faults: Faults, sender_binds: bool) -> None:
    port = free_port()
    bound = f"tcp://127.0.0.1:{port}"
    with BytesProxy(port, faults) as proxy:
        flow = numbers(SIZE, large_every=50, large_bytes=100_000)
        sender = serving(
            flow, bound if sender_binds else proxy.addr, bind=sender_binds, epochs=EPOCHS
        )
        receiver = receiving(
            proxy.addr if sender_binds else bound, bind=not sender_binds, epochs=EPOCHS
        )
        collected = receiver.result()
        sender.result()
    assert collected == [list(range(SIZE))] * EPOCHS
    assert proxy.cuts
