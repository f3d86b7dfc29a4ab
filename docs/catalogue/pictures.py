"""Run the samples, and lay out what comes of them."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

import dataflow_image
from catalogue.entries import Entry
from catalogue.photographs import NAMES, photograph, subject
from catalogue.samples import Sample
from catalogue.strip import Tile, strip
from dataflow_core import BatchData, DataFlow, DataFromList
from dataflow_image import imgaug
from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.drawing import Marks

__all__ = ["can_run", "drawn_entry"]

_SEED = 8
_DRAWS = 4
_FOLDER = {"cat": "chelsea.png", "coffee": "coffee.png", "rocket": "rocket.jpg"}


def can_run(sample: Sample) -> bool:
    """Tell whether what the sample needs is installed."""
    return sample.needs is None or find_spec(sample.needs) is not None


def drawn_entry(entry: Entry) -> Image:
    """Return the picture of one entry, uint8 BGR."""
    with _working_folder():
        made = _evaluated(entry.sample)
    if isinstance(made, imgaug.ImageAugmentor):
        return strip([_augmented(made)])
    if isinstance(made, imgaug.Transform):
        return strip([_transformed(made)])
    with _working_folder():
        return strip(list(_flowing(made)))


def _evaluated(sample: Sample) -> Any:
    names: dict[str, Any] = {name: getattr(dataflow_image, name) for name in dataflow_image.__all__}
    names |= {"np": np, "cv2": cv2, "photographs": _batches()}
    names |= {"marked": _marked(), "pointed": _marked().map(_only_points)}
    if sample.needs:
        names[sample.needs] = importlib.import_module(sample.needs)
    # What the page shows is what has been run; it is written in this folder.
    return eval(sample.code, names)  # noqa: S307


def _augmented(augmentor: imgaug.ImageAugmentor) -> list[Tile]:
    flow = DataFromList([[subject().image]] * _DRAWS, shuffle=False)
    results = _seeded(dataflow_image.AugmentImageComponent(flow, [augmentor]))
    images = [image for [image] in results]
    if all(np.array_equal(image, images[0]) for image in images):
        del images[1:]
    return [_original(), *(Tile(_caption(image), image) for image in images)]


def _transformed(transform: imgaug.Transform) -> list[Tile]:
    given = subject()
    moved = transform.apply_image(given.image)
    marks = Marks(
        [transform.apply_coords(given.points)],
        [transform.apply_box(given.boxes)],
        transform.apply_polygons([given.polygon]),
        [transform.apply_mask(given.mask)],
    )
    return [
        Tile(_caption(given.image), given.image, given.marks),
        Tile(_caption(moved), moved, marks),
    ]


def _flowing(flow: DataFlow) -> Iterator[list[Tile]]:
    """Yield what comes out of a flow; and above it what goes in, if it is made of images too."""
    upstream = getattr(flow, "ds", None)
    if isinstance(upstream, DataFlow):
        before = _tiles(_seeded(upstream))
        if before:
            yield before
    yield _tiles(_seeded(flow))


def _tiles(dps: Sequence[Any]) -> list[Tile]:
    tiles: list[Tile] = []
    for dp in dps:
        if isinstance(dp, Mapping):
            tiles.append(Tile(_caption(dp["image"]), dp["image"], _marks(dp)))
        elif isinstance(dp[0], np.ndarray) and dp[0].ndim == 4:
            images, labels = dp
            tiles += [Tile(_label(label), image) for image, label in zip(images, labels)]
        elif isinstance(dp[0], np.ndarray):
            label = f", {_label(dp[1])}" if len(dp) > 1 else ""
            tiles.append(Tile(_caption(dp[0]) + label, dp[0]))
    return tiles


def _seeded(flow: DataFlow) -> list[Any]:
    flow.reset_state(_SEED)
    with flow:
        return list(flow)


def _original() -> Tile:
    image = subject().image
    return Tile(f"original, {_caption(image)}", image)


def _caption(image: Image) -> str:
    text = " x ".join(map(str, image.shape[:2]))
    if image.ndim == 2 or image.shape[2] == 1:
        text += ", grey"
    if image.dtype != np.uint8:
        text += f", {image.dtype}, {image.min():.2f} to {image.max():.2f}"
    return text


def _label(label: Any) -> str:
    values = np.asarray(label)
    return f"label {np.array2string(values.round(2), separator=' ')}"


def _marked() -> DataFlow:
    given = subject()
    dp = {
        "image": given.image,
        "points": given.points,
        "boxes": given.boxes,
        "mask": given.mask,
        "outlines": [given.polygon],
    }
    return DataFromList([dp] * _DRAWS, shuffle=False)


def _only_points(dp: Any) -> Any:
    return {"image": dp["image"], "points": dp["points"]}


def _marks(dp: Mapping[str, Any]) -> Marks:
    kinds = ("points", "boxes", "mask")
    points, boxes, masks = ([dp[kind]] if kind in dp else [] for kind in kinds)
    return Marks(points, boxes, dp.get("outlines", ()), masks)


def _batches() -> DataFlow:
    dps = [[photograph(name), label] for label, name in enumerate(NAMES)]
    return BatchData(DataFromList(dps, shuffle=False), len(dps))


@contextmanager
def _working_folder() -> Iterator[None]:
    """Work in a folder with photographs in it, and in its subfolders for each class."""
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        for name, file in _FOLDER.items():
            image = photograph(file)
            for path in (Path(folder), Path(folder) / "photographs" / name):
                path.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path / f"{name}.jpg"), image)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
