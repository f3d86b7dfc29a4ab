from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_lmdb.keys import FormatKeys, KeyTable

TEMPLATES = [
    *("{:0>8d}", "{:08d}", "{0:03d}", "{}", "{:d}", "a{:0>2d}b", "100%{:05d}%d", "{{{:04d}}}"),
    *("{:x}", "{:8d}", "{:>8}", "{:0<8d}", "{0}-{0}", "{0!r:>4}", "{:08}", "{:+d}", "é{:03d}"),
]


@pytest.mark.parametrize("template", TEMPLATES)
@given(index=st.integers(0, 10**12 - 1))
def test_a_key_is_what_the_format_string_says(template: str, index: int) -> None:
    assert FormatKeys(template, 10**12)[index] == template.format(index).encode()


@pytest.mark.parametrize("template", TEMPLATES)
@given(count=st.integers(1, 3000))
def test_keys_called_ascending_are(template: str, count: int) -> None:
    keys = FormatKeys(template, count)
    if keys.ascending:
        listed = [keys[i] for i in range(count)]
        assert listed == sorted(set(listed))


@pytest.mark.parametrize("template", ["", "constant", "{", "{name}", "{1}", "{:q}", "{0.x}"])
def test_what_cannot_be_formatted_with_an_index_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="one field for"):
        FormatKeys(template, 3)


@given(keys=st.lists(st.binary(min_size=1, max_size=9)))
def test_a_table_holds_its_keys(keys: list[bytes]) -> None:
    table = KeyTable(keys)
    assert [table[i] for i in range(len(table))] == keys
    assert table.ascending == (keys == sorted(set(keys)))


@pytest.mark.parametrize("keys", [KeyTable([b"a", b"b"]), FormatKeys("{}", 2)])
@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_an_index_outside_is_refused(keys: KeyTable | FormatKeys, index: int) -> None:
    with pytest.raises(IndexError):
        keys[index]


def test_format_keys_travel_without_their_keys() -> None:
    keys = FormatKeys("{:08d}", 10**9)
    data = pickle.dumps(keys)
    assert len(data) < 200
    assert pickle.loads(data)[123] == b"00000123"


def test_the_wrong_key_is_named() -> None:
    with pytest.raises(TypeError, match=r"keys\[1\] is 7"):
        KeyTable(["a", 7])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"keys\[0\] is empty"):
        KeyTable([""])
