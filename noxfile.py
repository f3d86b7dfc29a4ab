"""How the house is kept in order: `nox` runs what must hold, `nox -s NAME` one part of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PACKAGES = ("dataflow-core", "dataflow-image", "dataflow-lmdb", "dataflow-zmq")
EXTRAS = {"dataflow-core": "[cli,testing]", "dataflow-image": "[demo,fast]"}
SOURCES = [f"{package}/src" for package in PACKAGES]
BUILD_BACKEND = "hatchling>=1.24"
TORCH = "torch==2.13.0"
#: What the benchmarks measure with, and whom they compare with if asked to.
MEASURING = {"alternating.py", "footprint.py"}
PEERS = (TORCH, "grain==0.2.18", "spdl-core==0.8.0")

#: A kernel to run flows in, as notebooks do; its test is skipped without.
NOTEBOOK = ("ipykernel", "jupyter_client")

#: Whose databases and messages are read; their tests are skipped without.
WRITERS = ("msgpack-numpy==0.4.8", "protobuf>=5", "tensorpack==0.11")

#: Most tests wait for processes to start and to end.
PARALLEL = ("-n", "3", "--dist", "worksteal")

#: Remote flows whose programs are killed, cut off, overrun and sent through bad networks: minutes
#: of waiting, in a session of their own. That the protocol is right is shown by simulation, too.
REMOTE = tuple(
    f"dataflow-zmq/tests/remote/test_remote_{what}.py"
    for what in ("crashes", "memory", "netem", "proxy")
)

#: Tests of processes that live and die, of damaged files and networks, and of random pipelines.
LONG = (
    "dataflow-core/tests/parallel",
    "dataflow-core/tests/testing",
    "dataflow-lmdb/tests/test_damage.py",
    "dataflow-lmdb/tests/test_killed_writer.py",
    "dataflow-lmdb/tests/test_reading_safety.py",
    "dataflow-lmdb/tests/test_writing_safety.py",
    "dataflow-zmq/tests/remote",
    "dataflow-zmq/tests/test_zmq_conforms.py",
    "dataflow-zmq/tests/test_zmq_restarts.py",
    "tests/integration",
)

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = sorted({"3.10", "3.11", "3.12", "3.13", CURRENT}, key=lambda v: int(v.split(".")[1]))

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "imports", f"tests-{CURRENT}", "docs", "build"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False


@nox.session
def lint(session: nox.Session) -> None:
    """Style and likely mistakes."""
    session.install("ruff==0.17.6")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types, in strict mode."""
    _install_editable(session)
    session.install("mypy==2.4.1", "nox")
    session.run("mypy")
    # As users of the packages, who are to be as strict as they like.
    session.run("mypy", "benchmarks", "examples/dataflow-csv-lines/src", "noxfile.py")


@nox.session
def imports(session: nox.Session) -> None:
    """The layers, and who may import whom."""
    session.install("import-linter==2.16")
    # Read as text, so nothing of ours or of others needs to be installed.
    session.run("lint-imports", env={"PYTHONPATH": os.pathsep.join(SOURCES)})


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, against the working tree; arguments go to pytest."""
    _install_editable(session)
    session.install("pytest-xdist", *NOTEBOOK, *WRITERS)
    session.run("pytest", *PARALLEL, *(f"--ignore={path}" for path in REMOTE), *session.posargs)


@nox.session
def remote(session: nox.Session) -> None:
    """Remote flows whose programs are killed, cut off and overrun."""
    _install_editable(session)
    session.install("pytest-xdist")
    session.run("pytest", *PARALLEL, *REMOTE, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Every example: of docstrings and pages; and the pictures, those that are out of date anew."""
    _install_editable(session)
    with session.chdir("docs"):
        session.run("python", "-m", "catalogue")
    session.run("pytest", "--doctest-modules", *SOURCES)
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def torch(session: nox.Session) -> None:
    """A training run with PyTorch, killed and resumed; downloads it, so only when asked for."""
    _install_editable(session)
    session.install(TORCH)
    session.run("pytest", "tests/docs/test_examples.py", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Sdists, wheels out of them, and the tests against these in an environment of their own."""
    session.install("build", BUILD_BACKEND)
    tmp = Path(session.create_tmp())
    dist, env = tmp / "dist", tmp / "env"
    for old in dist.glob("*"):
        old.unlink()
    for package in PACKAGES:
        # Without options `build` makes the wheel from the sdist, which proves both complete.
        session.run("python", "-m", "build", "-q", "--no-isolation", "-o", str(dist), package)
    wheels = [
        f"{wheel}{EXTRAS.get(wheel.name.split('-')[0].replace('_', '-'), '')}"
        for wheel in sorted(dist.glob("*.whl"))
    ]
    session.run("python", "-m", "venv", "--clear", str(env))
    python = str(env / ("Scripts" if os.name == "nt" else "bin") / "python")
    tools = ("pytest", "pytest-xdist")
    session.run(python, "-m", "pip", "install", "-q", *wheels, *tools, external=True)
    # Left out: what reads the working tree, what makes an environment of its own anyway, and what
    # takes long and has been seen to hold: here it is about what the wheels contain.
    session.run(
        *(python, "-m", "pytest", "-m", "not environment", *PARALLEL),
        *(f"--ignore={path}" for path in ("tests/docs", *LONG)),
        *session.posargs,
        external=True,
    )


@nox.session
def bench(session: nox.Session) -> None:
    """The ratios of the README, measured here; they are no tests."""
    session.install(*_targets())
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        if script.name not in MEASURING:
            session.run("python", str(script), *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """The same work through other loaders; downloads a gigabyte, so only when asked for."""
    session.install(*_targets(), *PEERS)
    for script in ("transport.py", "resnet_input.py", "startup.py", "lmdb_reading.py"):
        session.run("python", str(ROOT / "benchmarks" / script), "--peers", *session.posargs)


def _targets() -> list[str]:
    return [f"./{package}{EXTRAS.get(package, '')}" for package in PACKAGES]


def _install_editable(session: nox.Session) -> None:
    """Install the packages so that they follow the working tree."""
    session.install(BUILD_BACKEND, "editables")
    editable = [argument for target in _targets() for argument in ("-e", target)]
    session.install("--no-build-isolation", *editable)
