"""Train a small network with PyTorch, kill it in the midst of an epoch, and go on exactly there.

    pip install torch "dataflow-image[demo]" dataflow-lmdb
    python examples/train_torch.py

It cuts photographs into JPEGs and learns which one a piece is from, on the CPU, in less than a
minute. It does so twice: in one go; and in a process that is killed between two checkpoints, and
another one that goes on, with other workers. Every loss must be the same, to the last bit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dataflow_core import BatchData, DataFlow, ParallelData
from dataflow_image import AugmentImageComponent, DecodeImage, ImageFolder, recipes
from dataflow_lmdb import LMDBSerializer

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg", "ihc.png")
PIECES = {"train": 64, "validation": 16}  # of each photograph
SIDE = 64
BATCH_SIZE = 32
STEPS = 60  # five epochs of twelve
CHECKPOINT_EVERY = 7
DIES_AFTER = 31
SEED = 1


def make_folders(root: Path) -> None:
    """Write JPEGs to `root/part/photograph/number.jpg`."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit(
            'the photographs come with scikit-image: pip install "dataflow-image[demo]"'
        )
    random = np.random.default_rng(SEED)
    for name in PHOTOGRAPHS:
        photograph = cv2.imread(str(Path(spec.origin).parent / "data" / name))
        if photograph is None:
            raise SystemExit(f"scikit-image has no {name}; pip install --upgrade scikit-image")
        for part, count in PIECES.items():
            folder = root / part / Path(name).stem
            folder.mkdir(parents=True)
            for number in range(count):
                h, w = random.integers(120, 220, 2)
                y0 = random.integers(photograph.shape[0] - h + 1)
                x0 = random.integers(photograph.shape[1] - w + 1)
                cv2.imwrite(str(folder / f"{number:03}.jpg"), photograph[y0 : y0 + h, x0 : x0 + w])


def make_lmdb(root: Path) -> None:
    """Write the JPEGs for training, as they are, to `root/train.lmdb`."""
    files = ImageFolder(root / "train").map_component(lambda path: Path(path).read_bytes(), 0)
    LMDBSerializer.save(files, root / "train.lmdb", progress=False)


def training_data(root: Path, workers: int, backend: str) -> DataFlow:
    """Return batches of images (32, 64, 64, 3) uint8 BGR, and labels (32,) int32."""
    df: DataFlow = DecodeImage(LMDBSerializer.load(root / "train.lmdb", shuffle=True))
    df = AugmentImageComponent(df, recipes.resnet_train(SIDE))
    df = BatchData(df, BATCH_SIZE)
    return ParallelData(df, workers, backend)


def validation_data(root: Path) -> DataFlow:
    """Return the same for validation, from files: nothing random, nothing left out."""
    df: DataFlow = ImageFolder(root / "validation", decode=True)
    df = AugmentImageComponent(df, recipes.resnet_eval(SIDE, shortest_edge=SIDE * 8 // 7))
    df = BatchData(df, BATCH_SIZE, remainder=True)
    return ParallelData(df, num_workers=2, backend="thread")


def to_tensor(images: Images) -> torch.Tensor:
    """Return images (N, height, width, channels) as PyTorch likes them, (N, channels, ...) float.

    The loader hands out uint8: a quarter of the bytes to carry.
    """
    mean, std = (torch.tensor(values) for values in (recipes.IMAGENET_MEAN, recipes.IMAGENET_STD))
    return ((torch.from_numpy(images).float() - mean) / std).permute(0, 3, 1, 2).contiguous()


def make_network() -> nn.Sequential:
    """Return four convolutions and a classifier."""
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64), (64, 64)):
        layers += [
            nn.Conv2d(before, after, 3, stride=2, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    head = nn.Linear(64, len(PHOTOGRAPHS))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


@dataclass
class Training:
    """All that a checkpoint holds: network, optimiser, losses so far, and where the data stands."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    data: DataFlow
    losses: list[float]

    @classmethod
    def start(cls, data: DataFlow) -> Training:
        """Begin at step 0."""
        torch.manual_seed(SEED)
        data.reset_state(SEED)
        network = make_network()
        return cls(network, torch.optim.AdamW(network.parameters(), 2e-3), data, [])

    def save(self, file: Path) -> None:
        """Write a checkpoint, completely or not at all."""
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "data": self.data.state_dict(),  # a few numbers, whatever the size of the data
            "losses": self.losses,
        }
        unfinished = file.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.replace(file)

    def load(self, file: Path) -> None:
        """Go on where a checkpoint was taken."""
        state = torch.load(file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.data.load_state_dict(state["data"])
        self.losses = state["losses"]

    def run(self, checkpoint: Path, dies_after: int | None = None) -> None:
        """Train up to the last step, over as many epochs as that takes."""
        self.network.train()
        while len(self.losses) < STEPS:
            for images, labels in self.data:
                self.losses.append(self.step(images, labels))
                if len(self.losses) % CHECKPOINT_EVERY == 0:
                    self.save(checkpoint)
                if len(self.losses) == dies_after:
                    os._exit(1)  # as if the machine went away: nothing is closed, nothing flushed
                if len(self.losses) == STEPS:
                    break

    def step(self, images: Images, labels: Labels) -> float:
        """Learn from one batch, and return its loss."""
        loss = nn.functional.cross_entropy(
            self.network(to_tensor(images)), torch.from_numpy(labels).long()
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def accuracy(self, data: DataFlow) -> float:
        """Return the share of images whose class is found."""
        self.network.eval()
        right = [
            self.network(to_tensor(images)).argmax(1).numpy() == labels for images, labels in data
        ]
        return float(np.concatenate(right).mean())


def train(
    root: Path, checkpoint: Path, workers: int, backend: str, dies_after: int | None = None
) -> Training:
    """Train, from the checkpoint on if there is one."""
    with training_data(root, workers, backend) as data:
        training = Training.start(data)
        if checkpoint.exists():
            training.load(checkpoint)
            print(f"going on after step {len(training.losses)}, with {workers} workers ({backend})")
        training.run(checkpoint, dies_after)
    return training


def main() -> None:
    """Train in one go, train with an interruption, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--backend", default="thread", help="thread, process, zmq or inline")
    parser.add_argument("--die-in", type=Path, help=argparse.SUPPRESS)  # for the process to kill
    arguments = parser.parse_args()
    workers, backend = arguments.workers, arguments.backend
    # Sums of floats depend on their order, and so on the number of threads.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)

    if arguments.die_in:
        root = arguments.die_in
        train(root, root / "interrupted.pt", workers, backend, DIES_AFTER)

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_folders(root)
        make_lmdb(root)
        whole = train(root, root / "whole.pt", workers, backend)
        means = [np.mean(whole.losses[first : first + 12]) for first in range(0, STEPS, 12)]
        print("mean loss of each epoch:", *(f"{mean:.3f}" for mean in means))
        print(f"right in validation: {whole.accuracy(validation_data(root)):.0%}")

        command = [sys.executable, __file__, "--die-in", folder, "--backend", backend]
        died = subprocess.run(command, check=False)
        print(f"another process died after step {DIES_AFTER}, with exit status {died.returncode}")
        resumed = train(root, root / "interrupted.pt", workers + 1, backend)

    assert means[-1] < means[0] / 2, "nothing was learned"
    assert resumed.losses == whole.losses, "the interruption has changed the training"
    for name, values in whole.network.state_dict().items():
        assert torch.equal(values, resumed.network.state_dict()[name]), name
    print(f"all {STEPS} losses and every weight are the same, bit for bit")


if __name__ == "__main__":
    main()
