"""Keys: which files are taken, and whom a socket that has them lets in."""

from __future__ import annotations

import contextlib
import logging
import os
import socket as plain
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth
from zmq.utils import z85

from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.gate import Gate
from dataflow_zmq.remote.access.greeting import mechanism_at
from dataflow_zmq.remote.access.handshake import Handshakes
from dataflow_zmq.remote.access.key_files import read_public, read_secret, write_key_pair
from dataflow_zmq.remote.access.keys import Keys

SOON_S = 10.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys of `server`, `friend` and `stranger`; the folder `friends` holds the friend's."""
    for name in ("server", "friend", "stranger"):
        write_key_pair(name, tmp_path)
    (tmp_path / "friends").mkdir()
    (tmp_path / "friends" / "a.key").write_bytes((tmp_path / "friend.key").read_bytes())
    return tmp_path


class TestFiles:
    def test_are_written_so_that_the_secret_is_ones_own(self, tmp_path: Path) -> None:
        umask = os.umask(0)
        try:
            public, secret = write_key_pair("node1", tmp_path / "new")
        finally:
            os.umask(umask)
        assert (public.name, secret.name) == ("node1.key", "node1.key_secret")
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        pair = read_secret(secret, "server_keys")
        assert read_public(public) == pair.public == zmq.curve_public(pair.secret)
        assert pair.secret.decode() not in public.read_text() + repr(pair)

    def test_of_each_pair_are_new(self, folder: Path) -> None:
        keys = {read_public(folder / f"{name}.key") for name in ("server", "friend", "stranger")}
        assert len(keys) == 3

    @pytest.mark.parametrize("there", ["node.key", "node.key_secret"])
    def test_are_never_overwritten(self, tmp_path: Path, there: str) -> None:
        (tmp_path / there).write_text("mine")
        with pytest.raises(FileExistsError, match=there):
            write_key_pair("node", tmp_path)
        assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(there, "mine")]

    def test_are_not_written_through_a_link_to_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "node.key_secret").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            write_key_pair("node", tmp_path)
        assert not (tmp_path / "elsewhere").exists()

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", ".hidden", "a\\b"])
    def test_have_names_without_folders(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="no name for a key"):
            write_key_pair(name, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_of_pyzmq_are_read(self, tmp_path: Path) -> None:
        public, secret = zmq.auth.create_certificates(tmp_path, "theirs", {"name": "theirs"})
        Path(secret).chmod(0o600)
        assert read_secret(secret, "server_keys").public == read_public(public)

    def test_are_read_by_pyzmq(self, folder: Path) -> None:
        pair = read_secret(folder / "server.key_secret", "server_keys")
        assert zmq.auth.load_certificate(folder / "server.key") == (pair.public, None)
        assert zmq.auth.load_certificate(folder / "server.key_secret") == (pair.public, pair.secret)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
    def test_of_a_secret_that_others_may_read_or_change_are_refused(
        self, folder: Path, mode: int
    ) -> None:
        file = folder / "server.key_secret"
        file.chmod(mode)
        with pytest.raises(RemoteRefusedError, match=f"chmod 600 {file}"):
            read_secret(file, "server_keys")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff\xfe\x00garbage\n" * 50,
            b'curve\n    public-key = "short"\n',
            b'curve\n    public-key = "' + b"~" * 40 + b'"\n',
            b'curve\n    public-key = "' + b"#" * 40 + b'"\n',
            b"x" * 1_000_000,
        ],
    )
    def test_of_anything_else_are_refused_by_name(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "other.key"
        file.write_bytes(content)
        with pytest.raises(RemoteRefusedError, match=r"other\.key"):
            read_public(file)

    def test_whose_keys_are_of_two_pairs_are_refused(self, folder: Path) -> None:
        mixed = folder / "server.key_secret"
        stranger = (folder / "stranger.key_secret").read_text().splitlines(keepends=True)
        mixed.write_text("".join([*mixed.read_text().splitlines(keepends=True)[:-1], stranger[-1]]))
        with pytest.raises(RemoteRefusedError, match="do not belong together"):
            read_secret(mixed, "server_keys")


class TestLoading:
    def test_nothing_is_no_keys(self) -> None:
        assert Keys.load(None, None, bound=True) is None
        assert Keys.load(None, None, bound=False) is None

    @pytest.mark.parametrize("bound", [True, False])
    def test_one_of_two_names_the_other(self, folder: Path, bound: bool) -> None:
        with pytest.raises(ValueError, match=r"authorized_keys= (names|is)"):
            Keys.load(folder / "server.key_secret", None, bound=bound)
        with pytest.raises(ValueError, match="server_keys= is"):
            Keys.load(None, folder / "friend.key", bound=bound)

    @pytest.mark.parametrize("several", [False, True])
    def test_the_bound_side_takes_a_file_several_or_a_folder(
        self, folder: Path, several: bool
    ) -> None:
        friend = read_public(folder / "friend.key")
        for given in (folder / "friend.key", str(folder / "friend.key"), folder / "friends"):
            keys = Keys.load(
                folder / "server.key_secret", [given] if several else given, bound=True
            )
            assert keys is not None
            assert keys.allowed == {friend}
        both = [folder / "friends", folder / "stranger.key"]
        keys = Keys.load(folder / "server.key_secret", both, bound=True)
        assert keys is not None
        assert keys.allowed == {friend, read_public(folder / "stranger.key")}

    @pytest.mark.parametrize("given", ["empty", "none.key", []])
    def test_nobody_allowed_is_a_mistake(self, folder: Path, given: str | list[str]) -> None:
        (folder / "empty").mkdir()
        with pytest.raises(RemoteRefusedError, match="authorized_keys"):
            Keys.load(
                folder / "server.key_secret",
                folder / given if isinstance(given, str) else given,
                bound=True,
            )

    def test_a_damaged_file_among_the_allowed_is_a_mistake(self, folder: Path) -> None:
        (folder / "friends" / "b.key").write_text("nothing")
        with pytest.raises(RemoteRefusedError, match=r"b\.key"):
            Keys.load(folder / "server.key_secret", folder / "friends", bound=True)

    def test_a_public_key_where_a_secret_one_is_needed_is_told(self, folder: Path) -> None:
        with pytest.raises(RemoteRefusedError, match=r"server_keys: .* its own secret one"):
            Keys.load(folder / "server.key", folder / "friends", bound=True)
        with pytest.raises(RemoteRefusedError, match=r"authorized_keys: .* its own secret one"):
            Keys.load(folder / "server.key", folder / "friend.key", bound=False)

    @pytest.mark.parametrize("bound", [True, False])
    @pytest.mark.parametrize("keyword", ["server_keys", "authorized_keys"])
    def test_a_file_that_is_not_there_is_told(
        self, folder: Path, bound: bool, keyword: str
    ) -> None:
        right = (
            {"server_keys": "server.key_secret", "authorized_keys": "friends"}
            if bound
            else {"server_keys": "server.key", "authorized_keys": "friend.key_secret"}
        )
        files = {name: folder / file for name, file in (right | {keyword: "gone"}).items()}
        with pytest.raises(RemoteRefusedError, match=f"{keyword}: there is no file .*gone"):
            Keys.load(**files, bound=bound)

    def test_a_folder_where_a_side_needs_its_own_key_is_told(self, folder: Path) -> None:
        with pytest.raises(RemoteRefusedError, match="folder; authorized_keys= is this side's own"):
            Keys.load(folder / "server.key", folder / "friends", bound=False)
        with pytest.raises(RemoteRefusedError, match="because it connects"):
            Keys.load(folder / "server.key", [folder / "friend.key"], bound=False)


class Door:
    """A bound socket and its gate, in a thread of its own: echoes what comes in."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: Keys | None) -> None:
        self.messages = 0
        self._socket = context.socket(zmq.ROUTER)
        self._socket.linger = 0
        if keys is not None:
            keys.apply(self._socket)
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.addr = f"tcp://127.0.0.1:{port}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._socket.poll(20):
                self._socket.send_multipart(self._socket.recv_multipart())
                self.messages += 1
        self._socket.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@contextlib.contextmanager
def door(keys: Keys | None, *, gate: bool = True) -> Iterator[Door]:
    with (
        zmq.Context() as context,
        keys.guard(context) if keys and gate else contextlib.nullcontext(),
        contextlib.closing(Door(context, keys)) as made,
    ):
        yield made


def knock(addr: str, keys: Keys | None, *, patience_s: float | None = 30.0) -> bytes:
    """Return the echo of a message, or raise what the handshakes say."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        if keys is not None:
            keys.apply(socket)
        handshakes = Handshakes(socket, addr, secure=keys is not None, patience_s=patience_s)
        try:
            socket.connect(addr)
            socket.send(b"hello")
            until = time.monotonic() + SOON_S
            while time.monotonic() < until:
                handshakes.check()
                if socket.poll(20):
                    return socket.recv()
        finally:
            handshakes.close()
    raise TimeoutError


def bound_keys(folder: Path, allowed: str = "friends") -> Keys:
    keys = Keys.load(folder / "server.key_secret", folder / allowed, bound=True)
    assert keys is not None
    return keys


def keys_of(folder: Path, name: str, server: str = "server.key") -> Keys:
    keys = Keys.load(folder / server, folder / f"{name}.key_secret", bound=False)
    assert keys is not None
    return keys


class TestWhoGetsIn:
    def test_who_is_on_the_list(self, folder: Path) -> None:
        with door(bound_keys(folder)) as there:
            assert knock(there.addr, keys_of(folder, "friend")) == b"hello"

    def test_not_who_is_not_and_both_sides_are_told(
        self, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING, "dataflow_zmq")
        stranger = keys_of(folder, "stranger")
        with door(bound_keys(folder)) as there:
            for _ in range(3):
                with pytest.raises(RemoteRefusedError, match="does not know this side's key"):
                    knock(there.addr, stranger)
            assert there.messages == 0
        [told] = caplog.messages
        assert stranger.own.public.decode() in told
        assert stranger.own.secret.decode() not in told

    def test_not_who_has_no_keys(self, folder: Path) -> None:
        with door(bound_keys(folder)) as there:
            with pytest.raises(RemoteRefusedError, match="wants keys"):
                knock(there.addr, None)
            assert there.messages == 0

    def test_not_where_nobody_decides(self, folder: Path) -> None:
        """A socket with keys and without a gate lets nobody in, rather than all."""
        with door(bound_keys(folder), gate=False) as there:
            with pytest.raises(RemoteRefusedError, match="broke off"):
                knock(there.addr, keys_of(folder, "friend"), patience_s=1.0)
            assert there.messages == 0

    def test_keys_are_not_used_towards_who_has_none(self, folder: Path) -> None:
        with door(None) as there:
            with pytest.raises(RemoteRefusedError, match="uses no keys"):
                knock(there.addr, keys_of(folder, "friend"))
            assert there.messages == 0

    def test_not_towards_an_impostor(self, folder: Path) -> None:
        """Who connects finds out that the other side has not the key it should have."""
        with door(bound_keys(folder)) as there:
            with pytest.raises(RemoteRefusedError, match="server_keys= has to be"):
                knock(there.addr, keys_of(folder, "friend", "stranger.key"), patience_s=1.0)
            assert there.messages == 0

    def test_strangers_do_not_keep_friends_out(self, folder: Path) -> None:
        with door(bound_keys(folder)) as there:
            for _ in range(10):
                with pytest.raises(RemoteRefusedError):
                    knock(there.addr, keys_of(folder, "stranger"))
            assert knock(there.addr, keys_of(folder, "friend")) == b"hello"


class TestGreeting:
    @pytest.mark.parametrize("keyed", [True, False])
    @pytest.mark.parametrize("transport", ["tcp", "ipc", "abstract"])
    def test_tells_the_mechanism_of_whoever_is_bound(
        self, folder: Path, keyed: bool, transport: str
    ) -> None:
        bind = {
            "tcp": "tcp://127.0.0.1:*",
            "ipc": f"ipc://{folder}/s",
            "abstract": f"ipc://@{folder.name}",
        }[transport]
        with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
            if keyed:
                bound_keys(folder).apply(socket)
            socket.bind(bind)
            addr = socket.last_endpoint.rstrip(b"\0").decode() if transport == "tcp" else bind
            for _ in range(20):
                assert mechanism_at(addr, 5.0) == ("CURVE" if keyed else "NULL")

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"x" * 100, b"\xff"])
    def test_of_anything_else_is_none(self, answer: bytes) -> None:
        with plain.create_server(("127.0.0.1", 0)) as other:

            def serve() -> None:
                connection, _ = other.accept()
                with connection:
                    connection.sendall(answer)
                    connection.recv(100)

            thread = threading.Thread(target=serve)
            thread.start()
            assert mechanism_at(f"tcp://127.0.0.1:{other.getsockname()[1]}") is None
            thread.join()


