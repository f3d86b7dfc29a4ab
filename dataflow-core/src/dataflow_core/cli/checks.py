"""Look, one thing after the other, whether this machine has what pipelines need."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Literal

from dataflow_core import hooks
from dataflow_core.cli.plugins import examine
from dataflow_core.discovery import Entry
from dataflow_core.flow import DataFlow, Datapoint
from dataflow_core.parallel.transport.segment import create_segment, map_segment
from dataflow_core.sources.from_list import DataFromList

Verdict = Literal["ok", "note", "broken"]

_GIGA = 1e9
_SEGMENT_BYTES = 64 << 20
_FEW_DESCRIPTORS = 256
_WORKERS = 2
_POINTS = 64
#: A worker that has not started by then never will.
_PATIENCE_S = 30.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Finding:
    """What one look has shown.

    Attributes:
        what: was looked at.
        verdict: "note" if it works and there is something to know.
        told: what was found.
        remedy: what to do about it.
    """

    what: str
    verdict: Verdict
    told: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """Yield what there is to say, in the order in which it would matter."""
    entries = (*DataFlow.registry.entries(), *hooks.entries())
    yield Finding(
        "interpreter",
        "ok",
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
        f" {platform.machine()}; dataflow-core {version('dataflow-core')}",
    )
    yield from plugins(entries)
    yield from doubles({entry.distribution for entry in entries if entry.distribution})
    yield processors()
    for look in (memory, descriptors):
        finding = look()
        if finding is not None:
            yield finding
    yield shared_memory()
    for name in DataFlow.registry.backends:
        yield backend(name)


def plugins(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Say which plugins do not load."""
    rows = examine(entries)
    broken = {row.entry.distribution: row for row in reversed(rows) if row.loads == "no"}
    for distribution, row in broken.items():
        yield Finding(
            f"plugin {distribution or '(this program)'}",
            "broken",
            f"{row.entry.kind} {row.entry.name!r}: {row.remark}",
            "repair, upgrade or uninstall it; `dataflow plugins` lists all that it offers",
        )
    if not broken:
        count = len({row.entry.distribution for row in rows})
        yield Finding("plugins", "ok", f"all {len(rows)} names of {count} distributions load")


def doubles(distributions: Iterable[str]) -> Iterator[Finding]:
    """Say which modules that plugins need are installed twice, one over the other.

    >>> list(doubles(["dataflow-core"]))
    []
    """
    providers = packages_distributions()
    needed = {_canonical(name) for each in distributions for name in _requirements(each)}
    for module, names in sorted(providers.items()):
        found = sorted({_canonical(name) for name in names})
        if len(found) > 1 and not needed.isdisjoint(found) and not module.startswith("_"):
            yield Finding(
                f"module {module}",
                "note",
                f"comes from {' and '.join(found)}, which overwrite each other's files",
                f"`pip uninstall {' '.join(found)}`, then install one of them",
            )


def _requirements(distribution: str) -> Iterator[str]:
    try:
        lines = requires(distribution) or ()
    except PackageNotFoundError:
        return
    for line in lines:
        found = _NAME.match(line)
        if found is not None:
            yield found.group()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def processors(quota: Callable[[], float | None] | None = None) -> Finding:
    """Say how many processors there are for workers.

    >>> processors(lambda: 0.5).verdict
    'note'
    """
    has_mask = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    allowed = (quota or _quota)()
    told = f"{count} for this process"
    if allowed is None or allowed >= count:
        return Finding("processors", "ok", told)
    return Finding(
        "processors",
        "note",
        f"{told}, of which the container may use {allowed:g} at a time",
        f"num_workers={max(1, round(allowed))} is as fast as more",
    )


def _quota() -> float | None:
    with suppress(OSError, ValueError):
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return int(limit) / int(period)
    return None


def memory() -> Finding | None:
    """Say how much memory there is; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    free = kilobytes.get("MemAvailable", kilobytes["MemFree"]) * 1024
    told = f"{free / _GIGA:.1f} GB free of {kilobytes['MemTotal'] * 1024 / _GIGA:.1f}"
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        told += f"; the container may use {limit / _GIGA:.1f}, and uses {used / _GIGA:.1f}"
    return Finding("memory", "ok", told)


def descriptors() -> Finding | None:
    """Say how many files this process may open; None where there is no such limit."""
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _FEW_DESCRIPTORS:
        return Finding("open files", "ok", f"{soft:,} allowed")
    if hard == resource.RLIM_INFINITY:
        remedy = "`ulimit -n unlimited` before the program starts"
    elif hard > soft:
        remedy = f"`ulimit -n {hard}` before the program starts"
    else:
        remedy = "have the system's limit raised"
    told = f"only {soft:,} allowed, and each worker process takes some"
    return Finding("open files", "note", told, remedy)


def shared_memory() -> Finding:
    """Say whether large arrays can travel between processes without a copy."""
    began = time.perf_counter()
    try:
        descriptor = create_segment(_SEGMENT_BYTES)
        try:
            segment = map_segment(descriptor, _SEGMENT_BYTES)
        finally:
            os.close(descriptor)
        segment[:] = 1
    except OSError as error:
        return Finding(
            "shared memory",
            "broken",
            f"no room for {_SEGMENT_BYTES >> 20} MiB: {error}",
            'give the container more memory, or use backend="thread"',
        )
    milliseconds = (time.perf_counter() - began) * 1e3
    return Finding(
        "shared memory", "ok", f"{_SEGMENT_BYTES >> 20} MiB filled in {milliseconds:.0f} ms"
    )


def backend(name: str) -> Finding:
    """Say whether workers of a backend start, and do what is asked of them.

    >>> backend("inline").verdict
    'ok'
    """
    what = f"backend {name}"
    expected = [[number * number] for number in range(_POINTS)]
    source = DataFromList([[number] for number in range(_POINTS)], shuffle=False)
    began = time.perf_counter()
    try:
        flow = source.map(_squared).parallel(_WORKERS, backend=name, timeout_s=_PATIENCE_S)
        with flow:
            found = list(flow)
    except Exception as error:  # noqa: BLE001  whatever it is, it is told
        text = str(error).partition("\n")[0]
        return Finding(
            what,
            "broken",
            f"{type(error).__name__}: {text}",
            "what its workers wrote to standard error says more",
        )
    seconds = time.perf_counter() - began
    if found != expected:
        return Finding(
            what,
            "broken",
            f"{_POINTS} datapoints went in, and others came out: {found[:3]} ...",
            "report it to those who wrote it; BackendConformance shows where it goes wrong",
        )
    return Finding(what, "ok", f"ready, and {_POINTS} datapoints done, within {seconds:.2f} s")


def _squared(dp: Datapoint) -> Datapoint:
    return [dp[0] ** 2]
