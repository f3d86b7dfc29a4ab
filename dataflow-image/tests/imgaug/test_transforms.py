"""Transforms move images, points, boxes, masks and polygons together."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core import seeded
from dataflow_image.imgaug import Contrast as Contrasted
from dataflow_image.imgaug import (
    CropTransform,
    Flip,
    FlipTransform,
    GaussianBlur,
    GaussianDeform,
    Grayscale,
    ImageAugmentor,
    NoOpTransform,
    PhotometricTransform,
    Resize,
    ResizeTransform,
    Rotation,
    Transform,
    TransformList,
    TransposeTransform,
    WarpAffineTransform,
)
from dataflow_image.imgaug.spec import ImageSpec
from dataflow_image.imgaug.transforms import (
    CastTransform,
    ColorTransform,
    CutoutTransform,
    GaussianBlurTransform,
    GaussianNoiseTransform,
    HueTransform,
    JpegTransform,
    PasteTransform,
    SaltPepperTransform,
    SharpnessTransform,
)
from dataflow_image.imgaug.transforms.color_steps import Contrast, brightness

H, W = 60, 80
ROTATION = cv2.getRotationMatrix2D((W * 0.5 - 0.5, H * 0.5 - 0.5), 30, 1.0)

GEOMETRIC: list[Transform] = [
    NoOpTransform(),
    ResizeTransform(H, W, 120, 160),
    ResizeTransform(H, W, 30, 40),
    CropTransform(10, 20, 40, 50),
    FlipTransform(H, W, horiz=True),
    FlipTransform(H, W, horiz=False),
    TransposeTransform(),
    WarpAffineTransform(ROTATION, (W, H)),
    TransformList([FlipTransform(H, W), CropTransform(5, 5, 50, 60), TransposeTransform()]),
]
VALUES: list[Transform] = [
    PhotometricTransform(np.invert),
    CastTransform("float32"),
    ColorTransform((brightness(0.5), Contrast(0.5))),
    HueTransform(20.0),
]


def blob(x: float, y: float) -> npt.NDArray[Any]:
    """An image whose centre of mass is at (x, y) in continuous coordinates."""
    rows, columns = np.mgrid[0:H, 0:W] + 0.5
    squares: npt.NDArray[Any] = (columns - x) ** 2 + (rows - y) ** 2
    return np.exp(-squares / (2 * 3.0**2)).astype(np.float32)


def centre_of_mass(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    weighted = [(columns * image).sum(), (rows * image).sum()]
    return np.array(weighted) / float(image.sum())


@pytest.mark.parametrize("tfm", GEOMETRIC, ids=repr)
def test_points_move_as_the_pixels_under_them_do(tfm: Transform) -> None:
    point = np.array([[47.3, 26.8]])
    moved = tfm.apply_coords(point)[0]
    assert np.abs(centre_of_mass(tfm.apply_image(blob(*point[0]))) - moved).max() < 0.05


@pytest.mark.parametrize("tfm", GEOMETRIC, ids=repr)
def test_masks_move_as_the_pixels_do(tfm: Transform) -> None:
    mask = blob(47.3, 26.8) > 0.3
    moved = tfm.apply_mask(mask)
    assert moved.dtype == np.bool_
    assert moved.shape == tfm.apply_image(np.zeros((H, W), np.float32)).shape
    expected = tfm.apply_coords(np.array([[47.3, 26.8]]))[0]
    assert np.abs(centre_of_mass(moved) - expected).max() < 0.5


def test_a_resized_mask_takes_the_pixel_at_the_centre() -> None:
    mask = np.arange(9, dtype=np.int32)[np.newaxis]
    assert ResizeTransform(1, 9, 1, 3).apply_mask(mask).tolist() == [[1, 4, 7]]


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int16", "int32", "uint32", "int64", "float32"])
@pytest.mark.parametrize("shape", [(H, W), (H, W, 1), (H, W, 2)], ids=str)
@pytest.mark.parametrize("tfm", GEOMETRIC, ids=repr)
def test_masks_of_every_dtype_keep_their_values(
    tfm: Transform, shape: tuple[int, ...], dtype: str, random: np.random.Generator
) -> None:
    raw = random.integers(0, 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
    mask = (raw > 127)[..., 0] if dtype == "bool" else raw.view(dtype)[..., 0]
    moved = tfm.apply_mask(mask)
    assert moved.dtype == mask.dtype
    assert moved.ndim == mask.ndim
    allowed = np.append(mask.ravel(), np.zeros(1, dtype)).tobytes()
    words = {allowed[i : i + mask.itemsize] for i in range(0, len(allowed), mask.itemsize)}
    assert all(word.tobytes() in words for word in np.ascontiguousarray(moved).ravel())


@pytest.mark.parametrize("tfm", GEOMETRIC + VALUES, ids=repr)
@pytest.mark.parametrize("channels", [(), (1,), (3,)], ids=str)
def test_the_predicted_spec_is_that_of_the_result(
    tfm: Transform, channels: tuple[int, ...], random: np.random.Generator
) -> None:
    image = random.integers(0, 256, (H, W, *channels), np.uint8)
    predicted = tfm.spec_after(ImageSpec.of(image))
    assert predicted in (None, ImageSpec.of(tfm.apply_image(image)))
    assert (predicted is None) == isinstance(tfm, PhotometricTransform)


@pytest.mark.parametrize("tfm", GEOMETRIC + VALUES, ids=repr)
def test_transforms_are_plain_data(tfm: Transform, photo: npt.NDArray[Any]) -> None:
    copy = pickle.loads(pickle.dumps(tfm))
    assert copy == tfm
    assert repr(copy) == repr(tfm)
    np.testing.assert_array_equal(copy.apply_image(photo), tfm.apply_image(photo))


@pytest.mark.parametrize("tfm", GEOMETRIC + VALUES, ids=repr)
def test_arguments_are_never_written_to(tfm: Transform, photo: npt.NDArray[Any]) -> None:
    points, boxes = np.full((2, 2), 3.0), np.full((2, 4), 3.0)
    mask = photo[..., 0]
    for array in (points, boxes):
        array.flags.writeable = False
    tfm.apply_image(photo)
    tfm.apply_coords(points)
    tfm.apply_box(boxes)
    tfm.apply_mask(mask)


@pytest.mark.parametrize("tfm", VALUES, ids=repr)
def test_changes_of_values_move_nothing(tfm: Transform, photo: npt.NDArray[Any]) -> None:
    points = np.array([[1.5, 2.5]])
    np.testing.assert_array_equal(tfm.apply_coords(points), points)
    np.testing.assert_array_equal(tfm.apply_mask(photo[..., 0]), photo[..., 0])


@given(
    x=st.floats(0, W), y=st.floats(0, H), w=st.floats(0, 50), h=st.floats(0, 50),
    tfm=st.sampled_from(GEOMETRIC),
)  # fmt: skip
def test_a_box_holds_every_point_it_held_before(
    x: float, y: float, w: float, h: float, tfm: Transform
) -> None:
    box = np.array([[x, y, x + w, y + h]])
    inside = np.array([[x, y], [x + w, y], [x, y + h], [x + w, y + h], [x + w / 2, y + h / 3]])
    x0, y0, x1, y1 = tfm.apply_box(box)[0]
    moved = tfm.apply_coords(inside)
    assert (moved >= np.array([x0, y0]) - 1e-9).all()
    assert (moved <= np.array([x1, y1]) + 1e-9).all()


def test_a_flipped_box_has_its_corners_in_order() -> None:
    boxes = FlipTransform(H, W).apply_box(np.array([[10.0, 5.0, 30.0, 15.0]]))
    assert boxes.tolist() == [[50.0, 5.0, 70.0, 15.0]]


def test_no_points_and_no_boxes_are_fine() -> None:
    for tfm in GEOMETRIC:
        assert tfm.apply_coords(np.zeros((0, 2))).shape == (0, 2)
        assert tfm.apply_box(np.zeros((0, 4))).shape == (0, 4)
        assert tfm.apply_polygons([]) == []


def test_polygons_are_sets_of_points() -> None:
    polygons = [np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.zeros((4, 2))]
    first, second = CropTransform(1, 1, 5, 5).apply_polygons(polygons)
    assert first.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert second.tolist() == [[-1.0, -1.0]] * 4


def test_points_keep_their_float_dtype_and_ints_become_floats() -> None:
    for tfm in GEOMETRIC:
        assert tfm.apply_coords(np.ones((3, 2), np.float32)).dtype == np.float32
        assert tfm.apply_coords(np.ones((3, 2), np.int64)).dtype == np.float64


@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 2, 2)])
def test_points_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    for tfm in GEOMETRIC:
        with pytest.raises(ValueError, match=r"\(N, 2\)"):
            tfm.apply_coords(np.zeros(shape))


def test_boxes_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, 4\)"):
        FlipTransform(H, W).apply_box(np.zeros((3, 2)))


@pytest.mark.parametrize("tfm", [ResizeTransform(5, 6, 7, 8), FlipTransform(5, 6)], ids=repr)
def test_an_image_of_another_size_is_refused(tfm: Transform) -> None:
    with pytest.raises(ValueError, match="6x5"):
        tfm.apply_image(np.zeros((6, 5, 3), np.uint8))


@pytest.mark.parametrize("window", [(0, 0, 7, 3), (0, 4, 3, 3), (-1, 0, 3, 3)])
def test_a_window_beyond_the_image_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie within an image of 6x5"):
        CropTransform(*window).apply_image(np.zeros((6, 5), np.uint8))


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        CropTransform(0, 0, 1, 1).apply_image(None)  # type: ignore[arg-type]


def test_a_crop_is_a_view(photo: npt.NDArray[Any]) -> None:
    assert np.shares_memory(CropTransform(1, 2, 3, 4).apply_image(photo), photo)


def test_a_warp_fills_all_channels_with_the_border_value() -> None:
    shift = WarpAffineTransform([[1, 0, 2], [0, 1, 0]], (4, 1), borderValue=9)
    assert shift.apply_image(np.ones((1, 4, 3), np.uint8))[0, 0].tolist() == [9, 9, 9]


def test_a_warp_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="2x3"):
        WarpAffineTransform(np.eye(3).tolist(), (4, 4))


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (CropTransform, ("a", 0, 1, 5), TypeError, "CropTransform: y0 must be an int, got 'a'"),
        (CropTransform, (0, 0.5, 1, 5), TypeError, "x0 must be an int"),
        (CropTransform, (0, 0, 0, 5), ValueError, "h must be positive"),
        (CropTransform, (0, 0, 1, True), TypeError, "w must be an int"),
        (ResizeTransform, (5, 5, -1, 5), ValueError, "ResizeTransform: new_h must be positive"),
        (ResizeTransform, (5, 5.0, 1, 5), TypeError, "w must be an int"),
        (ResizeTransform, (5, 5, 1, 5, 99), ValueError, "interp must be one of cv2's INTER_"),
        (WarpAffineTransform, (np.full((2, 3), np.nan), (1, 5)), ValueError, "mat must be finite"),
        (WarpAffineTransform, (np.eye(2, 3), (0, 5)), ValueError, "dsize must be positive"),
        (PhotometricTransform, (5,), TypeError, "PhotometricTransform: func must be callable"),
    ],
)
def test_arguments_of_transforms_are_checked_at_construction(
    kind: Any, arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kind(*arguments)


def test_lengths_may_be_numbers_of_numpy() -> None:
    one, four = np.int64(1), np.int32(4)
    assert CropTransform(one, 0, four, 4) == CropTransform(1, 0, 4, 4)
    assert ResizeTransform(four, 4, one, 1) == ResizeTransform(4, 4, 1, 1)


def test_uint8_is_rounded_and_clipped() -> None:
    values = np.array([[-1e12, -0.6, 0.4, 0.6, 1.5, 254.6, 255.6, 1e12, np.inf]])
    expected = [[0, 0, 0, 1, 2, 255, 255, 255, 255]]
    for dtype in (np.float32, np.float64):
        assert CastTransform("uint8").apply_image(values.astype(dtype)).tolist() == expected
    assert CastTransform("uint8").apply_image(np.array([[-5, 300]])).tolist() == [[0, 255]]


def test_a_list_refuses_what_is_no_transform() -> None:
    with pytest.raises(TypeError, match="not a Transform"):
        TransformList([FlipTransform])  # type: ignore[list-item]


@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT])
@pytest.mark.parametrize("shift", [(0, 0), (5, -7), (-79, 59), (-3, 0), (200, 1), (2.0, 0.5)])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (6,)], ids=str)
def test_whole_shifts_are_what_opencv_samples(
    shift: tuple[float, float], border: int, channels: tuple[int, ...], random: np.random.Generator
) -> None:
    image = random.integers(0, 256, (H, W, *channels), np.uint8)
    fill = 7.0
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    # OpenCV fills four channels at most.
    parts = [image[:, :, :4], image[:, :, 4:]] if channels == (6,) else [image]
    warped = [
        cv2.warpAffine(part, matrix, (W, H), borderMode=border, borderValue=(fill,) * 4)
        for part in parts
    ]
    expected = np.concatenate(warped, axis=-1) if channels == (6,) else warped[0]
    tfm = WarpAffineTransform(matrix, (W, H), borderMode=border, borderValue=fill)
    np.testing.assert_array_equal(tfm.apply_image(image), expected.reshape(image.shape))


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
@pytest.mark.parametrize("channels", [5, 8, 9])
@pytest.mark.parametrize(
    "interp",
    [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_AREA],
)
def test_any_number_of_channels_is_sampled(
    interp: int, channels: int, dtype: Any, random: np.random.Generator
) -> None:
    image = random.integers(0, 256, (H, W, channels)).astype(dtype)
    fill = tuple(float(10 * channel) for channel in range(channels))
    matrix = np.array([[0.9, 0.2, 3.3], [-0.2, 0.9, 5.1]])
    resize = ResizeTransform(H, W, H // 2, W // 3, interp)
    resized = resize.apply_image(image)
    single = [resize.apply_image(image[:, :, c]) for c in range(channels)]
    # OpenCV has other ways for other numbers of channels, whose rounding differs.
    np.testing.assert_allclose(resized, np.stack(single, axis=2), atol=1)
    if interp == cv2.INTER_AREA:
        return
    warp = WarpAffineTransform(matrix, (W, H), interp, borderValue=fill)
    singly = [
        WarpAffineTransform(matrix, (W, H), interp, borderValue=fill[c]).apply_image(image[:, :, c])
        for c in range(channels)
    ]
    np.testing.assert_allclose(warp.apply_image(image), np.stack(singly, axis=2), atol=1)


# Warps an image of one line, and one of many lines like it.
REFLECTED = """
import sys
import cv2
import numpy as np
from dataflow_image.imgaug import WarpAffineTransform

