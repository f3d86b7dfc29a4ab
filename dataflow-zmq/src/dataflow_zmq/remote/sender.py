"""The sending end of a remote flow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any, SupportsIndex

from dataflow_core import DataFlow, StateError, UnknownLengthError
from dataflow_core.flow import checked_count
from dataflow_zmq.remote.access.address import check_address
from dataflow_zmq.remote.access.keys import KeyFile, KeyFiles, Keys
from dataflow_zmq.remote.checks import checked_timeout
from dataflow_zmq.remote.sending.desk import Desk
from dataflow_zmq.remote.sending.producer import Producer
from dataflow_zmq.remote.sending.protocol import Identity, Sending
from dataflow_zmq.remote.sending.snapshot import restore
from dataflow_zmq.remote.sending.state_file import StateFile
from dataflow_zmq.remote.wire.loop import Sockets
from dataflow_zmq.remote.wire.messages import ID_BYTES


def send_dataflow_zmq(  # noqa: PLR0913  (what users know, and one keyword for each thing more)
    df: DataFlow,
    addr: str,
    hwm: SupportsIndex = 50,
    format: None = None,  # noqa: A002  the name that users know
    bind: bool = False,
    *,
    epochs: SupportsIndex | None = None,
    state_file: str | os.PathLike[str] | None = None,
    server_keys: KeyFile | None = None,
    authorized_keys: KeyFiles | None = None,
    insecure: bool = False,
    timeout: float | None = 30.0,
    progress: bool = True,
) -> None:
    """Serve `df` to receivers (`RemoteDataZMQ`) until all that was asked for is consumed.

    Order: that of `df`. Receivers share the datapoints of an epoch, evenly if they keep up; each
    goes to exactly one of them, and is sent again until one has consumed it: over cut connections,
    and to others where a receiver died or left. Which epoch is served is what receivers ask for.
    What `df` raises is raised in every receiver, as text, after everything that came before it, and
    then here. A receiver that is between two epochs while others consume the last one is waited
    for, up to `timeout`.

    Datapoints are what `dataflow_core.codec` knows; nothing is pickled. An array must not be
    changed once it was yielded. At most `hwm` parcels (64 KiB, or one datapoint if that is larger)
    for each receiver are in memory.

    With `state_file` a sender that was killed at any moment is started again with the same call,
    and goes on where it was. `df` must be resumable then.

    Args:
        df: the flow. It is closed at the end.
        addr: `tcp://HOST:PORT` or `ipc://PATH`, to bind or to connect to.
        hwm: how many parcels may be under way to one receiver.
        format: None; there is one format.
        bind: whether to bind, so that receivers connect; else the other way round.
        epochs: how many to serve before returning; None: without end.
        state_file: where to keep how far this is.
        server_keys: key file of the side that binds: there its secret one, here its public one if
            the receiver binds.
        authorized_keys: keys of those who connect: where they connect to, a folder, a file or a
            list of files of public keys; here this side's own secret file, if the receiver binds.
        insecure: whether a tcp address that other machines reach may go without keys.
        timeout: seconds after which others are given what a silent receiver has; None: never.
        progress: whether to show a progress bar.

    Raises:
        TypeError: `df` is no flow.
        ValueError: `format` is given, or a number is out of its range.
        RemoteRefusedError: an address, a key or the state file cannot be used.
        NotResumableError: with `state_file`, if `df` cannot repeat itself.
        FingerprintMismatchError: the state file is of another flow.
        Exception: what `df` raises.
    """
    if not isinstance(df, DataFlow):
        kind = f"the class {df.__name__}" if isinstance(df, type) else type(df).__name__
        raise TypeError(
            f"send_dataflow_zmq serves a DataFlow, such as DataFromList(...), not {kind}"
        )
    if format is not None:
        raise ValueError(
            f"format={format!r}: there is one format, the codec's, which every RemoteDataZMQ reads;"
            " leave it out"
        )
    keys = Keys.load(server_keys, authorized_keys, bound=bind)
    check_address(addr, secure=keys is not None, insecure=insecure)
    most = None if epochs is None else checked_count(epochs, "epochs", "send_dataflow_zmq")
    per_receiver, timeout_s = (
        checked_count(hwm, "hwm", "send_dataflow_zmq"),
        checked_timeout(timeout),
    )
    with ExitStack() as stack:
        stack.callback(df.close)
        show = stack.enter_context(_bar(shown=progress))
        kept = None
        if state_file is not None:
            kept = StateFile(state_file)
            stack.callback(kept.close)
        machine = Sending(
            Identity(os.urandom(ID_BYTES), os.urandom(ID_BYTES)),
            hwm=per_receiver,
            epochs=most,
            timeout_s=timeout_s,
        )
        if kept is not None:
            content = kept.load()
            try:
                _take_up(df, machine, content)
            except (KeyError, TypeError, ValueError) as error:
                raise StateError(
                    f"the sender's state file {kept.path} is damaged ({error!r}):"
                    " bring back one that is whole, or delete it to begin anew"
                ) from error
        try:
            machine.length = len(df)
        except UnknownLengthError:
            machine.length = -1
        sockets = Sockets([addr], bind=bind, keys=keys, patience_s=timeout_s)
        machine.announces = sockets.routes
        desk = Desk(sockets, machine, kept, show)
        stack.callback(desk.close)
        try:
            Producer(df, desk).run()
        except BaseException as error:
            if kept is None:
                desk.abort(f"the sender was ended by {type(error).__name__}")
            raise


def _take_up(df: DataFlow, machine: Sending, kept: Mapping[str, Any] | None) -> None:
    """Go on where the file of an earlier sender says."""
    if kept is None:
        machine.progress.state = json.dumps(df.state_dict())
        return
    df.load_state_dict(json.loads(kept["state"]))
    restore(machine, kept, monotonic())


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[int], None]]:
    if not shown:
        yield _show_nothing
        return
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        monitor_interval = 0  # no thread that stays

    with Bar(unit="dp", desc="sent") as bar:
        yield lambda consumed: bar.update(consumed - bar.n) and None


def _show_nothing(_consumed: int) -> None:
    pass
