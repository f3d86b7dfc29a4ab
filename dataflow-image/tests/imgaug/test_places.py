"""Points, masks and boxes stay on what they mark, through lists of augmentors drawn at random."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataflow_core import DataFromList
from dataflow_image import AugmentImageComponents
from dataflow_image.imgaug import (
    Affine,
    AugmentorList,
    CenterCrop,
    CenterPaste,
    ColorJitter,
    Flip,
    GaussianDeform,
    GoogleNetRandomCropAndResize,
    ImageAugmentor,
    RandomCrop,
    RandomCropRandomShape,
    RandomPaste,
    RandomResize,
    Resize,
    ResizeShortestEdge,
    Rotation,
    RotationAndCropValid,
    Shift,
    ToFloat32,
    Transform,
    TransformList,
    Transpose,
    clip_boxes,
)

H, W = 120, 160

MOVES: list[ImageAugmentor] = [
    Affine((0.8, 1.3), (0.1, 0.1), 20, 15, border=cv2.BORDER_CONSTANT),
    CenterCrop((90, 80)),
    CenterPaste((140, 180)),
    Flip(horiz=True),
    Flip(vert=True),
    GaussianDeform([(0.3, 0.3), (0.6, 0.7)], (H, W), randrange=8),
    GoogleNetRandomCropAndResize((0.5, 1.0), target_shape=(96, 128)),
    RandomCrop((100, 100)),
    RandomCropRandomShape(80, 80),
    RandomPaste((170, 190)),
    RandomResize((0.8, 1.6), (0.8, 1.6)),
    Resize((110, 170)),
    ResizeShortestEdge(130),
    Rotation(40, border=cv2.BORDER_CONSTANT),
    RotationAndCropValid(20),
    Shift(0.1, 0.1, border=cv2.BORDER_CONSTANT),
    ColorJitter(0.0),
    ToFloat32(),
    Transpose(),
]
ids = [type(augmentor).__name__ for augmentor in MOVES]


def marker(x: float, y: float) -> npt.NDArray[Any]:
    """A round spot whose centre of mass is at (x, y) in continuous coordinates."""
    rows, columns = np.mgrid[0:H, 0:W] + 0.5
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))
    return np.where(spot > 1e-2, spot, 0).astype(np.float32)


def centre_of_mass(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    return np.array([(columns * image).sum(), (rows * image).sum()]) / float(image.sum())


def is_well_within(point: npt.NDArray[Any], image: npt.NDArray[Any], margin: float) -> bool:
    h, w = image.shape[:2]
    return bool((point > margin).all() and (point < np.array([w, h]) - margin).all())


def is_never_cut(tfm: Transform, point: npt.NDArray[Any]) -> bool:
    """Tell whether the whole spot stays within the frame at every single step."""
    image: npt.NDArray[Any] = np.zeros((H, W), np.float32)
    around = point + 12 * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    steps = [tfm]
    while steps:
        step = steps.pop(0)
        if isinstance(step, TransformList):
            steps[:0] = step.tfms
            continue
        image, around = step.apply_image(image), step.apply_coords(around)
        if not all(is_well_within(corner, image, 1) for corner in around):
            return False
    return True


def check(augmentors: AugmentorList, point: npt.NDArray[Any], tolerance: float) -> None:
    image = marker(*point)
    moved_image, tfm = augmentors.augment_with_transform(image)
    moved = tfm.apply_coords(point[np.newaxis])[0]
    assume(is_never_cut(tfm, point))
    np.testing.assert_allclose(centre_of_mass(moved_image), moved, atol=tolerance)
    # A mask takes the nearest pixel at every step, each up to half a pixel away.
    mask = tfm.apply_mask(image > 0.3)
    assert mask.shape == moved_image.shape
    np.testing.assert_allclose(centre_of_mass(mask), moved, atol=2.5)
    x0, y0, x1, y1 = tfm.apply_box(np.array([[*(point - 9), *(point + 9)]]))[0]
    bright = np.argwhere(moved_image > 0.05) + 0.5
    assert (bright >= np.array([y0, x0]) - 1).all()
    assert (bright <= np.array([y1, x1]) + 1).all()


@pytest.mark.parametrize("augmentor", MOVES, ids=ids)
def test_a_point_moves_as_the_pixels_under_it(augmentor: ImageAugmentor) -> None:
    random = np.random.default_rng(0)
    augmentors = AugmentorList([augmentor])
    augmentors.reset_state(0)
    checked = 0
    for _ in range(40):
        point = random.uniform((40, 40), (W - 40, H - 40))
        image, tfm = augmentors.augment_with_transform(marker(*point))
        moved = tfm.apply_coords(point[np.newaxis])[0]
        if is_well_within(moved, image, 15):
            # A smooth deformation moves a spot's centre of mass a little beside its centre.
            tolerance = 0.25 if isinstance(augmentor, GaussianDeform) else 0.05
            np.testing.assert_allclose(centre_of_mass(image), moved, atol=tolerance)
            checked += 1
    assert checked > 5


@settings(max_examples=150, deadline=None)
@given(
    chosen=st.lists(
        st.sampled_from([aug for aug in MOVES if not isinstance(aug, GaussianDeform)]), max_size=5
    ),
    fuse=st.booleans(),
    seed=st.integers(0, 1000),
    x=st.floats(50, W - 50),
    y=st.floats(40, H - 40),
)
def test_points_masks_and_boxes_follow_through_random_lists(
    chosen: list[ImageAugmentor], fuse: bool, seed: int, x: float, y: float
) -> None:
    augmentors = AugmentorList([Resize((H, W)), *chosen], fuse=fuse)
    augmentors.reset_state(seed)
    try:
        check(augmentors, np.array([x, y]), tolerance=0.3)
    except ValueError as error:
        # A crop met too small an image, or a background.
        assume("needs an image" not in str(error) and "background" not in str(error))
        raise


def test_boxes_do_not_grow_at_every_turn() -> None:
    turns = AugmentorList([Rotation(45, (0.5, 0.5), step_deg=45)] * 8)
    box = np.array([[60.0, 50.0, 100.0, 70.0]])
    sides = []
    for seed in range(30):
        turns.reset_state(seed)
        x0, y0, x1, y1 = turns.get_transform(np.zeros((H, W))).apply_box(box)[0]
        sides.append((x1 - x0, y1 - y0))
    diagonal = 60 / np.sqrt(2)
    for side in sides:
        assert min(np.abs(np.subtract(side, known)).max() for known in
                   ((40, 20), (20, 40), (diagonal, diagonal))) < 1e-6  # fmt: skip


def test_boxes_are_clipped_and_those_that_left_are_told() -> None:
    boxes = np.array([[0, 0, 10, 10], [50, 30, 70, 50], [100, 90, 150, 110], [60, 40, 60, 50]])
    clipped = clip_boxes(boxes.astype(np.float32), 60, 80)
    assert clipped.boxes.dtype == np.float32
    expected = [[0, 0, 10, 10], [50, 30, 70, 50], [80, 60, 80, 60], [60, 40, 60, 50]]
    assert clipped.boxes.tolist() == expected
    assert clipped.is_empty.tolist() == [False, False, True, True]
    assert clip_boxes(np.zeros((0, 4)), 3, 3).boxes.shape == (0, 4)
    with pytest.raises(ValueError, match=r"\(N, 4\)"):
        clip_boxes(np.zeros((4, 2)), 3, 3)


BOXES = [[0.0, 0.0, 10.0, 10.0], [40.0, 30.0, 80.0, 60.0], [150.0, 110.0, 160.0, 120.0]]


def augmented(**marks: Any) -> dict[str, Any]:
    dp = {
        "image": np.zeros((H, W, 3), np.uint8),
        "boxes": BOXES,
        "classes": np.array([7, 8, 9]),
        "names": ["a", "b", "c"],
        "colors": np.zeros(4),
    }
    flow = AugmentImageComponents(
        DataFromList([dp], shuffle=False), [CenterCrop((80, 100))], "image", **marks
    )
    result: dict[str, Any] = next(iter(flow))
    return result


def test_the_operator_clips_boxes_and_keeps_their_rows() -> None:
    dp = augmented(box_index="boxes")
    assert dp["boxes"].tolist() == [[0, 0, 0, 0], [10, 10, 50, 40], [100, 80, 100, 80]]
    assert clip_boxes(dp["boxes"], 80, 100).is_empty.tolist() == [True, False, True]
    assert dp["classes"].tolist() == [7, 8, 9]


def test_the_operator_takes_emptied_boxes_out_with_what_belongs_to_them() -> None:
    dp = augmented(box_index="boxes", per_box_index=("classes", "names"))
    assert dp["boxes"].tolist() == [[10, 10, 50, 40]]
    assert dp["classes"].tolist() == [8]
    assert dp["names"].tolist() == ["b"]


def test_rows_that_do_not_match_the_boxes_are_refused() -> None:
    with pytest.raises(ValueError, match="4 rows for 3 boxes"):
        augmented(box_index="boxes", per_box_index="colors")
    with pytest.raises(ValueError, match="named twice"):
        augmented(box_index="boxes", per_box_index="boxes")
    with pytest.raises(ValueError, match="needs box_index"):
        augmented(per_box_index="classes")
