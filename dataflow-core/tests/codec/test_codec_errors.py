"""What cannot be encoded or read is said, by name, with the remedy."""

from __future__ import annotations

import collections
import contextlib
import enum
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

from dataflow_core.codec import Limits, decode, dumps, encode, loads
from dataflow_core.errors import CodecError


class Point(NamedTuple):
    x: int


class Colour(enum.IntEnum):
    RED = 1


class Name(str):
    __slots__ = ()


UNKNOWN = [
    {1, 2},
    frozenset(),
    object(),
    Point(1),
    Colour.RED,
    Name("n"),
    collections.OrderedDict(a=1),
    collections.defaultdict(list),
    np.zeros((1, 1)).view(np.matrix),
    np.ma.masked_array([1, 2], [False, True]),
    np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    np.array([None, 1]),
    np.zeros(2, [("a", "O"), ("b", "i4")]),
    np.zeros((), [("a", "O")])[()],
    np.empty((1 << 17,), "V0"),
    memoryview(b""),
    range(3),
    int,
]


@pytest.mark.parametrize("value", UNKNOWN, ids=lambda value: type(value).__name__)
def test_what_would_come_back_as_another_type_is_refused(value: Any) -> None:
    for wrapped in (value, [1, (value,)], {"k": value}):
        with pytest.raises(CodecError, match="pickle"):
            encode(wrapped)
    assert decode(encode([value], fallback=lambda _: b"x"), fallback=bytes.decode) == ["x"]


def test_the_error_names_the_component_the_type_and_the_way_to_pickle() -> None:
    with pytest.raises(CodecError) as caught:
        encode([0, {"boxes": [{1, 2}], "later": set()}])
    message = str(caught.value)
    assert message.startswith("component [1]['boxes'][0]: set is not a type the codec knows")
    assert "fallback=pickle.dumps" in message
    assert 'codec="pickle"' in message


def test_the_error_names_a_key_as_such() -> None:
    with pytest.raises(CodecError, match=r"component \[0\]\[Point\(x=1\)\] \(its key\): Point"):
        encode([{Point(1): 1}])


def test_the_error_for_a_subclass_names_what_it_would_degrade_to() -> None:
    with pytest.raises(CodecError, match="As a tuple it would come back as another type"):
        encode([Point(1)])
    with pytest.raises(CodecError, match="array of dtype object"):
        encode([np.array([None])])


def test_a_container_in_itself_is_an_error_not_a_crash() -> None:
    cycle: list[Any] = []
    cycle += [cycle, cycle, {1}]
    with pytest.raises(CodecError, match="contain itself"):
        encode(cycle)
    pairs: dict[str, Any] = {}
    pairs["self"] = [pairs]
    with pytest.raises(CodecError, match="contain itself"):
        encode(pairs)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth_is_limited_on_both_sides() -> None:
    limits = Limits(max_depth=5)
    frames = encode(nested(5), limits=limits)
    assert decode(frames, limits=limits) == nested(5)
    with pytest.raises(CodecError, match="deeper than 5"):
        encode(nested(6), limits=limits)
    with pytest.raises(CodecError, match="max_depth = 5"):
        decode(encode(nested(6)), limits=limits)


@pytest.mark.parametrize("depth", [500, 3000])
def test_a_stack_without_room_is_an_error_not_a_crash(depth: int) -> None:
    generous = Limits(max_depth=100_000)
    with contextlib.suppress(CodecError):
        decode(encode(nested(depth), limits=generous), limits=generous)


def test_frames_are_limited_on_both_sides() -> None:
    value = [b"x" * 5000] * 3
    with pytest.raises(CodecError, match="max_frames"):
        encode(value, limits=Limits(max_frames=3))
    with pytest.raises(CodecError, match="max_frames"):
        decode(encode(value), limits=Limits(max_frames=3))
    with pytest.raises(CodecError, match="frames"):
        loads(dumps(value), limits=Limits(max_frames=3))
    assert decode(encode(value, limits=Limits(max_frames=4)), limits=Limits(max_frames=4)) == value


