"""Moments in time, and who hears of them."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import dataflow_core as df
from dataflow_core import hooks
from dataflow_core.discovery import Entry, Scan
from dataflow_core.errors import BrokenPluginWarning, PluginError
from dataflow_core.hooks import firing, hookimpl, spec
from dataflow_core.hooks.listeners import Listeners


def listeners_of(*entries: Entry) -> Listeners:
    return Listeners(lambda: Scan(entries))


def entry(name: str, value: str) -> Entry:
    return Entry("hooks", name, f"dist-{name}", "1.0", value)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on `sys.path` to write plugin modules into."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Listeners:
    """The firing functions, with no plugin installed."""
    listeners = listeners_of()
    monkeypatch.setattr(firing, "_listeners", listeners)
    return listeners


HEARS = """
from dataflow_core.hooks import hookimpl
heard = []
@hookimpl
def dataflow_worker_started(backend, worker):
    heard.append((backend, worker))
"""


class Recorder:
    """Hears of everything."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    @hookimpl
    def dataflow_worker_started(self, backend: str, worker: int) -> None:
        self.heard.append(("started", backend, worker))

    @hookimpl
    def dataflow_worker_stopping(self, backend: str, worker: int) -> None:
        self.heard.append(("stopping", backend, worker))

    @hookimpl
    def dataflow_epoch_started(self, flow: object, epoch: int) -> None:
        self.heard.append(("epoch", flow, epoch))

    @hookimpl
    def dataflow_epoch_finished(
        self, flow: object, epoch: int, position: int, completed: bool
    ) -> None:
        self.heard.append(("finished", flow, epoch, position, completed))

    @hookimpl
    def dataflow_stats_sampled(self, stats: object) -> None:
        self.heard.append(("stats", stats))

    @hookimpl
    def dataflow_datapoint_failed(self, stage: str, position: int, error: BaseException) -> None:
        self.heard.append(("failed", stage, position, error))


@pytest.mark.parametrize("backend", ["inline", "thread"])
def test_a_parallel_flow_fires_what_concerns_its_workers(alone: Listeners, backend: str) -> None:
    recorder = Recorder()
    hooks.register_hooks(recorder)
    numbers = df.DataFromList([[number] for number in range(5)], shuffle=False)
    with numbers.map(lambda dp: dp).parallel(1, backend) as flow:
        list(flow)
        stats = flow.stats()
    heard = [kind for kind, *_ in recorder.heard]
    assert sorted(heard) == ["epoch", "finished", "started", "stats", "stopping"]
    assert ("stats", stats) in recorder.heard
    assert stats["datapoints_out"] == 5


def test_every_hook_is_fired_by_the_function_of_its_name(alone: Listeners) -> None:
    recorder, flow, error = Recorder(), object(), ValueError()
    hooks.register_hooks(recorder)
    hooks.worker_started("thread", 1)
    hooks.worker_stopping("thread", 1)
    hooks.epoch_started(flow, 2)
    hooks.epoch_finished(flow, 2, 10, False)
    hooks.stats_sampled({"rate": 3.0})
    assert hooks.datapoint_failed("MapData", 4, error) is None
    assert recorder.heard == [
        ("started", "thread", 1),
        ("stopping", "thread", 1),
        ("epoch", flow, 2),
        ("finished", flow, 2, 10, False),
        ("stats", {"rate": 3.0}),
        ("failed", "MapData", 4, error),
    ]


def test_every_hook_has_a_function_with_the_same_arguments() -> None:
    specified = {n: f for n, f in vars(spec).items() if n.startswith("dataflow_")}
    assert len(specified) == 6
    for name, function in specified.items():
        fire = getattr(hooks, name.removeprefix("dataflow_"))
        assert inspect.signature(fire) == inspect.signature(function)


def test_nobody_hears_and_nothing_happens(alone: Listeners) -> None:
    hooks.epoch_started(object(), 0)
    hooks.worker_started("thread", 0)
    assert hooks.datapoint_failed("MapData", 0, ValueError()) is None
    assert alone._manager is None


def test_plugins_are_imported_with_the_first_event(modules: Path) -> None:
    (modules / "hears_mod.py").write_text(HEARS)
    listeners = listeners_of(entry("hears", "hears_mod"))
    assert "hears_mod" not in sys.modules
    _fire(listeners, "dataflow_worker_started", backend="thread", worker=3)
    assert sys.modules["hears_mod"].heard == [("thread", 3)]
    assert listeners.caller("dataflow_epoch_started") is None


