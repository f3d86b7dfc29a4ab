"""The receiving end of a remote flow."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import SupportsIndex

from dataflow_core import DataFlow, UnknownLengthError
from dataflow_core.flow import Place, Run, Scope, checked_count
from dataflow_zmq.remote.access.address import check_address
from dataflow_zmq.remote.access.keys import KeyFile, KeyFiles, Keys
from dataflow_zmq.remote.checks import checked_timeout
from dataflow_zmq.remote.receiving.connection import Connection, Terms
from dataflow_zmq.remote.receiving.run import RemoteRun

#: Stages ask for lengths when a pipeline is put together, long before its senders need be there.
LENGTH_PATIENCE_S = 2.0


class RemoteDataZMQ(DataFlow):
    """Datapoints that `send_dataflow_zmq` sends, from one sender or several.

    Order: each sender's; those of several come as they arrive. Several receivers of one sender
    share its datapoints, each of which goes to exactly one of them. Duplicates: none. Loss: none;
    where one cannot be ruled out, RemoteLostError. A datapoint is consumed when the one after it is
    asked for: what a receiver that is killed had not consumed is sent again, to whoever asks. What
    it consumed in its last quarter of a second may not be known, and is sent again, too; a receiver
    that is started from a state of its own gets each datapoint once. Epochs are the senders'; an
    epoch is over when that of every sender is.

    Arrays are the memory of what was received, and may be written to. Nothing is unpickled. At most
    `hwm` parcels (64 KiB, or one datapoint if that is larger) wait in this process. The connection
    is opened by the first iteration and lasts until `close()`.

    A state goes on where it was taken, if this was the only receiver, also when the senders were
    started anew; else RemoteLostError tells that it cannot. `len()` asks the senders, and waits for
    them for up to two seconds.

    Args:
        addr1: `tcp://HOST:PORT` or `ipc://PATH`, to bind or to connect to.
        addr2: another one.
        hwm: how many parcels may be under way to here, or wait here; divided among the senders.
        bind: whether to bind, so that senders connect; else the other way round.
        senders: how many there are at least; more are welcome.
        server_keys: key file of the side that binds: there its secret one, here its public one if
            the senders bind.
        authorized_keys: keys of those who connect: where they connect to, a folder, a file or a
            list of files of public keys; here this side's own secret file, if the senders bind.
        insecure: whether a tcp address that other machines reach may go without keys.
        timeout: seconds after which a silent sender is taken for dead; None waits for ever.

    Raises:
        RemoteRefusedError: an address or a key cannot be used; while iterating: an address cannot
            be bound, or a sender refuses the state.
        RemoteLostError: while iterating, if datapoints were lost.
        RemotePipelineError: while iterating, if a sender's pipeline raised.

    Example:
        >>> import threading
        >>> import dataflow_core as df
        >>> from dataflow_zmq import send_dataflow_zmq
        >>> numbers = df.DataFromList([[1], [2], [3]], shuffle=False)
        >>> sender = threading.Thread(
        ...     target=send_dataflow_zmq,
        ...     args=(numbers, "tcp://127.0.0.1:29517"),
        ...     kwargs={"epochs": 1, "progress": False},
        ... )
        >>> sender.start()
        >>> with RemoteDataZMQ("tcp://127.0.0.1:29517") as flow:
        ...     list(flow.map(lambda dp: [dp[0] * 10]))
        [[10], [20], [30]]
        >>> sender.join()
    """

    def __init__(
        self,
        addr1: str,
        addr2: str | None = None,
        hwm: SupportsIndex = 50,
        bind: bool = True,
        *,
        senders: SupportsIndex = 1,
        server_keys: KeyFile | None = None,
        authorized_keys: KeyFiles | None = None,
        insecure: bool = False,
        timeout: float | None = 30.0,
    ) -> None:
        keys = Keys.load(server_keys, authorized_keys, bound=bind)
        addresses = [addr1] if addr2 is None else [addr1, addr2]
        for address in addresses:
            check_address(address, secure=keys is not None, insecure=insecure)
        at_least = checked_count(senders, "senders", "RemoteDataZMQ")
        self._terms = Terms(
            tuple(addresses),
            bind,
            keys,
            checked_count(hwm, "hwm", "RemoteDataZMQ"),
            at_least if bind else max(at_least, len(addresses)),
            checked_timeout(timeout),
        )
        self._connection: Connection | None = None
        self._length: int | None = None

    def __len__(self) -> int:
        connection = self._connection
        if self._length is None:
            if connection is not None and connection.ours:
                self._length = _total(connection.lengths(LENGTH_PATIENCE_S))
            else:
                # Not kept: workers of this pipeline may have to bind the address.
                asked = Connection(self._terms)
                try:
                    self._length = _total(asked.lengths(LENGTH_PATIENCE_S))
                finally:
                    asked.close()
        if self._length is None:
            raise UnknownLengthError(
                f"the length of {self._label()} is not known: its senders are not there yet, or do"
                " not know it themselves"
            )
        return self._length

    def close(self) -> None:
        super().close()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return RemoteRun(self._connect, scope, place)

    def _connect(self) -> Connection:
        if self._connection is None or not self._connection.ours:
            # One that was forked from the parent is the parent's, and stays untouched.
            self._connection = Connection(self._terms)
            weakref.finalize(self, Connection.abandon, self._connection)
        return self._connection

    def _params(self) -> Mapping[str, object]:
        terms = self._terms
        addresses = {f"*{number}": address for number, address in enumerate(terms.addresses)}
        return {**addresses, "bind": terms.bind}

    def _fingerprint_params(self) -> Mapping[str, object]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_connection": None}


def _total(lengths: Sequence[int] | None) -> int | None:
    return None if lengths is None or -1 in lengths else sum(lengths)
