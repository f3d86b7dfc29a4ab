"""From names to things, and what is said when that fails."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dataflow_core.discovery import Entry, Scan
from dataflow_core.errors import AmbiguousPluginError, BrokenPluginError, UnknownPluginError
from dataflow_core.registry import KINDS, Registry

ONE_CLASS = "class Lines:\n    pass\n"


def test_a_name_gives_what_its_distribution_offers(site: Any) -> None:
    site.install("tiny", {"sources": {"tiny": "tiny_mod:Lines"}}, modules={"tiny_mod": ONE_CLASS})
    registry = Registry()
    lines = registry.get("tiny")
    assert (lines.__module__, lines.__name__) == ("tiny_mod", "Lines")
    assert registry.get("tiny", kind="source") is lines
    assert registry.get("tiny", kind="sources") is lines
    assert registry.get("tiny:tiny") is lines
    assert registry.sources["tiny"] is lines


def test_listing_imports_nothing(site: Any) -> None:
    site.install("tiny", {"sources": {"tiny": "tiny_mod:Lines"}}, modules={"tiny_mod": ONE_CLASS})
    registry = Registry()
    assert "tiny" in registry.names("sources")
    assert "tiny" in registry.sources
    assert "tiny" in list(registry.sources)
    assert "tiny" in {entry.name for entry in registry.entries()}
    assert "tiny" in repr(registry.sources)
    assert registry.near("tiyn") == ["tiny"]
    assert "tiny_mod" not in sys.modules
    assert registry.get("tiny").__module__ == "tiny_mod"


def test_metadata_is_read_at_the_first_question_and_once() -> None:
    looks: list[int] = []

    def look() -> Scan:
        looks.append(1)
        return Scan((Entry("sources", "reader", "csv", "1", "csv:reader"),))

    registry = Registry(look)
    assert looks == []
    for _ in range(3):
        registry.get("reader")
        assert "reader" in registry.sources
    assert looks == [1]


def test_a_name_is_looked_up_and_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = Entry.load

    def counted(entry: Entry) -> object:
        loads.append(entry.name)
        return load(entry)

    monkeypatch.setattr(Entry, "load", counted)
    registry = _registry_of(Entry("sources", "reader", "csv", "1", "csv:reader"))
    for _ in range(3):
        registry.get("reader")
    assert loads == ["reader"]


def test_importing_reads_no_entry_points() -> None:
    code = """
        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
        import dataflow_core.registry, dataflow_core.hooks
        assert opened, "the audit hook hears nothing"
        assert not [path for path in opened if path.endswith("entry_points.txt")]
        assert "pluggy" not in sys.modules
        list(dataflow_core.registry.registry.sources)
        assert [path for path in opened if path.endswith("entry_points.txt")]
    """
    # -S: the .pth files of editable installs read and import much themselves.
    code = f"import sys; sys.path[:] = {sys.path!r}\n" + textwrap.dedent(code)
    subprocess.run([sys.executable, "-S", "-c", code], check=True)


def test_an_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(ValueError, match=", ".join(KINDS)):
        Registry(Scan).get("tiny", kind="widgets")


def test_a_name_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="int"):
        Registry(Scan).get(int)  # type: ignore[arg-type]


class TestSharedNames:
    def test_two_kinds_need_a_kind(self) -> None:
        registry = _registry_of(
            Entry("sources", "wire", "dist-a", "1", "csv:reader"),
            Entry("backends", "wire", "dist-a", "1", "csv:writer"),
        )
        with pytest.raises(AmbiguousPluginError, match="sources, backends") as caught:
            registry.get("wire")
        assert "get('wire', kind='backends')" in str(caught.value)
        assert caught.value.distributions == ("dist-a",)
        assert registry.get("wire", "backend").__name__ == "writer"
        assert registry.sources["wire"].__name__ == "reader"

    def test_two_distributions_need_a_prefix(self) -> None:
        registry = _registry_of(
            Entry("sources", "wire", "dist-a", "1", "csv:reader"),
            Entry("sources", "wire", "dist-b", "2", "csv:writer"),
        )
        with pytest.raises(AmbiguousPluginError) as caught:
            registry.get("wire")
        assert "get('dist-a:wire')" in str(caught.value)
        assert "get('dist-b:wire')" in str(caught.value)
        assert caught.value.distributions == ("dist-a", "dist-b")
        assert registry.get("dist-a:wire").__name__ == "reader"
        assert registry.get("Dist_B:wire", "source").__name__ == "writer"
        assert "wire" in registry.sources
        assert len(registry.sources) == 1

    def test_every_call_that_the_error_proposes_works(self) -> None:
        registry = _registry_of(
            Entry("sources", "wire", "dist-a", "1", "csv:reader"),
            Entry("sources", "wire", "dist-b", "2", "csv:writer"),
            Entry("backends", "wire", "dist-b", "2", "csv:Dialect"),
        )
        with pytest.raises(AmbiguousPluginError) as caught:
            registry.get("wire")
        calls = [line.partition("#")[0] for line in str(caught.value).splitlines()[1:]]
        got = {eval(call, {"get": registry.get}).__name__ for call in calls}
        assert got == {"reader", "writer", "Dialect"}


class TestUnknownNames:
    def test_the_error_says_what_is_near(self) -> None:
        registry = _registry_of(Entry("sources", "reader", "csv", "1", "csv:reader"))
        with pytest.raises(UnknownPluginError, match="near it: reader") as caught:
            registry.get("raeder", "source")
        assert caught.value.near == ("reader",)
        assert (caught.value.kind, caught.value.name) == ("sources", "raeder")
        assert isinstance(caught.value, LookupError)

    def test_the_name_of_the_class_is_near(self) -> None:
        registry = _registry_of(Entry("sources", "spreadsheet", "csv", "1", "csv:DictReader"))
        assert registry.near("DictReader") == ["spreadsheet"]

    def test_a_well_known_name_comes_with_the_command_that_installs_it(self) -> None:
        with pytest.raises(UnknownPluginError, match="pip install dataflow-lmdb"):
            _registry_of().get("lmdb")

    def test_what_is_switched_off_is_not_to_be_installed(self) -> None:
        entry = Entry("sources", "lmdb", "dataflow-lmdb", "1.0", "dataflow_lmdb:LMDBData")
        registry = Registry(lambda: Scan(disabled=(entry,)))
        with pytest.raises(UnknownPluginError, match="DATAFLOW_DISABLE_PLUGINS") as caught:
            registry.get("lmdb")
        assert "pip install" not in str(caught.value)

    def test_a_name_of_another_kind_is_pointed_out(self) -> None:
        registry = _registry_of(Entry("sources", "reader", "csv", "1", "csv:reader"))
        with pytest.raises(UnknownPluginError, match="one of the sources"):
            registry.get("reader", "operator")

    def test_a_distribution_that_does_not_offer_the_name(self) -> None:
        registry = _registry_of(Entry("sources", "reader", "csv", "1", "csv:reader"))
        with pytest.raises(UnknownPluginError):
            registry.get("other:reader")


class TestBrokenPlugins:
    @pytest.mark.parametrize(
        ("source", "cause"),
        [
            ("import no_such_module_anywhere", ModuleNotFoundError),
            ("1 / 0", ZeroDivisionError),
            ("raise SystemExit(3)", SystemExit),
            ("", AttributeError),
            ("def", SyntaxError),
        ],
    )
    def test_the_error_keeps_the_cause(self, site: Any, source: str, cause: type) -> None:
        site.install("bad-dist", {"sources": {"bad": "bad_mod:A"}}, modules={"bad_mod": source})
        with pytest.raises(BrokenPluginError, match=r"bad-dist 1\.0.*bad_mod:A") as caught:
            Registry().get("bad")
        assert type(caught.value.__cause__) is cause
        assert caught.value.distribution == "bad-dist"
        assert isinstance(caught.value, ImportError)

    @pytest.mark.parametrize("value", ["not a module!:A", ":A", "csv:", "csv:no.such", ""])
    def test_nonsense_in_the_metadata_is_a_broken_plugin_at_worst(self, value: str) -> None:
        registry = _registry_of(
            Entry("sources", "bad", "dist", "1", value),
            Entry("sources", "good", "dist", "1", "csv:reader"),
        )
        assert "bad" in registry.sources
        if value != "csv:":
            with pytest.raises(BrokenPluginError):
                registry.get("bad")
        assert registry.get("good").__name__ == "reader"

    def test_only_its_own_name_is_lost(self, site: Any) -> None:
        site.install(
            "half",
            {"sources": {"bad": "bad_mod:A", "good": "good_mod:Lines"}},
            modules={"bad_mod": "1 / 0", "good_mod": ONE_CLASS},
        )
        registry = Registry()
        with pytest.raises(BrokenPluginError):
            registry.get("bad")
        assert registry.get("good").__name__ == "Lines"
        assert {"bad", "good"} <= set(registry.sources)

    def test_the_next_call_tries_again(self, site: Any) -> None:
        site.install("mend", {"sources": {"mend": "mend_mod:Lines"}})
        registry = Registry()
        with pytest.raises(BrokenPluginError):
            registry.get("mend")
        (site.folder / "mend_mod.py").write_text(ONE_CLASS)
        import importlib

        importlib.invalidate_caches()
        assert registry.get("mend").__name__ == "Lines"


def test_refresh_finds_what_was_installed_meanwhile(site: Any) -> None:
    registry = Registry()
    assert "late" not in registry.sources
    site.install("late", {"sources": {"late": "late_mod:Lines"}}, modules={"late_mod": ONE_CLASS})
    registry.register("operators", "mine", len)
    assert "late" not in registry.sources
    registry.refresh()
    assert registry.get("late").__name__ == "Lines"
    assert registry.get("mine") is len


class TestThreads:
    def test_all_get_the_same_and_metadata_is_read_once(self, site: Any) -> None:
        looks: list[int] = []

        def look() -> Scan:
            looks.append(1)
            return Scan((Entry("sources", "slow", "slow", "1", "slow_mod:Lines"),))

        source = "import time\ntime.sleep(0.05)\n" + ONE_CLASS
        site.install("slow", {}, modules={"slow_mod": source})
        registry = Registry(look)
        got: list[object] = []
        _in_threads(8, lambda: got.append(registry.get("slow")))
        assert len(got) == 8
        assert len(set(got)) == 1
        assert looks == [1]

    def test_a_plugin_may_ask_the_registry_while_it_is_imported(
        self, site: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asks = "import time, shared_registry\ntime.sleep(0.05)\n{}\nclass Lines: pass\n"
        site.install(
            "pair",
            {"sources": {"one": "one_mod:Lines", "two": "two_mod:Lines"}},
            modules={
                "shared_registry": "from dataflow_core.registry import Registry\nit = Registry()\n",
                "one_mod": asks.format("list(shared_registry.it.sources)"),
                "two_mod": asks.format("shared_registry.it.register('source', 'three', int)"),
            },
        )
        import shared_registry  # type: ignore[import-not-found]

        got: list[object] = []
        names = iter(["one", "two"])
        _in_threads(2, lambda: got.append(shared_registry.it.get(next(names))))
        assert len(got) == 2


def _registry_of(*entries: Entry) -> Registry:
    return Registry(lambda: Scan(entries))


def _in_threads(count: int, work: Callable[[], object]) -> None:
    ready = threading.Barrier(count)

    def run() -> None:
        ready.wait()
        work()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive(), "deadlock"
