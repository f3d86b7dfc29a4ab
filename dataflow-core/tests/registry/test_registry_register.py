"""A program's own names, and the read-only mappings."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.discovery import Entry, Scan
from dataflow_core.errors import AmbiguousPluginError, UnknownPluginError
from dataflow_core.registry import KINDS, Registry, registry
from dataflow_core.registry.index import Index


@pytest.fixture
def small() -> Registry:
    """One installed source, `reader`, and nothing else."""
    return Registry(lambda: Scan((Entry("sources", "reader", "csv-dist", "1", "csv:reader"),)))


def test_a_registered_name_is_found(small: Registry) -> None:
    assert small.register("operator", "length", len) is len
    assert small.get("length") is len
    assert small.operators["length"] is len
    entry = next(entry for entry in small.entries() if entry.name == "length")
    assert (entry.kind, entry.distribution, entry.value) == ("operators", "", "builtins:len")
    assert entry.load() is len


def test_register_is_a_decorator_too(small: Registry) -> None:
    @small.register("sources", "mine")
    class Mine:
        pass

    assert small.get("mine") is Mine


def test_an_installed_name_is_not_taken_over(small: Registry) -> None:
    with pytest.raises(AmbiguousPluginError, match="csv-dist") as caught:
        small.register("source", "reader", len)
    assert caught.value.distributions == ("csv-dist",)
    assert small.get("reader").__name__ == "reader"


def test_one_name_in_two_kinds_becomes_ambiguous_though_it_was_loaded(small: Registry) -> None:
    assert small.get("reader").__name__ == "reader"
    small.register("operator", "reader", len)
    with pytest.raises(AmbiguousPluginError):
        small.get("reader")
    assert small.get("reader", "operator") is len


def test_the_same_thing_again_is_fine(small: Registry) -> None:
    small.register("operator", "length", len)
    small.register("operators", "length", len)
    assert small.get("length") is len
    with pytest.raises(AmbiguousPluginError, match="this program"):
        small.register("operator", "length", sum)


def test_a_definition_that_runs_again_replaces_itself(small: Registry) -> None:
    cell = "class Mine: pass"
    for _ in range(2):
        namespace = {"__name__": "__main__"}
        exec(cell, namespace)
        small.register("source", "mine", namespace["Mine"])
        assert small.get("mine") is namespace["Mine"]


def test_two_lambdas_are_two_things(small: Registry) -> None:
    small.register("operator", "f", lambda ds: ds)
    with pytest.raises(AmbiguousPluginError):
        small.register("operator", "f", lambda ds: None)


def test_unregister_takes_back_only_what_the_program_registered(small: Registry) -> None:
    small.register("operator", "length", len)
    small.unregister("operator", "length")
    with pytest.raises(UnknownPluginError):
        small.get("length")
    with pytest.raises(LookupError):
        small.unregister("source", "reader")


@pytest.mark.parametrize("name", ["", "a:b", "a b", " a", "a\n"])
def test_names_that_could_not_be_asked_for_are_refused(small: Registry, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        small.register("source", name, len)


def test_a_mapping_is_a_mapping(small: Registry) -> None:
    sources = small.sources
    assert list(sources) == ["reader"]
    assert len(sources) == 1
    assert sources.get("nothing") is None
    assert "nothing" not in sources
    with pytest.raises(KeyError):
        sources["nothing"]
    with pytest.raises(TypeError):
        sources["mine"] = len  # type: ignore[index]
    small.register("source", "mine", len)
    assert list(sources) == ["mine", "reader"]
    assert dict(sources)["mine"] is len


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_property(kind: str) -> None:
    assert list(getattr(Registry(Scan), kind)) == []


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_the_registry_travels_as_a_reference(dumps: Callable[[object], bytes]) -> None:
    assert pickle.loads(dumps(registry)) is registry


_entries = st.builds(
    Entry,
    kind=st.sampled_from(KINDS),
    name=st.sampled_from("ab"),
    distribution=st.sampled_from(["p", "q"]),
    version=st.just("1"),
    value=st.just("m:o"),
)


@given(st.sets(_entries))
def test_distribution_and_kind_together_always_tell(entries: set[Entry]) -> None:
    index = Index(entries)
    for entry in entries:
        found = index.candidates(f"{entry.distribution}:{entry.name}", [entry.kind])
        assert found == [entry]
    for name in "ab":
        bearing = [entry for entry in entries if entry.name == name]
        assert set(index.candidates(name, KINDS)) == set(bearing)