h, w, interp = map(int, sys.argv[1:])
image = np.arange(h * w * 3, dtype=np.uint8).reshape(h, w, 3)
many = image.repeat(10 if h == 1 else 1, axis=0).repeat(10 if w == 1 else 1, axis=1)
turn = [[0.5, 0.9, 2.3], [-0.9, 0.5, 9.1]]
warp = WarpAffineTransform(turn, (9, 9), interp, cv2.BORDER_REFLECT_101)
np.testing.assert_array_equal(warp.apply_image(image), warp.apply_image(many))
np.testing.assert_array_equal(warp.apply_mask(image), warp.apply_mask(many))
"""


@pytest.mark.parametrize("interp", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
@pytest.mark.parametrize("size", [(1, 20), (20, 1), (1, 1)], ids=str)
def test_an_only_line_is_reflected_as_itself(size: tuple[int, int], interp: int) -> None:
    # Elsewhere, because it would warp for ever where it fails.
    command = [sys.executable, "-c", REFLECTED, *map(str, (*size, interp))]
    done = subprocess.run(command, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 7, 8, 9, 21])
def test_any_number_of_channels_is_transposed(dtype: Any, channels: int) -> None:
    img = np.arange(6 * 4 * channels).reshape(6, 4, channels).astype(dtype)
    transposed = TransposeTransform().apply_image(img)
    np.testing.assert_array_equal(transposed, img.swapaxes(0, 1))
    assert transposed.flags.c_contiguous
    mask = img.astype(np.int64)
    np.testing.assert_array_equal(TransposeTransform().apply_mask(mask), mask.swapaxes(0, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.int64, np.bool_])
@pytest.mark.parametrize("channels", [1, 3, 128, 129])
def test_any_number_of_channels_of_any_dtype_is_flipped(dtype: Any, channels: int) -> None:
    img = np.arange(6 * 4 * channels).reshape(6, 4, channels).astype(dtype)
    for move, expected in (
        (FlipTransform(6, 4), img[:, ::-1]),
        (FlipTransform(6, 4, horiz=False), img[::-1]),
        (TransposeTransform(), img.swapaxes(0, 1)),
    ):
        moved = move.apply_image(img)
        assert moved.dtype == dtype
        assert moved.flags.c_contiguous
        np.testing.assert_array_equal(moved, expected)
        np.testing.assert_array_equal(move.apply_mask(img), expected)


@pytest.mark.parametrize(
    "tfm", [GaussianBlurTransform((5, 3), (1.1, 0.7)), SharpnessTransform(1.5)], ids=repr
)
@pytest.mark.parametrize("channels", [5, 128, 131])
def test_any_number_of_channels_is_filtered(
    tfm: Transform, channels: int, random: np.random.Generator
) -> None:
    img = random.integers(0, 256, (H, W, channels), np.uint8)
    singly = [tfm.apply_image(img[:, :, c]) for c in range(channels)]
    np.testing.assert_array_equal(tfm.apply_image(img), np.stack(singly, axis=2))


def test_float16_is_flipped_without_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    # Which refused it up to 4.7.
    for name in ("flip", "transpose"):
        monkeypatch.setattr(cv2, name, lambda *_: pytest.fail("OpenCV was asked"))
    img = np.arange(24, dtype=np.float16).reshape(2, 4, 3)
    np.testing.assert_array_equal(FlipTransform(2, 4).apply_image(img), img[:, ::-1])
    np.testing.assert_array_equal(TransposeTransform().apply_image(img), img.swapaxes(0, 1))


@pytest.mark.parametrize("tfm", GEOMETRIC, ids=str)
def test_empty_lists_are_no_points_and_no_boxes(tfm: Transform) -> None:
    assert tfm.apply_coords([]).shape == (0, 2)
    assert tfm.apply_box([]).shape == (0, 4)
    assert TransformList([tfm]).apply_box([]).shape == (0, 4)
    with pytest.raises(ValueError, match="boxes have shape"):
        tfm.apply_box([1.0, 2.0])


def test_numbers_of_numpy_are_written_down_as_plain_ones() -> None:
    crop = CropTransform(np.int64(1), np.int32(2), 3, 4)
    assert Transform.from_dict(json.loads(json.dumps(crop.to_dict()))) == crop
    fill = np.array([1.0, 2.0, 3.0])
    warp = WarpAffineTransform(ROTATION, (W, H), borderValue=fill)  # type: ignore[arg-type]
    assert warp.borderValue == (1.0, 2.0, 3.0)
    assert Transform.from_dict(json.loads(json.dumps(warp.to_dict()))) == warp


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize(
    "augmentor",
    [
        Resize((20, 30)),
        Rotation(20),
        GaussianBlur(3),
        GaussianDeform([(0.2, 0.2), (0.8, 0.8)], (H, W), 0.2),
        Grayscale(),
        Flip(horiz=True, prob=1.0),
        Contrasted((0.5, 0.6)),
    ],
    ids=lambda augmentor: type(augmentor).__name__,
)
def test_floats_of_every_size_are_augmented(augmentor: ImageAugmentor, dtype: Any) -> None:
    # Smooth: OpenCV samples doubles at coarser places than floats.
    img = np.add.outer(np.arange(H), np.arange(W))[:, :, np.newaxis] * np.array([1.0, 0.5, 1.5])
    with seeded(3):
        expected = augmentor.augment(img.astype(np.float32))
    with seeded(3):
        augmented = augmentor.augment(img.astype(dtype))
    assert augmented.dtype == dtype
    np.testing.assert_allclose(augmented, expected, atol=0.5)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (CropTransform, {"y0": 1, "x0": 2, "h": 3, "w": 4}),
        (FlipTransform, {"h": 3, "w": 4, "horiz": True}),
        (ResizeTransform, {"h": 3, "w": 4, "new_h": 5, "new_w": 6, "interp": 1}),
        (PasteTransform, {"y0": 1, "x0": 2, "h": 3, "w": 4, "new_h": 9, "new_w": 9}),
        (CutoutTransform, {"y0": 1, "x0": 2, "h": 3, "w": 4, "fill": 5.0}),
        (GaussianNoiseTransform, {"sigma": 2.0, "seed": 7}),
        (SaltPepperTransform, {"white_prob": 0.5, "black_prob": 0.25, "seed": 7}),
        (JpegTransform, {"quality": 70}),
        (
            WarpAffineTransform,
            {
                "mat": [[1, 0, 5], [0, 1, 0]],
                "dsize": (20, 10),
                "interp": 1,
                "borderMode": 1,
                "borderValue": 3.0,
            },
        ),
    ],
)
def test_numbers_of_numpy_make_the_same_transform(kind: Any, arguments: dict[str, Any]) -> None:
    plain = kind(**arguments)
    names = {name: np.asarray(value) for name, value in arguments.items()}
    of_numpy = kind(**{name: value if value.ndim else value[()] for name, value in names.items()})
    assert of_numpy == plain
    assert repr(of_numpy) == repr(plain)
    again = Transform.from_dict(json.loads(json.dumps(of_numpy.to_dict())))
    assert repr(again) == repr(plain)


@pytest.mark.parametrize("matrix", [[[1, 0, 5], [0, 1, 0]], [[0.9, 0.1, 5], [-0.1, 0.9, 0]]])
@pytest.mark.parametrize("value", [np.float32(3), np.int64(3), np.array([3.0]), np.array(3), 3])
def test_a_fill_of_numpy_fills(matrix: Any, value: Any) -> None:
    img = np.arange(200, dtype=np.uint8).reshape(10, 20)
    filled = WarpAffineTransform(matrix, (20, 10), borderValue=value).apply_image(img)
    expected = WarpAffineTransform(matrix, (20, 10), borderValue=3.0).apply_image(img)
    np.testing.assert_array_equal(filled, expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"interp": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP}, ValueError, "interp .* flags"),
        ({"interp": cv2.INTER_NEAREST_EXACT}, ValueError, "for resizing only"),
        ({"interp": 99}, ValueError, "interp"),
        ({"interp": True}, TypeError, "interp"),
        ({"borderMode": cv2.BORDER_TRANSPARENT}, ValueError, "borderMode"),
        ({"borderMode": "wrap"}, TypeError, "borderMode"),
        ({"borderValue": "3"}, TypeError, "borderValue"),
        ({"borderValue": ()}, TypeError, "borderValue"),
        ({"dsize": (0, 10)}, ValueError, "dsize must be positive"),
        ({"dsize": (20.9, 10)}, TypeError, "dsize"),
        ({"dsize": (20, 10, 3)}, TypeError, "dsize"),
    ],
)
def test_a_warp_refuses_what_opencv_would_take_for_something_else(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        WarpAffineTransform(**{"mat": [[1, 0, 5], [0, 1, 0]], "dsize": (20, 10)} | arguments)


@pytest.mark.parametrize(
    "text", ["[]", "[20]", "[Infinity, 10]", "[NaN, 10]", "[20.9, 10]", "20", "null", '["20", 10]']
)
def test_a_size_that_is_none_is_a_value_error_when_read(text: str) -> None:
    data = json.loads(
        f'{{"type": "WarpAffineTransform", "mat": [[1,0,0],[0,1,0]], "dsize": {text}}}'
    )
    with pytest.raises(ValueError, match="dsize must be"):
        Transform.from_dict(data)


@pytest.mark.parametrize(
    "tfm",
    [
        CropTransform(2049, 2051, 10, 10),
        PasteTransform(2049, 2051, 10, 10, 4000, 4000),
        FlipTransform(2049, 2051),
        ResizeTransform(1000, 1500, 333, 777),
        WarpAffineTransform([[0.6, -0.8, 700.3], [0.8, 0.6, -200.7]], (1500, 1000)),
        TransformList(
            [
                WarpAffineTransform([[0.6, -0.8, 700.3], [0.8, 0.6, -200.7]], (1500, 1000)),
                ResizeTransform(1000, 1500, 100, 150),
                ResizeTransform(100, 150, 1000, 1500),
            ]
        ),
    ],
    ids=lambda tfm: type(tfm).__name__,
)
def test_points_of_half_precision_are_rounded_once(
    tfm: Transform, random: np.random.Generator
) -> None:
    points = random.uniform(0, 1000, (200, 2)).astype(np.float16)
    moved = tfm.apply_coords(points)
    assert moved.dtype == np.float16
    expected = tfm.apply_coords(points.astype(np.float64)).astype(np.float16)
    np.testing.assert_array_equal(moved, expected)
