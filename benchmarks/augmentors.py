"""What each augmentor costs, beside albumentations' own and beside decoding the image.

    python benchmarks/augmentors.py [--rounds N] [--only NAME]

One thread, uint8 BGR images of 375x500, which is what ImageNet's are like. The first table has
one line per augmentor: microseconds per image, drawing included, and the ratio to the equivalent
of albumentations where that is installed (aim: 1.0 or less). The last lines compare a whole
training list with decoding the JPEG (aim: 0.25 or less), fused and one by one.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from alternating import Timings, measure, report
from work.resnet import AUGMENTORS

from dataflow_image import decode_image, imgaug

HEIGHT, WIDTH, TARGET = 375, 500, 224
SECONDS_PER_ROUND = 0.02

OURS: dict[str, imgaug.ImageAugmentor] = {
    "Affine": imgaug.Affine((0.8, 1.2), (0.1, 0.1), 20, 5),
    "Brightness": imgaug.BrightnessScale((0.6, 1.4)),
    "CenterCrop": imgaug.CenterCrop(TARGET),
    "CenterPaste": imgaug.CenterPaste((400, 520)),
    "ColorJitter": imgaug.ColorJitter(0.4, 0.4, 0.4),
    "ColorJitter with hue": imgaug.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "Flip": imgaug.Flip(horiz=True, prob=1.0),
    "Gamma": imgaug.Gamma(),
    "GaussianBlur": imgaug.GaussianBlur((2, 3)),
    "GaussianNoise": imgaug.GaussianNoise(5),
    "GoogleNetRandomCropAndResize": imgaug.GoogleNetRandomCropAndResize(target_shape=TARGET),
    "Grayscale": imgaug.Grayscale(keepshape=True),
    "Hue": imgaug.Hue((-10, 10), rgb=False),
    "JpegNoise": imgaug.JpegNoise(),
    "Normalize": imgaug.Normalize((104, 116, 124), (57, 57, 58)),
    "RandAugment": imgaug.RandAugment(),
    "RandomCrop": imgaug.RandomCrop(TARGET),
    "RandomCutout": imgaug.RandomCutout(60, 60),
    "Resize": imgaug.Resize(TARGET),
    "Rotation": imgaug.Rotation(30, (0.5, 0.5)),
    "SaltPepperNoise": imgaug.SaltPepperNoise(),
    "Saturation": imgaug.Saturation(0.4, rgb=False),
    "Shift": imgaug.Shift(0.1, 0.1),
    "ToFloat32": imgaug.ToFloat32(),
    "Transpose": imgaug.Transpose(prob=1.0),
}


def theirs(library: Any) -> dict[str, Any]:
    """Return the equivalents of albumentations 2, by the names of ours."""
    return {
        "Affine": library.Affine(
            scale=(0.8, 1.2),
            translate_percent=(-0.1, 0.1),
            rotate=(-20, 20),
            shear=(-5, 5),
            border_mode=cv2.BORDER_REPLICATE,
            p=1,
        ),
        "Brightness": library.RandomBrightnessContrast(contrast_limit=0, p=1),
        "CenterCrop": library.CenterCrop(TARGET, TARGET),
        "CenterPaste": library.PadIfNeeded(400, 520, border_mode=cv2.BORDER_CONSTANT),
        "ColorJitter": library.ColorJitter((0.6, 1.4), (0.6, 1.4), (0.6, 1.4), (0, 0), p=1),
        "ColorJitter with hue": library.ColorJitter((0.6, 1.4), (0.6, 1.4), (0.6, 1.4), p=1),
        "Flip": library.HorizontalFlip(p=1),
        "Gamma": library.RandomGamma((70, 150), p=1),
        "GaussianBlur": library.GaussianBlur((5, 5), p=1),
        "GaussianNoise": library.GaussNoise(std_range=(0.02, 0.02), p=1),
        "GoogleNetRandomCropAndResize": library.RandomResizedCrop((TARGET, TARGET)),
        "Grayscale": library.ToGray(p=1),
        "Hue": library.HueSaturationValue(10, 0, 0, p=1),
        "JpegNoise": library.ImageCompression(quality_range=(40, 99), p=1),
        "Normalize": library.Normalize((0.41, 0.45, 0.49), (0.22, 0.22, 0.23)),
        "RandomCrop": library.RandomCrop(TARGET, TARGET),
        "RandomCutout": library.CoarseDropout((1, 1), (60, 60), (60, 60), p=1),
        "Resize": library.Resize(TARGET, TARGET),
        "Rotation": library.Rotate(30, border_mode=cv2.BORDER_REPLICATE, p=1),
        "SaltPepperNoise": library.SaltAndPepper((0.1, 0.1), p=1),
        "Saturation": library.ColorJitter((1, 1), (1, 1), (0.6, 1.4), (0, 0), p=1),
        "Shift": library.Affine(
            translate_percent=(-0.1, 0.1), border_mode=cv2.BORDER_REPLICATE, p=1
        ),
        "ToFloat32": library.ToFloat(max_value=1.0),
        "Transpose": library.Transpose(p=1),
    }


def photograph() -> npt.NDArray[np.uint8]:
    """Return an image with edges, gradients and noise, whose JPEG has about 75 kB."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (HEIGHT // 12, WIDTH // 12, 3), np.uint8)
    image = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    noisy = image + random.normal(0, 12, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def timed(function: Callable[[], object]) -> Callable[[], float]:
    """Return a function that runs `function` for one round, and returns its seconds per run."""
    start = time.perf_counter()
    function()
    once = max(time.perf_counter() - start, 1e-7)
    number = max(3, int(SECONDS_PER_ROUND / once))

    def run() -> float:
        start = time.perf_counter()
        for _ in range(number):
            function()
        return (time.perf_counter() - start) / number

    return run


def compare_each(image: npt.NDArray[np.uint8], rounds: int, only: str) -> None:
    """Print one line per augmentor."""
    try:
        library = importlib.import_module("albumentations")
    except ImportError:
        print("albumentations is not installed: no ratios (pip install albumentations)")
        equivalents: dict[str, Any] = {}
    else:
        equivalents = theirs(library)
    print(f"{'':30}{'us':>9}{'theirs':>9}{'ratio':>8}   quartiles")
    for name, augmentor in OURS.items():
        if only not in name:
            continue
        augmentor.reset_state(0)
        ours = timed(partial(augmentor.augment, image))
        if name not in equivalents:
            print(f"{name:30}{min(ours() for _ in range(rounds)) * 1e6:9.0f}")
            continue
        their_run = timed(partial(equivalents[name], image=image))
        timings: Timings = measure(ours, their_run, rounds)
        low, high = timings.spread
        us, their_us = min(timings.ours) * 1e6, min(timings.limit) * 1e6
        print(f"{name:30}{us:9.0f}{their_us:9.0f}{timings.ratio:8.2f}   {low:.2f} to {high:.2f}")


def compare_with_decoding(image: npt.NDArray[np.uint8], rounds: int) -> None:
    """Print what the training list costs, in units of decoding."""
    jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()
    decoding = timed(partial(decode_image, jpeg))
    for fuse in (True, False):
        augmentors = imgaug.AugmentorList(AUGMENTORS, fuse=fuse)
        augmentors.reset_state(0)
        timings = measure(timed(partial(augmentors.augment, image)), decoding, rounds)
        low, high = timings.spread
        report(
            f"crop, resize, jitter, flip ({'fused' if fuse else 'one by one'}) / decoding",
            timings.ratio,
            "<= 0.25",
            reached=timings.ratio <= 0.25,
            details=f"quartiles {low:.2f} to {high:.2f}, {len(jpeg) / 1e3:.0f} kB",
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often to run each")
    parser.add_argument("--only", default="", help="part of the names to compare")
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    image = photograph()
    compare_each(image, arguments.rounds, arguments.only)
    compare_with_decoding(image, arguments.rounds)


if __name__ == "__main__":
    main()
