"""States: a few numbers of JSON, and the lines that tell whose they are."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, SupportsIndex

from dataflow_core.errors import FingerprintMismatchError, StateError
from dataflow_core.flow.describe import identify_call
from dataflow_core.flow.run import Place, is_position, position_of
from dataflow_core.rng import checked_seed

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow

VERSION = 1


def checked_epoch(epoch: SupportsIndex) -> int:
    """Return `epoch` as an int.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is negative or beyond 32 bits.
    """
    try:
        number = operator.index(epoch)
    except TypeError:
        raise TypeError(f"an epoch is an integer, not {epoch!r}") from None
    if not 0 <= number < 2**32:
        raise ValueError(f"an epoch lies in 0 ... 2**32 - 1, got {number}")
    return number


def dump(flow: DataFlow, seed: int, epoch: int, place: Place | None) -> dict[str, object]:
    """Return the state of `flow` at `place`."""
    position = position_of(place)
    state: dict[str, object] = {
        "version": VERSION,
        "fingerprint": fingerprint(flow),
        "seed": seed,
        "epoch": epoch,
        "position": position,
    }
    if isinstance(place, Mapping):
        state["place"] = place
    return state


def load(flow: DataFlow, state: Mapping[str, object]) -> tuple[int, int, Place | None]:
    """Return (seed, epoch, place) of a state of an equal pipeline.

    Raises:
        StateError: if it is damaged, of another version or of another pipeline.
    """
    if not isinstance(state, Mapping):
        as_text = isinstance(state, (str, bytes))
        hint = "; if this is the JSON of one, load it with json.loads" if as_text else ""
        raise StateError(
            f"a state is a dict made by state_dict(), not {type(state).__name__}{hint}"
        )
    if "version" not in state:
        raise StateError(f"this is no state of a flow: it has no version, and the keys {[*state]}")
    if state.get("version") != VERSION:
        raise StateError(
            f"the state has version {state.get('version')!r}; this DataFlow reads {VERSION}"
        )
    _compare(state.get("fingerprint"), fingerprint(flow))
    place = state.get("place", state.get("position"))
    try:
        seed = checked_seed(state["seed"])  # type: ignore[arg-type]
        epoch = checked_epoch(state["epoch"])  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"the state is damaged: {error}") from error
    if isinstance(place, Mapping):
        return seed, epoch, place
    if is_position(place):
        return seed, epoch, place or None
    raise StateError(f"the state is damaged: position {place!r}")


def fingerprint(flow: DataFlow) -> list[str]:
    """Return a line for each stage that has a say in what the stream is, source last.

    Stages that only change where or how fast things run have none.
    """
    if flow._transparent:
        return [line for up in flow._upstreams() for line in fingerprint(up)]
    lines = [identify_call(type(flow).__name__, flow._fingerprint_params())]
    upstreams = flow._upstreams()
    indent = "  " if len(upstreams) > 1 else ""
    for upstream in upstreams:
        lines += [indent + line for line in fingerprint(upstream)]
    return lines


def _compare(theirs: object, ours: Sequence[str]) -> None:
    if theirs == ours:
        return
    import difflib

    if not isinstance(theirs, Sequence) or not all(isinstance(line, str) for line in theirs):
        raise StateError(f"the state is damaged: fingerprint {theirs!r}")
    differences = [*difflib.unified_diff(theirs, ours, "state", "this flow", lineterm="", n=0)]
    raise FingerprintMismatchError(
        "the state was taken of another pipeline:\n" + "\n".join(differences),
        [line for line in differences if not line.startswith(("---", "+++", "@@"))],
    )