def test_a_broken_plugin_is_warned_about_once_and_the_others_hear(modules: Path) -> None:
    (modules / "hears_mod.py").write_text(HEARS)
    (modules / "bad_mod.py").write_text("import no_such_module_anywhere")
    listeners = listeners_of(
        entry("first", "bad_mod"), entry("second", "hears_mod"), entry("third", "gone_mod")
    )
    with pytest.warns(BrokenPluginWarning) as caught:
        _fire(listeners, "dataflow_worker_started", backend="thread", worker=0)
    assert [getattr(warning.message, "distribution", "") for warning in caught] == [
        "dist-first",
        "dist-third",
    ]
    assert "no_such_module_anywhere" in str(caught[0].message)
    assert "DATAFLOW_DISABLE_PLUGINS=dist-first" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _fire(listeners, "dataflow_worker_started", backend="thread", worker=1)
    assert sys.modules["hears_mod"].heard == [("thread", 0), ("thread", 1)]


def test_a_warning_made_an_error_leaves_the_others_loaded(modules: Path) -> None:
    (modules / "hears_mod.py").write_text(HEARS)
    listeners = listeners_of(entry("first", "gone_mod"), entry("second", "hears_mod"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BrokenPluginWarning):
            listeners.caller("dataflow_worker_started")
    _fire(listeners, "dataflow_worker_started", backend="thread", worker=0)
    assert sys.modules["hears_mod"].heard == [("thread", 0)]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (HEARS.replace("backend, worker)", "backend, worker, colour)", 1), "colour"),
        (
            HEARS + "@hookimpl\ndef dataflow_worker_stoping(worker): ...\n",
            "did you mean dataflow_worker_stopping",
        ),
        ("x = 1", "implements no hook"),
    ],
)
def test_a_plugin_with_wrong_hooks_is_left_out(modules: Path, source: str, complaint: str) -> None:
    (modules / "hears_mod.py").write_text(HEARS)
    (modules / "wrong_mod.py").write_text(source)
    listeners = listeners_of(entry("wrong", "wrong_mod"), entry("hears", "hears_mod"))
    with pytest.warns(BrokenPluginWarning, match=complaint):
        _fire(listeners, "dataflow_worker_started", backend="thread", worker=0)
    assert sys.modules["hears_mod"].heard == [("thread", 0)]
    assert getattr(sys.modules["wrong_mod"], "heard", []) == []


def test_a_hook_of_a_newer_core_may_be_marked_optional(alone: Listeners) -> None:
    class Newer(Recorder):
        @hookimpl(optionalhook=True)
        def dataflow_moon_rose(self) -> None: ...

    newer = Newer()
    hooks.register_hooks(newer)
    hooks.worker_started("thread", 0)
    assert newer.heard == [("started", "thread", 0)]


def test_the_programs_own_mistakes_are_raised(alone: Listeners) -> None:
    class Misspelt:
        @hookimpl
        def dataflow_epoch_begun(self, flow: object) -> None: ...

    with pytest.raises(PluginError, match="dataflow_epoch_begun, which is no hook"):
        hooks.register_hooks(Misspelt())
    with pytest.raises(PluginError, match="implements no hook"):
        hooks.register_hooks(object())
    assert alone.caller("dataflow_epoch_begun") is None


def test_unregistered_means_unheard(alone: Listeners) -> None:
    recorder = Recorder()
    hooks.register_hooks(recorder)
    hooks.register_hooks(recorder)
    hooks.worker_started("thread", 0)
    hooks.unregister_hooks(recorder)
    hooks.worker_started("thread", 1)
    assert recorder.heard == [("started", "thread", 0)]
    assert alone.caller("dataflow_worker_started") is None
    with pytest.raises(PluginError, match="not registered"):
        hooks.unregister_hooks(recorder)


class Opinionated:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def dataflow_datapoint_failed(self, stage: str) -> object:
        return self.answer


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([None], None), (["skip"], "skip"), (["skip", None], "skip"), (["skip", "retry"], "retry")],
)
def test_the_first_opinion_wins_and_the_newest_is_asked_first(
    alone: Listeners, answers: Sequence[str | None], expected: str | None
) -> None:
    for answer in answers:
        hooks.register_hooks(Opinionated(answer))
    assert hooks.datapoint_failed("MapData", 0, ValueError()) == expected


