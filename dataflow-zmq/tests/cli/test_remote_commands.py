"""`dataflow keygen` and `dataflow serve`, as a user types them."""

from __future__ import annotations

import contextlib
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line is an extra of dataflow-core")

from dataflow_core.cli import main
from dataflow_zmq import RemoteDataZMQ
from dataflow_zmq.errors import RemotePipelineError
from dataflow_zmq.remote.access.key_files import read_public, read_secret

Run = Callable[..., "tuple[int, str, str]"]
Script = Callable[..., "contextlib.AbstractContextManager[subprocess.Popen[str]]"]

TIMEOUT_S = 60
FLOWS = """
from dataflow_core import DataFromList

numbers = DataFromList([[number] for number in range(1000)], shuffle=False)
shuffled = DataFromList([[number] for number in range(1000)])

def fail(dp):
    raise KeyError(f"no luck with {dp[0]}")

failing = numbers.map(fail)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "remote_flows.py").write_text(FLOWS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[Run]:
    """Run `dataflow` in this process; returns the exit status, stdout and stderr."""

    def dataflow(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    yield dataflow
    sys.modules.pop("remote_flows", None)


@pytest.fixture
def script(folder: Path) -> Script:
    """Run `dataflow` in a process of its own."""

    @contextlib.contextmanager
    def dataflow(*arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-c", "from dataflow_core.cli import main; main()", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    return dataflow


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"tcp://127.0.0.1:{taken.getsockname()[1]}"


class TestKeygen:
    def test_writes_a_pair_and_says_what_each_is_for(self, run: Run, folder: Path) -> None:
        status, out, _ = run("keygen", "trainer", "--out", "keys")
        assert status == 0
        public, secret = folder / "keys" / "trainer.key", folder / "keys" / "trainer.key_secret"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert read_secret(secret, "server_keys").public == read_public(public)
        assert "trainer.key: give this to the other side" in out
        assert "nobody else may read it" in out
        assert read_secret(secret, "server_keys").secret.decode() not in out

    def test_goes_to_the_current_folder_unless_told(self, run: Run, folder: Path) -> None:
        assert run("keygen", "a")[0] == 0
        assert sorted(file.name for file in folder.glob("a.*")) == ["a.key", "a.key_secret"]

    def test_overwrites_nothing(self, run: Run, folder: Path) -> None:
        run("keygen", "a")
        before = (folder / "a.key_secret").read_bytes()
        status, _, error = run("keygen", "a")
        assert (status, "exists" in error, "Traceback" in error) == (1, True, False)
        assert (folder / "a.key_secret").read_bytes() == before

    @pytest.mark.parametrize("name", ["../a", "/tmp/a", ""])
    def test_a_name_is_no_path(self, run: Run, name: str) -> None:
        status, _, error = run("keygen", name)
        assert (status, "no name for a key" in error) == (1, True)

    def test_a_folder_that_cannot_be_made_is_told(self, run: Run, folder: Path) -> None:
        (folder / "file").touch()
        status, _, error = run("keygen", "a", "--out", "file/below")
        assert (status, error.startswith("error: "), "Traceback" in error) == (1, True, False)


class TestServe:
    @pytest.mark.parametrize("bound", [True, False])
    def test_serves_epochs_and_ends(self, script: Script, bound: bool) -> None:
        addr = free_address()
        option = "--bind" if bound else "--connect"
        with (
            script("serve", "remote_flows:numbers", option, addr, "--epochs", "2") as process,
            RemoteDataZMQ(addr, bind=not bound) as flow,
        ):
            flow.reset_state()
            for _ in range(2):
                assert list(flow) == [[number] for number in range(1000)]
                assert len(flow) == 1000
            flow.close()
            out, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, error
        assert addr in out
        assert "length 1000" in out

    def test_seeds_the_flow(self, script: Script) -> None:
        import dataflow_core as df

        expected = df.DataFromList([[number] for number in range(1000)])
        expected.reset_state(7)
        addr = free_address()
        with (
            script(
                "serve", "remote_flows:shuffled", "--bind", addr, "--epochs=1", "--seed=7"
            ) as process,
            RemoteDataZMQ(addr, bind=False) as flow,
        ):
            assert list(flow) == list(expected)
            flow.close()
            process.communicate(timeout=TIMEOUT_S)

    def test_draws_a_bar_with_the_rate_on_request(self, script: Script) -> None:
        addr = free_address()
        with (
            script(
                "serve", "remote_flows:numbers", "--bind", addr, "--epochs=1", "--progress"
            ) as process,
            RemoteDataZMQ(addr, bind=False) as flow,
        ):
            assert len(list(flow)) == 1000
            flow.close()
            _, error = process.communicate(timeout=TIMEOUT_S)
        assert "1000" in error
        assert "/s" in error

    def test_uses_the_keys_it_is_given(self, run: Run, script: Script, folder: Path) -> None:
        for name in ("sender", "trainer"):
            assert run("keygen", name)[0] == 0
        addr = free_address()
        keys = ("--server-keys", "sender.key_secret", "--authorized-keys", "trainer.key")
        with (
            script("serve", "remote_flows:numbers", "--bind", addr, "--epochs=1", *keys) as process,
            RemoteDataZMQ(
                addr,
                bind=False,
                server_keys=folder / "sender.key",
                authorized_keys=folder / "trainer.key_secret",
            ) as flow,
        ):
            assert len(list(flow)) == 1000
            flow.close()
            _, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, error

    def test_goes_on_from_its_state_file(self, script: Script, folder: Path) -> None:
        addr = free_address()
        arguments = ("serve", "remote_flows:shuffled", "--bind", addr, "--epochs=1")
        received = []
        with RemoteDataZMQ(addr, bind=False) as flow:
            with script(*arguments, "--state-file=state.json") as process:
                stream = iter(flow)
                received += [next(stream) for _ in range(300)]
                process.kill()
            with script(*arguments, "--state-file=state.json") as process:
                received += list(stream)
                flow.close()
                _, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, error
        assert sorted(received) == [[number] for number in range(1000)]

    def test_ctrl_c_ends_it_without_a_traceback(self, script: Script) -> None:
        with script("serve", "remote_flows:numbers", "--bind", free_address()) as process:
            assert process.stdout is not None
            while "serves at" not in process.stdout.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=10)
        assert process.returncode != 0
        assert "Traceback" not in error

    def test_what_the_pipeline_raises_is_shown_with_its_line_and_at_the_receiver(
        self, script: Script
    ) -> None:
        addr = free_address()
        with (
            script("serve", "remote_flows:failing", "--bind", addr) as process,
            RemoteDataZMQ(addr, bind=False) as flow,
        ):
            with pytest.raises(RemotePipelineError, match="no luck with 0"):
                list(flow)
            _, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 1
        assert "remote_flows.py" in error

    @pytest.mark.parametrize(
        ("arguments", "status", "told"),
        [
            ([], 2, "--bind"),
            (["--bind=tcp://127.0.0.1:1", "--connect=tcp://127.0.0.1:2"], 2, "--connect"),
            (["--bind=tcp://*:5555"], 1, "insecure"),
            (["--connect=tcp://10.0.0.1:5555"], 1, "dataflow keygen"),
            (["--bind=somewhere"], 1, "is no address"),
            (["--bind=tcp://127.0.0.1:5555", "--server-keys=a.key"], 1, "authorized_keys="),
            (
                ["--bind=tcp://127.0.0.1:5555", "--server-keys=a", "--authorized-keys=b"],
                1,
                "there is no file a",
            ),
            (["--bind=tcp://127.0.0.1:5555", "--hwm=0"], 2, "--hwm"),
            (["--bind=tcp://127.0.0.1:5555", "--epochs=0"], 2, "--epochs"),
        ],
    )
    def test_what_the_user_can_mend_is_told_without_a_traceback(
        self, run: Run, arguments: list[str], status: int, told: str
    ) -> None:
        got, _, error = run("serve", "remote_flows:numbers", *arguments)
        assert (got, told in error) == (status, True), error
        assert "Traceback" not in error

    def test_an_address_in_use_is_told(self, run: Run) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            addr = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
            status, _, error = run("serve", "remote_flows:numbers", "--bind", addr)
        assert (status, addr in error, "Traceback" in error) == (1, True, False)
