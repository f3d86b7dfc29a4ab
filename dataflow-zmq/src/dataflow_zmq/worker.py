"""The worker's side: runs in a fresh process, until it is told to stop."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TypedDict

import zmq
from zmq.utils.monitor import recv_monitor_message

from dataflow_core.parallel import Channel, Incoming, Outgoing, map_flags, run_worker
from dataflow_zmq.slot_wire import WorkerWire

#: Where ZeroMQ tells what becomes of the connection.
_MONITOR = "inproc://monitor"

#: How long the last words of a worker may take to be sent.
LINGER_MILLISECONDS = 500


class Arguments(TypedDict):
    """What a worker is started with."""

    address: str
    identity: str
    worker: int
    incoming: int
    outgoing: int
    limit_bytes: int | None


def main(arguments: Arguments) -> None:
    """Say hello, take the workers' part, answer tasks."""
    context = zmq.Context()
    try:
        with context.socket(zmq.DEALER) as socket:
            _connect(socket, arguments)
            threading.Thread(
                target=_end_when_cut_off, args=(context,), name="dataflow-zmq-monitor", daemon=True
            ).start()
            channel = Channel(
                WorkerWire(socket, os.getppid()),
                Outgoing(map_flags(arguments["outgoing"]), arguments["limit_bytes"]),
                Incoming(map_flags(arguments["incoming"])),
            )
            run_worker(channel, "zmq", arguments["worker"], hello=True)
    finally:
        # Not by `with`, which would close the monitor's socket under its thread.
        context.term()


def _connect(socket: zmq.Socket[bytes], arguments: Arguments) -> None:
    socket.linger = LINGER_MILLISECONDS
    socket.sndhwm = socket.rcvhwm = 0  # The engine bounds what is under way.
    socket.setsockopt(zmq.IDENTITY, arguments["identity"].encode())
    socket.monitor(_MONITOR, zmq.EVENT_DISCONNECTED)
    socket.connect(arguments["address"])


def _end_when_cut_off(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """End this process once its connection breaks: ZeroMQ would make another and lose messages."""
    # That the socket or the context is closed here tells of the end that was meant.
    with suppress(zmq.ZMQError), context.socket(zmq.PAIR) as monitor:
        monitor.connect(_MONITOR)
        if recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED:
            os._exit(1)
