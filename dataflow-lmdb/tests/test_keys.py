from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_lmdb.keys import BLOCK, FormatKeys, Keys, KeyTable, guess_template

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


def table_of(count: int) -> KeyTable:
    return KeyTable.scanned(sorted(b"%d" % (number * 7) for number in range(count)))


@pytest.mark.parametrize("keys", [*(FormatKeys(each, 1000) for each in TEMPLATES), table_of(1000)])
@given(data=st.data())
def test_keys_are_those_from_an_index_on_and_no_others(keys: Keys, data: st.DataObject) -> None:
    block = data.draw(st.integers(0, 9)) * BLOCK
    start = data.draw(st.integers(block, block + BLOCK - 1))
    stop = data.draw(st.integers(start + 1, block + BLOCK))
    found = [keys[index] for index in range(start, stop)]
    assert keys.are(found, start)
    place = data.draw(st.integers(0, len(found) - 1))
    other = bytearray(found[place])
    other[data.draw(st.integers(0, len(other) - 1))] ^= data.draw(st.integers(1, 255))
    assert not keys.are([*found[:place], bytes(other), *found[place + 1 :]], start)
    # The same bytes, divided otherwise.
    if place + 1 < len(found):
        moved = [found[place] + found[place + 1][:1], found[place + 1][1:]]
        assert not keys.are([*found[:place], *moved, *found[place + 2 :]], start)


def test_a_scan_gives_the_keys_as_a_list_does() -> None:
    keys = sorted(b"%d" % number for number in range(25_000))
    scanned, listed = KeyTable.scanned(keys), KeyTable(keys)
    assert [scanned[i] for i in range(len(scanned))] == keys
    assert scanned.ascending
    assert listed.ascending
    assert len(KeyTable.scanned([])) == 0


@given(
    before=st.text("ab{}%01_é", max_size=4),
    after=st.text("ab{}%_.", max_size=4),
    width=st.integers(1, 12),
    data=st.data(),
)
def test_a_guessed_format_string_makes_the_first_and_the_last_key(
    before: str, after: str, width: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(2, 10**width))
    first, last = (f"{before}{number:0{width}d}{after}".encode() for number in (0, count - 1))
    template = guess_template(first, last, count)
    if "é" in before:
        assert template is None
    else:
        assert template is not None
        keys = FormatKeys(template, count)
        assert (keys[0], keys[count - 1]) == (first, last)
        assert keys.ascending or {*"{}"} & {*before, *after}
    assert guess_template(first, last, count + 1) is None


@pytest.mark.parametrize(
    ("first", "last"),
    [(b"a", b"b"), (b"1", b"3"), (b"0", b"11"), (b"\xff0", b"\xff2"), (b"0a", b"2b"), (b"", b"2")],
)
def test_no_format_string_is_guessed_where_none_fits(first: bytes, last: bytes) -> None:
    assert guess_template(first, last, 3) is None
