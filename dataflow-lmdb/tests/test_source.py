from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import msgpack
import pytest

from dataflow_core import DataFlow
from dataflow_lmdb import (
    DamagedRecordError,
    EmptyDatabaseError,
    ForeignCodecError,
    KeyNotFoundError,
    LMDBData,
    LMDBDataDecoder,
    source,
)
from dataflow_lmdb.keys import FormatKeys

RECORDS = [[b"%08d" % i, str(i * i).encode()] for i in range(20)]
KEYS = [key for key, _ in RECORDS]


class Counted(LMDBData):
    """Counts what is read."""

    reads: list[int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reads = []

    def __getitem__(self, index: int, /) -> Any:
        self.reads.append(index)
        return super().__getitem__(index)


@pytest.mark.parametrize(
    "keys",
    [None, "{:0>8d}", KEYS, [key.decode() for key in KEYS], tuple(KEYS)],
    ids=["scan", "format", "list", "str", "tuple"],
)
def test_every_way_to_give_the_keys_reads_the_same(numbered: str, keys: Any) -> None:
    flow = LMDBData(numbered, shuffle=False, keys=keys)
    assert len(flow) == 20
    assert list(flow) == RECORDS
    assert [flow[i] for i in range(20)] == RECORDS


def test_keys_in_another_order_or_a_part_of_them_are_read_as_given(numbered: str) -> None:
    some = [KEYS[7], KEYS[3], KEYS[4], KEYS[3]]
    flow = LMDBData(numbered, shuffle=False, keys=some)
    assert [key for key, _ in flow] == some


def test_an_ascending_part_of_the_keys_is_not_taken_for_all_of_them(numbered: str) -> None:
    assert [dp[0] for dp in LMDBData(numbered, shuffle=False, keys=KEYS[2:9:2])] == KEYS[2:9:2]


@pytest.mark.parametrize("use_bin_type", [True, False])
def test_the_record_of_keys_that_others_wrote_gives_the_order(
    make: Callable[..., str], use_bin_type: bool
) -> None:
    keys = [b"b", b"c", b"a"]
    record = msgpack.packb(keys, use_bin_type=use_bin_type)
    path = make({b"a": b"1", b"b": b"2", b"c": b"3", b"__keys__": record})
    assert list(LMDBData(path, shuffle=False)) == [[b"b", b"2"], [b"c", b"3"], [b"a", b"1"]]


def test_pickled_keys_are_read_only_when_asked_for(make: Callable[..., str]) -> None:
    path = make({b"a": b"1", b"__keys__": pickle.dumps([b"a"])})
    with pytest.raises(ForeignCodecError, match=r"unpickling can run any code.*codec='pickle'"):
        LMDBData(path)
    assert list(LMDBData(path, codec="pickle")) == [[b"a", b"1"]]
    assert list(LMDBData(path, keys=[b"a"])) == [[b"a", b"1"]]


def test_a_pickle_that_is_refused_has_not_run(make: Callable[..., str], tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    path = make({b"a": b"1", b"__keys__": pickle.dumps([Bomb()])})
    with pytest.raises(ForeignCodecError):
        LMDBData(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("record", [b"?", b"\x91\xc3", b"\xdd\xff\xff\xff\xff", b"\x90"])
def test_a_damaged_record_of_keys_says_so(make: Callable[..., str], record: bytes) -> None:
    path = make({b"a": b"1", b"__keys__": record})
    with pytest.raises((DamagedRecordError, EmptyDatabaseError)):
        LMDBData(path)


def test_a_scan_leaves_out_the_records_about_the_database(make: Callable[..., str]) -> None:
    path = make({b"A": b"1", b"__meta__": b"?", b"z": b"2"})
    assert list(LMDBData(path, shuffle=False)) == [[b"A", b"1"], [b"z", b"2"]]


def test_a_key_that_is_missing_is_named_with_one_that_is_there(numbered: str) -> None:
    with pytest.raises(KeyNotFoundError, match=r"no record b'0'.*look like b'00000000'") as caught:
        LMDBData(numbered, keys="{}")
    assert caught.value.key == b"0"
    assert caught.value.path == numbered


def test_a_gap_in_numbered_keys_is_an_error_in_order_and_by_index(
    make: Callable[..., str],
) -> None:
    path = make({b"0": b"a", b"1": b"b", b"1x": b"?", b"3": b"d"})
    flow = LMDBData(path, shuffle=False, keys="{}")
    iterator = iter(flow)
    assert [next(iterator), next(iterator)] == [[b"0", b"a"], [b"1", b"b"]]
    with pytest.raises(KeyNotFoundError, match="no record b'2'"):
        next(iterator)
    with pytest.raises(KeyNotFoundError, match="no record b'2'"):
        flow[2]


LARGE, SMALL = 100_000, 10


@pytest.mark.parametrize(
    "sizes",
    [
        [LARGE] * 8,
        [SMALL, LARGE, LARGE, SMALL, SMALL, LARGE, SMALL, SMALL],
        [LARGE, LARGE, SMALL, SMALL, SMALL, SMALL, LARGE, LARGE],
    ],
    ids=["large", "mixed", "in runs"],
)
def test_large_values_are_read_in_order_as_small_ones_are(
    make: Callable[..., str], sizes: list[int]
) -> None:
    records = {b"%d" % i: bytes([i]) * size for i, size in enumerate(sizes)}
    expected = [[key, value] for key, value in records.items()]
    assert list(LMDBData(make(records), shuffle=False, keys="{}")) == expected
    gaps = make({**records, b"5x": b"?", b"9": b"?"})
    iterator = iter(LMDBData(gaps, shuffle=False, keys="{}"))
    assert [next(iterator) for _ in sizes] == expected
    with pytest.raises(KeyNotFoundError, match="no record b'8'"):
        next(iterator)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than ten records are too many to scan."""
    monkeypatch.setattr(source, "_MAX_SCANNED", 10)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("form", ["%08d", "img-%02d.jpg", "1%02d"])
def test_numbers_are_keys_that_need_no_scan(make: Callable[..., str], form: str) -> None:
    records = {(form % number).encode(): b"%d" % number for number in range(20)}
    flow = LMDBData(make({**records, b"__meta__": b"?"}), shuffle=False)
    assert isinstance(flow._keys, FormatKeys)
    assert list(flow) == [[key, value] for key, value in records.items()]
    assert [flow[i] for i in range(20)] == list(flow)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "keys",
    [
        [b"%d" % number for number in range(200)],  # not of equal width
        [b"%03d" % number for number in range(200) if number != 100],
        [b"%03d" % (2 * number) for number in range(200)],
        [number.to_bytes(2, "big") for number in range(200)],
        # As many as there would be, and the first and the last are right.
        [b"000", *(b"0%02dx" % number for number in range(1, 99)), b"099"],
    ],
)
def test_other_keys_are_scanned_however_many(make: Callable[..., str], keys: list[bytes]) -> None:
    flow = LMDBData(make(dict.fromkeys(keys, b"")), shuffle=False)
    assert [key for key, _ in flow] == sorted(keys)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("shuffle", [False, True])
def test_keys_that_only_seem_to_be_numbers_end_no_epoch_in_silence(
    make: Callable[..., str], monkeypatch: pytest.MonkeyPatch, *, shuffle: bool
) -> None:
    monkeypatch.setattr(source, "_SAMPLED", 3)
    keys = [b"%03d" % number for number in range(200) if number != 77] + [b"150x"]
    path = make(dict.fromkeys(keys, b""))
    flow = LMDBData(path, shuffle=shuffle)
    with pytest.raises(KeyNotFoundError, match=r"no record b'077'.*list them, keys=\[") as caught:
        list(flow)
    assert caught.value.key == b"077"
    assert [key for key, _ in LMDBData(path, shuffle=False, keys=sorted(keys))] == sorted(keys)


def test_a_walk_reads_ahead_by_bytes_and_in_any_place(make: Callable[..., str]) -> None:
    sizes = [0, 10, 70_000, 3, 40_000, 40_000, *[100] * 300, 70_000, 0]
    path = make({b"%08d" % i: bytes([i % 256]) * size for i, size in enumerate(sizes)})
    flow = LMDBData(path, shuffle=False)
    whole = [flow[i] for i in range(len(sizes))]
    assert list(flow) == whole
    for start in (1, 2, 99, 100, 101, 307):
        again = LMDBData(path, shuffle=False)
        again.load_state_dict({**flow.state_dict(), "position": start})
        assert list(again) == whole[start:]


@pytest.mark.parametrize("index", [-1, 20, 10**8])
@pytest.mark.parametrize("keys", [None, "{:08d}"])
def test_an_index_outside_is_refused(numbered: str, keys: Any, index: int) -> None:
    with pytest.raises(IndexError):
        LMDBData(numbered, keys=keys)[index]


def test_a_single_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "one.mdb"
    with lmdb.open(str(path), subdir=False) as environment, environment.begin(write=True) as txn:
        txn.put(b"k", b"v")
    assert list(LMDBData(path)) == [[b"k", b"v"]]


def test_a_shuffle_is_a_new_permutation_every_epoch_and_repeats_by_seed(numbered: str) -> None:
    flow = LMDBData(numbered)
    flow.reset_state(3)
    first, second = list(flow), list(flow)
    assert sorted(first) == sorted(second) == RECORDS
    assert first != second
    flow.reset_state(3)
    assert list(flow) == first


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("decoded", [False, True])
def test_it_resumes_at_every_position(numbered: str, shuffle: bool, decoded: bool) -> None:
    def pipeline() -> DataFlow:
        flow = LMDBData(numbered, shuffle=shuffle)
        return flow.map(lambda dp: None if dp[1] == b"9" else dp) if decoded else flow

    whole = pipeline()
    whole.reset_state(5)
    stream = [*whole, *whole]
    running = pipeline()
    running.reset_state(5)
    for done in range(len(stream) + 1):
        state = json.loads(json.dumps(running.state_dict()))
        again = pipeline()
        again.load_state_dict(state)
        assert [*again, *again][: len(stream) - done] == stream[done:]
        if done == 0:
            iterator = iter(running)
        if done < len(stream):
            dp = next(iterator, None)
            if dp is None:
                iterator = iter(running)
                dp = next(iterator)
            assert dp == stream[done]


@pytest.mark.parametrize("shuffle", [False, True])
def test_resuming_reads_nothing_of_what_was_delivered(numbered: str, shuffle: bool) -> None:
    flow = Counted(numbered, shuffle=shuffle)
    iterator = iter(flow)
    for _ in range(15):
        next(iterator)
    state = flow.state_dict()
    again = Counted(numbered, shuffle=shuffle)
    again.load_state_dict(state)
    assert len(list(again)) == 5
    assert len(again.reads) == (5 if shuffle else 0)  # in order a cursor walks


@pytest.mark.parametrize("shuffle", [False, True])
def test_shards_read_their_own_records_only(numbered: str, shuffle: bool) -> None:
    whole = LMDBData(numbered, shuffle=shuffle)
    whole.reset_state(1)
    stream = list(whole)
    for index in range(3):
        flow = Counted(numbered, shuffle=shuffle)
        shard = flow.shard(index, 3)
        shard.reset_state(1)
        assert list(shard) == stream[index::3]
        assert len(flow.reads) == len(stream[index::3])


def test_two_flows_over_one_database_do_not_disturb_each_other(numbered: str) -> None:
    one, two = LMDBData(numbered, shuffle=False), LMDBData(numbered, shuffle=False, keys="{:08d}")
    pairs = zip(one, two)
    assert next(pairs) == (RECORDS[0], RECORDS[0])
    two.close()
    assert one[5] == RECORDS[5]
    assert list(two) == RECORDS
    one.close()
    assert one[6] == RECORDS[6]


def test_close_gives_the_file_back(numbered: str) -> None:
    with LMDBData(numbered, shuffle=False) as flow:
        assert list(flow) == RECORDS
    lmdb.open(numbered).close()  # refuses while the same process has the file open


def test_a_flow_that_is_gone_gives_the_file_back(numbered: str) -> None:
    flow = LMDBData(numbered)
    list(flow)
    del flow
    lmdb.open(numbered).close()


def test_the_state_fits_where_the_database_has_moved(numbered: str, tmp_path: Path) -> None:
    flow = LMDBData(numbered, shuffle=False)
    next(iter(flow))
    state = flow.state_dict()
    flow.close()
    moved = tmp_path / "elsewhere"
    Path(numbered).rename(moved)
    again = LMDBData(moved, shuffle=False)
    again.load_state_dict(state)
    assert list(again) == RECORDS[1:]


def test_another_file_under_the_same_path_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "db.lmdb"

    def write(value: bytes) -> None:
        with lmdb.open(str(path), subdir=False) as env, env.begin(write=True) as txn:
            txn.put(b"k", value)

    write(b"old")
    old = LMDBData(path)
    assert old[0] == [b"k", b"old"]
    path.unlink()
    Path(f"{path}-lock").unlink()
    write(b"new")
    assert list(LMDBData(path)) == [[b"k", b"new"]]
    assert old[0] == [b"k", b"old"]


def test_a_decoder_makes_datapoints_and_drops(numbered: str) -> None:
    def decode(key: bytes, value: bytes) -> tuple[int, int] | None:
        return None if value == b"4" else (int(key), int(value))

    flow = LMDBDataDecoder(LMDBData(numbered, shuffle=False), decode)
    assert list(flow) == [(i, i * i) for i in range(20) if i != 2]
    assert "LMDBDataDecoder" in flow.explain()


def test_a_decoder_that_fails_is_told_where(numbered: str) -> None:
    records = LMDBData(numbered, shuffle=False)
    flow = LMDBDataDecoder(records, lambda key, value: [1 // (5 - int(key))])
    with pytest.raises(ZeroDivisionError) as caught:
        list(flow)
    assert any("position 5" in note for note in caught.value.__notes__)


def test_a_decoder_must_be_a_function(numbered: str) -> None:
    with pytest.raises(TypeError, match="function of key and value"):
        LMDBDataDecoder(LMDBData(numbered), "decode")  # type: ignore[arg-type]


def test_both_are_found_under_their_names(numbered: str) -> None:
    assert DataFlow.registry.get("lmdb") is LMDBData
    short = LMDBData(numbered, shuffle=False).lmdb_decode(lambda key, value: [value])
    assert next(iter(short)) == [b"0"]


def test_the_repr_says_where_and_how_many(numbered: str) -> None:
    assert repr(LMDBData(numbered)) == f"LMDBData({numbered!r}, 20 items, shuffle=True)"