def test_bytes_are_limited_on_both_sides() -> None:
    value = [b"x" * 5000, "y" * 1000]
    with pytest.raises(CodecError, match="max_bytes"):
        encode(value, limits=Limits(max_bytes=6000))
    with pytest.raises(CodecError, match="max_bytes"):
        decode(encode(value), limits=Limits(max_bytes=6000))
    assert decode(encode(value), limits=Limits(max_bytes=6100)) == value


def test_keys_that_could_collide_are_limited_on_both_sides() -> None:
    modulus = sys.hash_info.modulus
    colliding = {modulus * step: None for step in range(100, 200)}
    assert len({hash(key) for key in colliding}) == 1
    plain = dict.fromkeys([*range(5000), *map(str, range(5000)), *map(float, range(-5000, 0))])
    limits = Limits(max_rare_keys=50)
    assert decode(encode(plain, limits=limits), limits=limits) == plain
    with pytest.raises(CodecError, match="max_rare_keys"):
        encode(colliding, limits=limits)
    with pytest.raises(CodecError, match="max_rare_keys"):
        decode(encode(colliding), limits=limits)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_depth=0"):
        Limits(max_depth=0)


def test_the_reader_never_runs_a_fallback_it_was_not_given() -> None:
    for size in (10, 10_000):
        written = bytes(size)
        frames = encode([{1}], fallback=lambda _: written)  # noqa: B023
        with pytest.raises(CodecError, match=r"fallback=pickle\.loads"):
            decode(frames)


def test_a_fallback_that_fails_on_reading_is_a_codec_error() -> None:
    def broken(data: bytes) -> object:
        raise KeyError(data)

    with pytest.raises(CodecError, match="KeyError") as caught:
        decode(encode([{1}], fallback=lambda _: b"x"), fallback=broken)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_fallback_that_fails_on_writing_raises_its_own_error() -> None:
    def broken(value: object) -> bytes:
        raise KeyError(value)

    with pytest.raises(KeyError):
        encode([{1}], fallback=broken)


def test_a_fallback_must_return_bytes() -> None:
    with pytest.raises(CodecError, match="must return bytes"):
        encode([{1}], fallback=lambda _: "text")  # type: ignore[arg-type,return-value]


def test_another_format_version_is_named() -> None:
    data = bytearray(dumps(1))
    data[3] = 9
    with pytest.raises(CodecError, match="format 9, this dataflow-core reads format 1"):
        loads(data)
    with pytest.raises(CodecError, match="format 9"):
        decode([b"DFC\x09\x91\x01"])


@pytest.mark.parametrize("frames", [[], [b""], [b"DFC"], ["text"], [None], [5], [b"DFC\x01"]])
def test_what_is_no_datapoint_is_an_error(frames: Any) -> None:
    with pytest.raises(CodecError):
        decode(frames)


@pytest.mark.parametrize("data", [b"", b"DFP\x01", "text", None, b"\x80\x04K\x01."])
def test_what_is_no_packed_datapoint_is_an_error(data: Any) -> None:
    with pytest.raises(CodecError):
        loads(data)


def test_frames_too_many_or_too_few_are_errors() -> None:
    frames = encode([np.zeros(5000), np.ones(5000)])
    for wrong in (frames[:-1], [*frames, b""], [*frames[:2], b"", frames[2]], frames[:1]):
        with pytest.raises(CodecError):
            decode(wrong)


def test_a_frame_of_another_length_is_an_error() -> None:
    header, frame = encode(np.zeros((50, 50)))
    for wrong in (frame[:-1], bytes(frame) + b"x", b""):
        with pytest.raises(CodecError, match="takes 20000 bytes"):
            decode([header, wrong])


def test_every_cut_and_every_addition_is_noticed() -> None:
    data = dumps([1, np.arange(1000), {"k": (1, 2)}])
    for end in range(0, len(data) - 1, 7):
        with pytest.raises(CodecError):
            loads(data[:end])
    with pytest.raises(CodecError, match="lengthened"):
        loads(data + b"\0")


def test_the_codec_does_not_import_pickle_of_its_own() -> None:
    # NumPy imports pickle itself, so look at the names the codec's modules hold.
    code = (
        "import sys, dataflow_core.codec\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if name.startswith('dataflow_core.codec'):\n"
        "        assert not {'pickle', 'cloudpickle', 'eval'} & set(vars(module)), name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
