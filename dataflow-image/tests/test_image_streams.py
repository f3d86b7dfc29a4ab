"""Augmented streams are the same on any backend, and go on exactly where they stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflow_core import BatchData, DataFlow
from dataflow_image import AugmentImageComponent, DecodeImage, ImageFolder, ImageFromFile, imgaug

EPOCH = 12


class FailsOften(imgaug.ImageAugmentor):
    """Raises for about a third of the datapoints, as its draws will have it."""

    def get_transform(self, img: npt.NDArray[Any]) -> imgaug.Transform:
        if self.rng.random() < 1 / 3:
            raise ValueError("not this one")
        return imgaug.NoOpTransform()


def random_augmentors() -> list[imgaug.ImageAugmentor]:
    return [
        imgaug.GoogleNetRandomCropAndResize(target_shape=16),
        imgaug.ColorJitter(0.4, 0.4, 0.4),
        imgaug.Flip(horiz=True),
    ]


def augmented(root: Path) -> DataFlow:
    flow = DecodeImage(ImageFolder(root, shuffle=True))
    return AugmentImageComponent(flow, random_augmentors())


def from_files(root: Path) -> DataFlow:
    flow = ImageFromFile(sorted(root.rglob("*.jpg")), resize=20, shuffle=True)
    return AugmentImageComponent(flow, random_augmentors())


def batched(root: Path) -> DataFlow:
    return BatchData(augmented(root), 5, remainder=True)


def buffered(root: Path) -> DataFlow:
    return augmented(root).shuffle(6).batch(4)


def twice(root: Path) -> DataFlow:
    return AugmentImageComponent(augmented(root), [imgaug.RandomCrop(8)]).batch(3)


def dropping(root: Path) -> DataFlow:
    augmentors = [FailsOften(), *random_augmentors()]
    flow = ImageFolder(root, shuffle=True, decode=True)
    return AugmentImageComponent(flow, augmentors, catch_exceptions=True)


def dropping_batched(root: Path) -> DataFlow:
    return BatchData(dropping(root), 3, remainder=True)


PIPELINES = [augmented, from_files, batched, buffered, twice, dropping, dropping_batched]
Pipeline = Callable[[Path], DataFlow]


def stream(flow: DataFlow, epochs: int = 2) -> list[list[tuple[Any, ...]]]:
    """Return the bytes of everything that comes out."""
    return [
        [tuple(np.asarray(part).tobytes() for part in dp) for dp in flow] for _ in range(epochs)
    ]


def seeded(flow: DataFlow, seed: int = 11) -> DataFlow:
    flow.reset_state(seed=seed)
    return flow


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize(("workers", "backend"), [(3, "thread"), (1, "thread"), (1, "inline")])
def test_parallel_is_sequential(
    image_folder: Path, pipeline: Pipeline, workers: int, backend: str
) -> None:
    expected = stream(seeded(pipeline(image_folder)))
    with pipeline(image_folder).parallel(workers, backend=backend) as parallel:
        assert stream(seeded(parallel)) == expected


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_epochs_and_seeds_draw_anew(image_folder: Path, pipeline: Pipeline) -> None:
    one, two = stream(seeded(pipeline(image_folder)))
    assert one != two
    assert stream(seeded(pipeline(image_folder), 12))[0] != one


@pytest.mark.parametrize("pipeline", PIPELINES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_resumes_exactly_on_any_backend(
    image_folder: Path, pipeline: Pipeline, data: st.DataObject
) -> None:
    backends: st.SearchStrategy[Any] = st.sampled_from([None, (1, "inline"), (3, "thread")])

    def drawn() -> DataFlow:
        where = data.draw(backends)
        flow = pipeline(image_folder)
        return flow if where is None else flow.parallel(where[0], backend=where[1])

    [expected] = stream(seeded(pipeline(image_folder)), 1)
    taken = data.draw(st.integers(0, len(expected)))
    with seeded(drawn()) as first:
        before = list(islice(iter(first), taken))
        state = json.loads(json.dumps(first.state_dict()))
    assert len(before) == taken
    with drawn() as second:
        second.load_state_dict(state)
        assert stream(second, 1) == [expected[taken:]]


def test_the_draws_are_those_of_the_pipelines_seed(image_folder: Path) -> None:
    """Seeding augmentors by hand has no effect within a flow."""
    flow = AugmentImageComponent(ImageFolder(image_folder, decode=True), random_augmentors())
    expected = stream(seeded(flow))
    flow.augmentors.reset_state(123)
    cv2.setRNGSeed(99)
    assert stream(seeded(flow)) == expected


def test_decoding_takes_no_random_stream(image_folder: Path) -> None:
    """Where images are decoded does not change what augmentors draw."""
    early = ImageFolder(image_folder, shuffle=True, decode=True)
    late = DecodeImage(ImageFolder(image_folder, shuffle=True))
    streams = [stream(seeded(AugmentImageComponent(f, random_augmentors()))) for f in (early, late)]
    assert streams[0] == streams[1]


def test_the_oath_runs_as_written(image_folder: Path) -> None:
    flow: DataFlow = ImageFolder(image_folder, shuffle=True, decode=True)
    flow = AugmentImageComponent(flow, [imgaug.Resize((22, 22))])
    flow = BatchData(flow, 6)
    flow = flow.parallel(3, backend="thread")
    flow.reset_state()
    seen = 0
    for images, labels in flow.get_data():
        assert images.shape == (6, 22, 22, 3)
        assert images.dtype == np.uint8
        seen += len(labels)
    assert seen == EPOCH
    flow.close()
