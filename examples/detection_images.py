"""Feed a detector: images with boxes, their classes and masks, all moved alike.

Run it as it is: `python examples/detection_images.py`. To see the boxes drawn in:
`dataflow preview examples/detection_images.py:training_data --out boxes.html`.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import BatchData, DataFlow, IndexedDataFlow, ParallelData
from dataflow_image import AugmentImageComponents, imgaug, recipes

SHORTEST_EDGES = (160, 192, 224)
BATCH_SIZE = 4


class Disks(IndexedDataFlow):
    """Yields images with one to five disks, as dicts; put your annotations in place of it.

    image: (height, width, 3) uint8 BGR; boxes: (N, 4) float32, x0 y0 x1 y1; classes: (N,) int64,
    0 for small disks and 1 for large ones; mask: (height, width) bool, where there are disks.
    """

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> Mapping[str, npt.NDArray[np.generic]]:
        random = np.random.default_rng(index)
        height, width = (int(side) for side in random.integers(120, 240, 2))
        image = random.integers(0, 60, (height, width, 3), np.uint8)
        mask = np.zeros((height, width), np.uint8)
        boxes, classes = [], []
        for _ in range(random.integers(1, 6)):
            radius = int(random.integers(8, 30))
            x, y = (
                int(random.integers(radius, width - radius)),
                int(random.integers(radius, height - radius)),
            )
            cv2.circle(image, (x, y), radius, random.integers(100, 256, 3).tolist(), thickness=-1)
            cv2.circle(mask, (x, y), radius, 1, thickness=-1)
            # Continuous coordinates: the pixel x covers [x, x + 1].
            boxes.append((x - radius, y - radius, x + radius + 1, y + radius + 1))
            classes.append(int(radius >= 20))
        return {
            "image": image,
            "boxes": np.array(boxes, np.float32),
            "classes": np.array(classes),
            "mask": mask.astype(bool),
        }


def training_data() -> DataFlow:
    """Return batches as lists, since images and numbers of boxes differ in size."""
    df: DataFlow = AugmentImageComponents(
        Disks(shuffle=True),
        [
            imgaug.RandomCropRandomShape(wmin=100, hmin=100),
            *recipes.detection_train(SHORTEST_EDGES),
        ],
        index="image",
        box_index="boxes",
        per_box_index="classes",  # goes where its box goes: out, if that has left the image
        mask_index="mask",
    )
    df = BatchData(df, BATCH_SIZE, use_list=True)
    return ParallelData(df, num_workers=2, backend="thread")


def main() -> None:
    """Print what two batches hold."""
    with training_data() as df:
        print(df.explain())
        df.reset_state(seed=1)
        for step, batch in enumerate(df.take(2), 1):
            print(f"batch {step}:")
            for image, boxes, classes in zip(
                batch["image"], batch["boxes"], batch["classes"], strict=True
            ):
                assert len(boxes) == len(classes)
                print(f"  image {image.shape}, {len(boxes)} boxes of classes {classes}")


if __name__ == "__main__":
    main()