def test_the_programs_opinion_beats_an_installed_ones(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (modules / "skips_mod.py").write_text(
        "from dataflow_core.hooks import hookimpl\n"
        "@hookimpl\n"
        "def dataflow_datapoint_failed(): return 'skip'\n"
    )
    monkeypatch.setattr(firing, "_listeners", listeners_of(entry("skips", "skips_mod")))
    own = Opinionated("raise")
    hooks.register_hooks(own)
    assert hooks.datapoint_failed("MapData", 0, ValueError()) == "raise"
    hooks.unregister_hooks(own)
    assert hooks.datapoint_failed("MapData", 0, ValueError()) == "skip"


def test_what_is_no_opinion_is_refused(alone: Listeners) -> None:
    hooks.register_hooks(Opinionated("ignore"))
    with pytest.raises(PluginError, match=r"'ignore'.*'raise', 'skip', 'retry'"):
        hooks.datapoint_failed("MapData", 0, ValueError())


def test_what_a_listener_raises_reaches_who_fired(alone: Listeners) -> None:
    class Raises:
        @hookimpl
        def dataflow_epoch_started(self) -> None:
            raise ZeroDivisionError

    hooks.register_hooks(Raises())
    with pytest.raises(ZeroDivisionError):
        hooks.epoch_started(object(), 0)


def test_a_plugin_that_fires_while_it_is_imported_is_loaded_whole(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (modules / "eager_mod.py").write_text(
        "from dataflow_core import hooks\nhooks.epoch_started(None, 0)\n" + HEARS
    )
    monkeypatch.setattr(firing, "_listeners", listeners_of(entry("eager", "eager_mod")))
    hooks.worker_started("thread", 0)
    assert sys.modules["eager_mod"].heard == [("thread", 0)]


def test_many_threads_load_each_plugin_once(modules: Path) -> None:
    (modules / "slow_mod.py").write_text("import time\ntime.sleep(0.05)\n" + HEARS)
    listeners = listeners_of(entry("slow", "slow_mod"), entry("gone", "gone_mod"))
    ready = threading.Barrier(8)

    def fire(worker: int) -> None:
        ready.wait()
        _fire(listeners, "dataflow_worker_started", backend="thread", worker=worker)

    threads = [threading.Thread(target=fire, args=[n], daemon=True) for n in range(8)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert sorted(sys.modules["slow_mod"].heard) == [("thread", n) for n in range(8)]
    assert [warning.category for warning in caught] == [BrokenPluginWarning]


def test_one_module_under_two_names_hears_once(modules: Path) -> None:
    (modules / "hears_mod.py").write_text(HEARS)
    listeners = listeners_of(entry("one", "hears_mod"), entry("two", "hears_mod"))
    _fire(listeners, "dataflow_worker_started", backend="thread", worker=0)
    assert sys.modules["hears_mod"].heard == [("thread", 0)]


def test_the_switch_and_the_listing_know_installed_hooks(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = modules / "hears-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hears\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dataflow.hooks]\nears = hears_mod\n")
    (modules / "hears_mod.py").write_text(HEARS)
    assert "ears" in {entry.name for entry in Listeners().entries()}
    assert "hears_mod" not in sys.modules
    monkeypatch.setenv("DATAFLOW_DISABLE_PLUGINS", "hears")
    assert "ears" not in {entry.name for entry in Listeners().entries()}


def test_a_module_of_the_programs_own_may_listen(alone: Listeners) -> None:
    module = types.ModuleType("mine")
    exec(HEARS, vars(module))
    hooks.register_hooks(module)
    hooks.worker_started("inline", 7)
    assert module.heard == [("inline", 7)]


def test_pluggy_waits_for_the_first_listener() -> None:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from dataflow_core import hooks\n"
        "assert 'pluggy' not in sys.modules\n"
        "hooks.hookimpl\n"
        "assert 'pluggy' in sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True)


def test_an_unknown_name_in_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="hookimp'"):
        hooks.hookimp  # noqa: B018


def _fire(listeners: Listeners, hook: str, **arguments: object) -> None:
    call = listeners.caller(hook)
    assert call is not None
    call(**arguments)
