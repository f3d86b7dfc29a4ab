"""Feed a training loop from a folder of images, stop in the midst of it, and go on exactly there.

Run it as it is: `python examples/train_images.py`. It makes a small folder of JPEGs for itself; put
the name of your own in place of it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import BatchData, DataFlow, ParallelData
from dataflow_image import AugmentImageComponent, ImageFolder, recipes

CLASSES = ("circle", "square")
IMAGES_PER_CLASS = 32
SIDE = 64
BATCH_SIZE = 16
STOP_AFTER = 2


def draw(name: str, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a noisy photograph of a shape, (height, width, 3) uint8."""
    height, width = (int(side) for side in random.integers(80, 160, 2))
    image = random.integers(0, 60, (height, width, 3), np.uint8)
    color = [int(level) for level in random.integers(100, 256, 3)]
    x, y, size = width // 2, height // 2, min(height, width) // 3
    if name == "circle":
        cv2.circle(image, (x, y), size, color, thickness=-1)
    else:
        cv2.rectangle(image, (x - size, y - size), (x + size, y + size), color, thickness=-1)
    return image


def make_folder(root: Path) -> None:
    """Write JPEGs to `root/class/number.jpg`."""
    random = np.random.default_rng(0)
    for name in CLASSES:
        (root / name).mkdir()
        for number in range(IMAGES_PER_CLASS):
            cv2.imwrite(str(root / name / f"{number:03}.jpg"), draw(name, random))


def training_data(root: Path) -> DataFlow:
    """Return batches of images (16, 64, 64, 3) uint8 BGR, and labels (16,) int32."""
    df: DataFlow = ImageFolder(root, shuffle=True, decode=True)
    df = AugmentImageComponent(
        df,
        recipes.resnet_train(SIDE),
    )
    df = BatchData(df, BATCH_SIZE)
    return ParallelData(df, num_workers=2, backend="thread")


def main() -> None:
    """Train, if printing is training."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_folder(root)

        df = training_data(root)
        print(df.explain())
        df.reset_state(seed=1)
        with df:
            for step, (images, labels) in enumerate(df, 1):
                print(f"batch {step}: images {images.shape}, mean {images.mean():.2f}, {labels}")
                if step == STOP_AFTER:
                    checkpoint = json.dumps(df.state_dict())
                    print("  a checkpoint is taken here")

        print("another process, from the checkpoint on:")
        df = training_data(root)
        df.load_state_dict(json.loads(checkpoint))
        with df:
            for step, (images, labels) in enumerate(df, STOP_AFTER + 1):
                print(f"batch {step}: images {images.shape}, mean {images.mean():.2f}, {labels}")


if __name__ == "__main__":
    main()
