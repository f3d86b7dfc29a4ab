"""Messages over a Unix stream socket: a head, some bytes, and descriptors beside them."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dataflow_core.parallel.transport.garbled import GarbledError

#: Every message begins and ends with a mark, so that bytes that do not belong are noticed.
BEGIN, END = b"\xd7\x0fdf", b"fd\x0f\xd7"

#: The mark; what is meant; how many descriptors; how many bytes before the other mark.
_HEAD = struct.Struct("<4sIIQ")

#: How much is read at once.
READ = 1 << 18

#: More descriptors than one message ever carries.
MAX_DESCRIPTORS = 16

_DESCRIPTOR = struct.Struct("i")
_ANCILLARY_BYTES = socket.CMSG_SPACE(MAX_DESCRIPTORS * _DESCRIPTOR.size)

#: More than any memory holds: whoever announces so much does not mean it.
MAX_LENGTH = 1 << 44


class ClosedError(OSError):
    """The other end is gone."""


@dataclass(eq=False)
class Message:
    """What was received.

    Attributes:
        kind: what the sender meant.
        body: its bytes.
        descriptors: that came with it; the receiver's to close.
    """

    kind: int
    body: memoryview
    descriptors: list[int]

    def drop(self) -> None:
        """Close the descriptors that nobody has taken."""
        while self.descriptors:
            os.close(self.descriptors.pop())


class Wire:
    """One end of a connection.

    Args:
        connection: a connected Unix stream socket, owned from now on.
        blocking: whether sending waits until all is written; otherwise `flush` writes what is
            left, so that two ends that send at the same time never wait for each other.
    """

    closes_descriptors: ClassVar[bool] = True

    def __init__(self, connection: socket.socket, *, blocking: bool) -> None:
        connection.setblocking(blocking)
        self._socket = connection
        self._blocking = blocking
        self._unsent: deque[tuple[memoryview, Sequence[int]]] = deque()
        #: A fresh buffer for each reading would have the system map pages each time.
        self._buffer = memoryview(bytearray(READ))
        self._received = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """Return the socket's descriptor, for polling."""
        return self._socket.fileno()

    @property
    def unsent(self) -> bool:
        """Whether `flush` has something to write."""
        return bool(self._unsent)

    def send(
        self, kind: int, parts: Sequence[bytes | memoryview], descriptors: Sequence[int] = ()
    ) -> None:
        """Send a message whose body is `parts`, joined.

        Args:
            kind: what it means.
            parts: not copied; must not change before they are written.
            descriptors: to go with it; closed here once they are sent.

        Raises:
            ClosedError: if the other end is gone.
        """
        length = sum(map(len, parts))
        head = _HEAD.pack(BEGIN, kind, len(descriptors), length)
        if max(map(len, parts), default=0) < READ:
            self._unsent.append((memoryview(b"".join([head, *parts, END])), descriptors))
        else:
            self._unsent.append((memoryview(head), descriptors))
            self._unsent.extend((memoryview(part), ()) for part in (*parts, END))
        self.flush()

    def flush(self) -> None:
        """Write what is left, as far as the other end takes it.

        Raises:
            ClosedError: if the other end is gone.
        """
        while self._unsent:
            view, descriptors = self._unsent[0]
            try:
                if descriptors:
                    sent = socket.send_fds(self._socket, [view], list(descriptors))
                    for descriptor in descriptors:
                        os.close(descriptor)
                else:
                    sent = self._socket.send(view)
            except BlockingIOError:
                return
            except OSError as error:
                raise ClosedError(str(error)) from error
            if sent == len(view):
                self._unsent.popleft()
            else:
                self._unsent[0] = (view[sent:], ())

    def receive(self) -> Message:
        """Wait for the next message; for a blocking end.

        Raises:
            ClosedError: if the other end is gone.
            GarbledError: if it sent what is no message.
        """
        while True:
            message = self._parse()
            if message is not None:
                return message
            self._read()

    def waiting(self) -> bool:
        """Return whether `receive` would find something right away; for a blocking end."""
        return bool(self._received) or bool(select.select([self._socket], [], [], 0)[0])

    def messages(self) -> Iterator[Message]:
        """Yield the messages that have arrived, without waiting; for an end that does not block.

        Raises:
            ClosedError: if the other end is gone, after all that it had sent.
            GarbledError: if it sent what is no message, after those that came before.
        """
        closed: ClosedError | None = None
        try:
            while self._read():
                pass
        except ClosedError as error:
            closed = error
        while (message := self._parse()) is not None:
            yield message
        if closed is not None:
            raise closed

    def _read(self) -> bool:
        """Read once; return whether there may be more."""
        try:
            size, ancillary, _, _ = self._socket.recvmsg_into([self._buffer], _ANCILLARY_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ClosedError(str(error)) from error
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors.extend(one for (one,) in _DESCRIPTOR.iter_unpack(data))
        if not size:
            raise ClosedError("the other end is closed")
        self._received += self._buffer[:size]
        return size == READ

    def _parse(self) -> Message | None:
        if len(self._received) < _HEAD.size:
            return None
        begin, kind, count, length = _HEAD.unpack_from(self._received)
        if begin != BEGIN or count > MAX_DESCRIPTORS or length > MAX_LENGTH:
            raise GarbledError(f"a message does not begin with {bytes(self._received[:16])!r}")
        end = _HEAD.size + length
        if len(self._received) < end + len(END):
            return None
        if self._received[end : end + len(END)] != END:
            raise GarbledError(f"a message of {length} bytes does not end where it should")
        if count > len(self._descriptors):
            raise GarbledError(
                "a message came without its file descriptors; too many may be open in this process"
            )
        body = memoryview(bytes(memoryview(self._received)[_HEAD.size : end]))
        del self._received[: end + len(END)]
        return Message(kind, body, [self._descriptors.popleft() for _ in range(count)])

    def close(self) -> None:
        """Close the socket and what travelled but was not taken."""
        self._socket.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        for _, descriptors in self._unsent:
            for descriptor in descriptors:
                os.close(descriptor)
        self._descriptors.clear()
        self._unsent.clear()
