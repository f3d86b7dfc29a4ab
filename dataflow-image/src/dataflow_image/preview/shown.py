"""Find out what there is to show in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from dataflow_core import DataFlow, Datapoint
from dataflow_core.flow import Index, position_at_hand
from dataflow_image.augment import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
)
from dataflow_image.augment.flow import AugmentFlow
from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.drawing import Marks, drawn
from dataflow_image.preview.errors import PreviewError
from dataflow_image.preview.wording import described

__all__ = ["Row", "Shot", "augmenting_stage", "rows_of"]

_BATCH_NDIM = 4

_Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shot:
    """One image as a pipeline yields it.

    Attributes:
        image: uint8, (height, width, 3), BGR, with what is marked in it.
        texts: the name and a description of each other component.
    """

    image: Image
    texts: _Texts = ()


@dataclass(frozen=True)
class Row:
    """One image and what each epoch makes of it.

    Attributes:
        position: of its datapoint.
        original: before the last augmenting stage.
        augmented: for each epoch; None where the stage has left the datapoint out.
    """

    position: int
    original: Shot
    augmented: Sequence[Shot | None] = ()


def augmenting_stage(flow: DataFlow) -> AugmentFlow | None:
    """Return the last stage that augments, or None."""
    stage: Any = flow
    while isinstance(stage, DataFlow):
        if isinstance(stage, AugmentFlow):
            return stage
        stage = getattr(stage, "ds", None)
    return None


def rows_of(flow: DataFlow, count: int, epochs: int, seed: int) -> list[Row]:
    """Return the first images: before the last augmenting stage, and after it in each epoch.

    Without such a stage the pipeline's own images stand alone.

    Raises:
        PreviewError: it yields no images, or something else than lists, tuples and dicts.
    """
    stage = augmenting_stage(flow)
    if stage is None:
        return _rows_without_stage(flow, count, seed)
    originals = _first(stage.ds, count, epochs, seed)
    augmented = _first(stage, count, epochs, seed)
    # With a shuffle, each epoch begins with other images: the first epoch's decide.
    if not _alike(originals):
        del augmented[1:]
    return [
        Row(
            position,
            _shot(stage, dp),
            [_shot(stage, epoch[position]) if position in epoch else None for epoch in augmented],
        )
        for position, dp in originals[0].items()
    ]


def _rows_without_stage(flow: DataFlow, count: int, seed: int) -> list[Row]:
    (dps,) = _first(flow, count, 1, seed)
    rows = [Row(position, shot) for position, dp in dps.items() for shot in _plain_shots(dp)]
    if dps and not rows:
        raise PreviewError(
            "the first datapoints hold no images, arrays of shape (height, width[, channels]), "
            "nor batches of them"
        )
    return rows[:count]


def _first(flow: DataFlow, count: int, epochs: int, seed: int) -> list[dict[int, Datapoint]]:
    """Return the first datapoints of each epoch, by position."""
    numbered = flow.map(_with_position)
    numbered.reset_state(seed)
    return [dict(islice(numbered, count)) for _ in range(epochs)]


def _with_position(dp: Datapoint) -> Any:
    return position_at_hand(), dp


def _alike(epochs: Sequence[Mapping[int, Datapoint]]) -> bool:
    first = [_digest(dp) for dp in epochs[0].values()]
    return all([_digest(dp) for dp in epoch.values()] == first for epoch in epochs)


def _digest(dp: Datapoint) -> list[bytes]:
    return [value.tobytes() for _, value in _members(dp) if isinstance(value, np.ndarray)]


def _members(dp: Datapoint) -> Iterator[tuple[Index, Any]]:
    if not isinstance(dp, (list, tuple, dict)):
        raise PreviewError(
            "a preview shows datapoints that are lists, tuples or dicts of components, and one "
            f"here is of type {type(dp).__name__}; .map(lambda value: [value]) makes a list of it"
        )
    yield from dp.items() if isinstance(dp, dict) else enumerate(dp)


def _plain_shots(dp: Datapoint) -> Iterator[Shot]:
    """Yield every image of a datapoint that no stage has told of, those of batches too."""
    for index, member in _members(dp):
        if not isinstance(member, np.ndarray) or min(member.shape, default=0) == 0:
            continue
        others = [(name, value) for name, value in _members(dp) if name != index]
        if member.ndim == _BATCH_NDIM:
            for place, image in enumerate(member):
                texts = [(name, _row(value, place, len(member))) for name, value in others]
                yield Shot(drawn(image, Marks()), _described(texts))
        elif member.ndim in (2, 3):
            yield Shot(drawn(member, Marks()), _described(others))


def _row(value: Any, place: int, count: int) -> Any:
    """Return what belongs to one image of a batch."""
    is_batched = isinstance(value, (np.ndarray, list)) and np.shape(value)[:1] == (count,)
    return value[place] if is_batched else value


def _shot(stage: AugmentFlow, dp: Any) -> Shot:
    index, marks, marked = _looked_up(stage, dp)
    others = [(name, value) for name, value in _members(dp) if name not in marked]
    return Shot(drawn(dp[index], marks), _described(others))


def _described(members: Sequence[tuple[Index, Any]]) -> _Texts:
    return tuple((str(name), described(value)) for name, value in members)


def _looked_up(stage: AugmentFlow, dp: Any) -> tuple[Index, Marks, set[Index]]:
    """Return which component is the image, what is marked in it, and which are no text."""
    if isinstance(stage, AugmentImageComponent):
        return stage.index, Marks(), {stage.index}
    if isinstance(stage, AugmentImageCoordinates):
        return stage.img_index, Marks(points=[dp[stage.coords_index]]), {stage.img_index}
    if isinstance(stage, AugmentImageComponents):
        marks = Marks(
            points=[dp[index] for index in stage.coords_index],
            boxes=[dp[index] for index in stage.box_index],
            polygons=[polygon for index in stage.polygon_index for polygon in dp[index]],
            masks=[dp[index] for index in stage.mask_index],
        )
        drawn_only = {stage.index[0], *stage.mask_index, *stage.polygon_index}
        return stage.index[0], marks, drawn_only
    raise PreviewError(f"preview does not know which component of {stage!r} is the image")
