"""One epoch of the pipeline, timed and checked."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from tqdm import tqdm

from dataflow_core import DataFlow
from dataflow_image.demo.delivery import check_delivery
from dataflow_image.imgaug.spec import Image

__all__ = ["Epoch", "run_epoch"]


@dataclass(frozen=True)
class Epoch:
    """What an epoch brought.

    Attributes:
        images_per_s: from the request for the first batch to the arrival of the last.
        kept: the images that were to be kept, by id.
    """

    images_per_s: float
    kept: dict[int, Image]


def run_epoch(
    flow: DataFlow, number: int, size: int, keep: Collection[int], *, progress: bool
) -> Epoch:
    """Run the next epoch.

    Args:
        flow: of [images, ids], in batches.
        number: of the epoch, for people.
        size: how many images there are, with ids 0 ... size - 1.
        keep: ids of the images to return.
        progress: whether to draw a bar.

    Raises:
        DemoError: not every image has arrived exactly once.
    """
    arrived: list[int] = []
    kept: dict[int, Image] = {}
    began = time.perf_counter()
    with tqdm(
        total=size, desc=f"epoch {number}", unit="image", leave=False, disable=not progress
    ) as bar:
        for images, ids in flow:
            for image, identity in zip(images, ids.tolist()):
                arrived.append(identity)
                if identity in keep:
                    kept[identity] = image.copy()  # else it would keep its whole batch
            bar.update(len(ids))
    seconds = time.perf_counter() - began
    check_delivery(arrived, size, number)
    return Epoch(size / seconds, kept)
