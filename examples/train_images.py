"""Feed a training loop with images: from a folder, or from an LMDB; for training, or validation.

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
from dataflow_image import AugmentImageComponent, DecodeImage, ImageFolder, recipes
from dataflow_lmdb import LMDBSerializer

CLASSES = ("circle", "square")
PARTS = {"train": 32, "validation": 10}  # images of each class
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


def make_folders(root: Path) -> None:
    """Write JPEGs to `root/part/class/number.jpg`."""
    random = np.random.default_rng(0)
    for part, count in PARTS.items():
        for name in CLASSES:
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                cv2.imwrite(str(folder / f"{number:03}.jpg"), draw(name, random))


def make_lmdbs(root: Path) -> None:
    """Write the same JPEGs, as they are, to `root/part.lmdb`: one file instead of thousands."""
    for part in PARTS:
        files = ImageFolder(root / part).map_component(lambda path: Path(path).read_bytes(), 0)
        LMDBSerializer.save(files, root / f"{part}.lmdb", progress=False)


def training_data(source: DataFlow) -> DataFlow:
    """Return batches of images (16, 64, 64, 3) uint8 BGR, and labels (16,) int32.

    Args:
        source: of [path or bytes of an image, label].
    """
    df: DataFlow = DecodeImage(source)
    df = AugmentImageComponent(df, recipes.resnet_train(SIDE))
    df = BatchData(df, BATCH_SIZE)
    return ParallelData(df, num_workers=2, backend="thread")


def validation_data(source: DataFlow) -> DataFlow:
    """Return the same for validation: nothing random, nothing left out."""
    df: DataFlow = DecodeImage(source)
    df = AugmentImageComponent(df, recipes.resnet_eval(SIDE, shortest_edge=SIDE * 8 // 7))
    df = BatchData(df, BATCH_SIZE, remainder=True)
    return ParallelData(df, num_workers=2, backend="thread")


def show(step: int, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32]) -> None:
    """Print a line on a batch."""
    print(f"  batch {step}: images {images.shape}, mean {images.mean():.2f}, {labels}")


def train(df: DataFlow, checkpoint: Path) -> None:
    """Run an epoch, if printing is training, and save in the midst of it."""
    with df:
        for step, (images, labels) in enumerate(df, 1):
            show(step, images, labels)
            if step == STOP_AFTER:
                checkpoint.write_text(json.dumps(df.state_dict()), encoding="utf-8")
                print("  a checkpoint is taken here")


def go_on(df: DataFlow, checkpoint: Path) -> None:
    """Run what is left of the epoch, as another process would after the first was stopped."""
    df.load_state_dict(json.loads(checkpoint.read_text(encoding="utf-8")))
    with df:
        for step, (images, labels) in enumerate(df, STOP_AFTER + 1):
            show(step, images, labels)


def main() -> None:
    """Show a training epoch, how it is resumed, and validation; from a folder and from an LMDB."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_folders(root)
        make_lmdbs(root)
        checkpoint = root / "checkpoint.json"

        df = training_data(ImageFolder(root / "train", shuffle=True))
        print(df.explain())
        print("training, from the folder:")
        df.reset_state(seed=1)
        train(df, checkpoint)
        print("from the checkpoint on:")
        go_on(training_data(ImageFolder(root / "train", shuffle=True)), checkpoint)

        df = training_data(LMDBSerializer.load(root / "train.lmdb", shuffle=True))
        print("training, from the LMDB, with the same seed:")
        df.reset_state(seed=1)
        train(df, checkpoint)

        for name, source in (
            ("folder", ImageFolder(root / "validation")),
            ("LMDB", LMDBSerializer.load(root / "validation.lmdb", shuffle=False)),
        ):
            print(f"validation, from the {name}:")
            with validation_data(source) as df:
                for step, (images, labels) in enumerate(df, 1):
                    show(step, images, labels)


if __name__ == "__main__":
    main()
