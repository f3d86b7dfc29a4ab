"""How a sender's verdict ends a round for its receiver."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataflow_zmq.errors import RemotePipelineError, RemoteRefusedError
from dataflow_zmq.remote.receiving.inlet import Inlet
from dataflow_zmq.remote.wire.messages import Verdict

if TYPE_CHECKING:
    from dataflow_zmq.remote.receiving.protocol import Receiving


def judge(receiving: Receiving, inlet: Inlet, verdict: Verdict, texts: Sequence[str]) -> None:
    """Take note of a verdict other than NONE, and of what was said about it."""
    message, error_type, traceback = (*texts, "", "", "")[:3]
    if verdict is Verdict.LAPSED:
        _lapse(receiving, inlet, message, error_type)
        return
    inlet.verdict, inlet.reading, inlet.urgent = verdict, False, True
    inlet.final = verdict is Verdict.LAST
    if verdict is Verdict.FAILED:
        receiving.fail(
            RemotePipelineError(
                f"the sender's pipeline raised {error_type}: {message}\n\n{traceback}",
                error_type=error_type,
                remote_traceback=traceback,
            )
        )
    elif verdict is Verdict.LOST:
        receiving.lose(inlet, message)
    elif verdict is Verdict.REFUSED:
        receiving.fail(RemoteRefusedError(f"the sender refused the state: {message}"))


def _lapse(receiving: Receiving, inlet: Inlet, done: str, upto: str) -> None:
    """Enter again, if nothing was consumed that others were given meanwhile."""
    at_hand = receiving.current is not None and receiving.current.inlet is inlet
    if at_hand or (str(inlet.done), str(inlet.upto)) != (done, upto):
        inlet.verdict, inlet.reading = Verdict.LOST, False
        receiving.lose(
            inlet,
            "this receiver was silent for so long that others were given what it had, and it"
            " has consumed some of that: it would come twice. Give both sides a longer"
            " timeout=",
        )
        return
    receiving.ready = deque(each for each in receiving.ready if each.inlet is not inlet)
    receiving.rounds += 1
    inlet.enter(receiving.rounds, receiving.iteration.entry())
