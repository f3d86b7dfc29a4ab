"""Find out what there is to show in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from dataflow_core import DataFlow, Datapoint
from dataflow_image.augment import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
)
from dataflow_image.augment.flow import AugmentFlow
from dataflow_image.demo.contact_sheet import Strip
from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.drawing import Marks, drawn
from dataflow_image.preview.errors import PreviewError

__all__ = ["augmenting_stage", "strips_of"]

_BATCH_NDIM = 4


def augmenting_stage(flow: DataFlow) -> AugmentFlow | None:
    """Return the last stage that augments, or None."""
    stage: Any = flow
    while isinstance(stage, DataFlow):
        if isinstance(stage, AugmentFlow):
            return stage
        stage = getattr(stage, "ds", None)
    return None


def strips_of(flow: DataFlow, count: int, epochs: int, seed: int) -> list[Strip]:
    """Return the first images: before the last augmenting stage, and after it in each epoch.

    Without such a stage the pipeline's own images stand alone.

    Raises:
        PreviewError: it yields no images.
    """
    stage = augmenting_stage(flow)
    if stage is None:
        images = [drawn(image, Marks()) for image in _images(_first(flow, count, 1, seed)[0])]
        if not images:
            raise PreviewError(
                "the first datapoints hold no images, arrays of shape (height, width[, channels]), "
                "nor batches of them"
            )
        return [Strip(image, ()) for image in images[:count]]
    originals = _first(stage.ds, count, epochs, seed)
    augmented = _first(stage, count, epochs, seed)
    # With a shuffle, each epoch begins with other images: the first epoch's decide.
    shown = originals if _alike(originals) else originals[:1]
    return [
        Strip(
            _drawn(stage, shown[0][place]),
            [_drawn(stage, epoch[place]) for epoch in augmented[: len(shown)]],
        )
        for place in range(min(len(epoch) for epoch in (*originals, *augmented)))
    ]


def _first(flow: DataFlow, count: int, epochs: int, seed: int) -> list[list[Datapoint]]:
    flow.reset_state(seed)
    return [list(islice(flow, count)) for _ in range(epochs)]


def _alike(epochs: Sequence[Sequence[Datapoint]]) -> bool:
    first = [_digest(dp) for dp in epochs[0]]
    return all([_digest(dp) for dp in epoch] == first for epoch in epochs)


def _digest(dp: Datapoint) -> list[bytes]:
    members = dp.values() if isinstance(dp, dict) else dp
    return [member.tobytes() for member in members if isinstance(member, np.ndarray)]


def _images(datapoints: Sequence[Datapoint]) -> Iterator[Image]:
    for dp in datapoints:
        for member in dp.values() if isinstance(dp, dict) else dp:
            if not isinstance(member, np.ndarray) or min(member.shape, default=0) == 0:
                continue
            if member.ndim == _BATCH_NDIM:
                yield from member
            elif member.ndim in (2, 3):
                yield member


def _drawn(stage: AugmentFlow, dp: Any) -> Image:
    if isinstance(stage, AugmentImageCoordinates):
        return drawn(dp[stage.img_index], Marks(points=[dp[stage.coords_index]]))
    if isinstance(stage, AugmentImageComponents):
        polygons = [polygon for index in stage.polygon_index for polygon in dp[index]]
        marks = Marks(
            points=[dp[index] for index in stage.coords_index],
            boxes=[dp[index] for index in stage.box_index],
            polygons=polygons,
            masks=[dp[index] for index in stage.mask_index],
        )
        return drawn(dp[stage.index[0]], marks)
    if isinstance(stage, AugmentImageComponent):
        return drawn(dp[stage.index], Marks())
    raise PreviewError(f"preview does not know which component of {stage!r} is the image")