class TestGate:
    def test_leaves_no_thread_and_no_socket(self, folder: Path) -> None:
        before = threading.active_count()
        keys = bound_keys(folder)
        with zmq.Context() as context:
            for _ in range(20):
                with keys.guard(context):
                    assert threading.active_count() == before + 1
            assert threading.active_count() == before
        # Terminating the context waits for sockets: that it returned says that none is left.

    def test_ends_also_when_the_body_raises(self, folder: Path) -> None:
        before = threading.active_count()
        with (
            zmq.Context() as context,
            contextlib.suppress(ZeroDivisionError),
            bound_keys(folder).guard(context),
        ):
            raise ZeroDivisionError
        assert threading.active_count() == before

    def test_there_is_one_to_a_context(self, folder: Path) -> None:
        keys = bound_keys(folder)
        with (
            zmq.Context() as context,
            keys.guard(context),
            pytest.raises(zmq.ZMQError),
            keys.guard(context),
        ):
            pass

    def test_where_a_side_connects_there_is_none(self, folder: Path) -> None:
        before = threading.active_count()
        with zmq.Context() as context, keys_of(folder, "friend").guard(context):
            assert threading.active_count() == before

    @pytest.mark.parametrize(
        "request_frames",
        [
            [b""],
            [b"1.0", b"7", b"dataflow", b"", b"", b"NULL"],
            [b"1.0", b"7", b"dataflow", b"", b"", b"PLAIN", b"name", b"password"],
            [b"1.0", b"7", b"dataflow", b"", b"", b"GSSAPI", "friend"],
            [b"1.0", b"7", b"dataflow", b"", b"", b"CURVE"],
            [b"1.0", b"7", b"dataflow", b"", b"", b"CURVE", b""],
            [b"1.0", b"7", b"other", b"", b"", b"CURVE", "friend"],
        ],
    )
    def test_refuses_whatever_is_not_an_allowed_key_of_its_domain(
        self, folder: Path, request_frames: list[bytes | str]
    ) -> None:
        keys = bound_keys(folder)
        [friend] = keys.allowed
        raw = z85.decode(friend)
        frames = [raw if frame == "friend" else frame for frame in request_frames]
        with (
            zmq.Context() as context,
            Gate(context, keys.allowed),
            context.socket(zmq.REQ) as asking,
        ):
            asking.connect("inproc://zeromq.zap.01")
            asking.send_multipart(frames)
            assert asking.poll(5000)
            assert asking.recv_multipart()[2] == b"400"
            asking.send_multipart([b"1.0", b"8", b"dataflow", b"", b"", b"CURVE", raw])
            assert asking.recv_multipart()[1:3] == [b"8", b"200"]


class TestConnectingAnew:
    def test_after_zeromq_has_given_up_over_garbage(self) -> None:
        """Some garbage in a greeting makes ZeroMQ drop the connection for good."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            public, secret = zmq.curve_keypair()
            socket.curve_serverkey = socket.curve_publickey = public
            socket.curve_secretkey = secret
            with plain.create_server(("127.0.0.1", 0)) as other:
                other.settimeout(SOON_S)
                addr = f"tcp://127.0.0.1:{other.getsockname()[1]}"
                handshakes = Handshakes(socket, addr, secure=True)
                socket.connect(addr)
                stop = threading.Event()

                def check() -> None:
                    while not stop.wait(0.02):
                        handshakes.check()

                thread = threading.Thread(target=check)
                thread.start()
                try:
                    for _ in range(2):
                        connection, _ = other.accept()
                        with connection:
                            connection.recv(100)
                            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
                            connection.settimeout(SOON_S)
                            with contextlib.suppress(ConnectionError):
                                while connection.recv(1000):
                                    pass
                finally:
                    stop.set()
                    thread.join()
                    handshakes.close()
