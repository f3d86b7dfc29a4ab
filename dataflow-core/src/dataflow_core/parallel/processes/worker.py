"""The worker's side of the process backend: runs in a fresh interpreter."""

from __future__ import annotations

import socket
from typing import TypedDict

from dataflow_core.parallel.processes.worker_loop import run_worker
from dataflow_core.parallel.transport.channel import Channel
from dataflow_core.parallel.transport.packing import PICKLE
from dataflow_core.parallel.transport.slots import Incoming, Outgoing, map_flags
from dataflow_core.parallel.transport.wire import Wire

NAME = "process"


class Arguments(TypedDict):
    """What a worker is started with: descriptors, mostly."""

    socket: int
    incoming: int
    outgoing: int
    limit_bytes: int | None
    worker: int


def main(arguments: Arguments) -> None:
    """Take the part, answer tasks, until told to stop."""
    wire = Wire(socket.socket(fileno=arguments["socket"]), blocking=True)
    outgoing = Outgoing(map_flags(arguments["outgoing"]), arguments["limit_bytes"])
    incoming = Incoming(map_flags(arguments["incoming"]))
    run_worker(Channel(wire, outgoing, incoming), NAME, arguments["worker"], PICKLE)
