"""The augmenting operators: components, copies, errors, and what is left out."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import ComponentError, DataFlow, DataFromList
from dataflow_image import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
    imgaug,
)

MIRROR = imgaug.Flip(horiz=True, prob=1.0)


def flow_of(*items: Any) -> DataFlow:
    return DataFromList(list(items), shuffle=False)


def picture(height: int = 6, width: int = 8) -> npt.NDArray[np.uint8]:
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)


class InPlace(imgaug.ImageAugmentor):
    """Writes into the image it is given, as augmentors of users sometimes do."""

    def get_transform(self, img: npt.NDArray[Any]) -> imgaug.Transform:
        def blacken(img: npt.NDArray[Any]) -> npt.NDArray[Any]:
            img[...] = 0
            return img

        return imgaug.PhotometricTransform(blacken)


class FailsOn(imgaug.ImageAugmentor):
    """Raises for images whose first value is one of some."""

    def __init__(self, values: set[int]) -> None:
        self.values = values

    def get_transform(self, img: npt.NDArray[Any]) -> imgaug.Transform:
        if int(img.flat[0]) in self.values:
            raise ValueError(f"cannot work on {int(img.flat[0])}")
        return imgaug.NoOpTransform()


class Turn(imgaug.ImageAugmentor):
    """Turns an image about its centre, always by the same angle."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def get_transform(self, img: npt.NDArray[Any]) -> imgaug.Transform:
        h, w = img.shape[:2]
        matrix = cv2.getRotationMatrix2D((w / 2 - 0.5, h / 2 - 0.5), self.degrees, 1.0)
        return imgaug.WarpAffineTransform(matrix, (w, h))


class TestAugmentImageComponent:
    @pytest.mark.parametrize("augmentors", [[MIRROR], (MIRROR,), imgaug.AugmentorList([MIRROR])])
    def test_takes_a_list_or_an_augmentor_list(self, augmentors: Any) -> None:
        [[image, label]] = AugmentImageComponent(flow_of([picture(), "cat"]), augmentors)
        np.testing.assert_array_equal(image, picture()[:, ::-1])
        assert label == "cat"

    @pytest.mark.parametrize(
        ("dp", "index"),
        [
            ([picture(), 1], 0),
            ([1, picture()], -1),
            ((1, picture()), 1),
            ({"image": picture(), "label": 1}, "image"),
        ],
    )
    def test_lists_tuples_and_dicts_keep_their_type(self, dp: Any, index: Any) -> None:
        [out] = AugmentImageComponent(flow_of(dp), [MIRROR], index)
        assert type(out) is type(dp)
        np.testing.assert_array_equal(out[index], picture()[:, ::-1])
        np.testing.assert_array_equal(dp[index], picture())

    def test_augmentors_are_applied_in_order(self) -> None:
        flow = AugmentImageComponent(flow_of([picture()]), [imgaug.CenterCrop((4, 2)), MIRROR])
        [[image]] = flow
        np.testing.assert_array_equal(image, picture()[1:5, 3:5][:, ::-1])

    def test_is_reached_by_its_short_form(self) -> None:
        [[image]] = flow_of([picture()]).augment_image([MIRROR])
        np.testing.assert_array_equal(image, picture()[:, ::-1])

    @pytest.mark.parametrize("wrong", [MIRROR, [imgaug.Flip], [lambda img: img], [None]])
    def test_what_is_no_list_of_augmentors_is_refused_at_once(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match="ugmentor"):
            AugmentImageComponent(flow_of([picture()]), wrong)

    @pytest.mark.parametrize(
        "encoded",
        [
            cv2.imencode(".png", picture())[1].tobytes(),
            cv2.imencode(".png", picture())[1].ravel(),
            "a.png",
        ],
        ids=["bytes", "array", "path"],
    )
    def test_an_encoded_image_is_told_of_decode_image(self, encoded: Any) -> None:
        flow = AugmentImageComponent(flow_of({"x": encoded}), [MIRROR], "x")
        with pytest.raises(ComponentError, match=r"component 'x' is .* DecodeImage\(ds, index='x'"):
            list(flow)

    @pytest.mark.parametrize("wrong", [3, None, [[1, 2]], np.zeros(3), np.zeros((1, 2, 3, 4))])
    def test_what_is_no_image_is_refused(self, wrong: Any) -> None:
        with pytest.raises(
            ComponentError, match=r"AugmentImageComponent: component 0 is .*an image"
        ):
            list(AugmentImageComponent(flow_of([wrong]), [MIRROR]))

    def test_a_missing_component_is_named(self) -> None:
        with pytest.raises(ComponentError, match="AugmentImageComponent asks for component 2"):
            list(AugmentImageComponent(flow_of([picture()]), [MIRROR], 2))

    def test_an_error_tells_stage_and_position(self) -> None:
        images = [[np.full((2, 2), i, np.uint8)] for i in range(4)]
        with pytest.raises(ValueError, match="cannot work on 2") as caught:
            list(AugmentImageComponent(flow_of(*images), [FailsOn({2})]))
        [note] = caught.value.__notes__
        assert "AugmentImageComponent" in note
        assert "position 2" in note


class TestCopy:
    @pytest.mark.parametrize(
        "augmentors",
        [
            [InPlace()],
            [imgaug.CenterCrop(4), InPlace()],
            [imgaug.MapImage(lambda img: np.multiply(img, 0, out=img))],
            [imgaug.RandomApplyAug(InPlace(), 1.0)],
            [imgaug.RandomChooseAug([InPlace()])],
            [imgaug.RandomOrderAug([imgaug.Identity(), InPlace()])],
            [imgaug.AugmentorList([InPlace()])],
        ],
    )
    def test_augmentors_that_work_in_place_do_not_reach_the_upstream(self, augmentors: Any) -> None:
        given = picture()
        [[image]] = AugmentImageComponent(flow_of([given]), augmentors)
        assert not image.any()
        np.testing.assert_array_equal(given, picture())

    @pytest.mark.parametrize(
        "augmentors", [[], [imgaug.Identity()], [imgaug.CenterCrop(4)], [imgaug.Resize((6, 8))]]
    )
    def test_what_comes_out_is_not_the_upstreams_memory(self, augmentors: Any) -> None:
        given = picture()
        [[image]] = AugmentImageComponent(flow_of([given]), augmentors)
        image[...] = 0
        np.testing.assert_array_equal(given, picture())

    def test_without_copy_a_crop_is_a_view(self) -> None:
        given = picture()
        flow = AugmentImageComponent(flow_of([given]), [imgaug.CenterCrop(4)], copy=False)
        [[image]] = flow
        assert np.shares_memory(image, given)

    def test_augmentors_of_imgaug_get_the_image_itself(self) -> None:
        """They never write into it, so copying it first would be work for nothing."""
        given = picture()
        given.flags.writeable = False
        seen = []

        class Upstream(np.ndarray[Any, Any]):
            def copy(self, *args: Any, **kwargs: Any) -> Any:
                seen.append(self.shape)
                return super().copy(*args, **kwargs)

        list(
            AugmentImageComponent(flow_of([given.view(Upstream)]), [imgaug.Resize((3, 4)), MIRROR])
        )
        assert seen == []

    def test_coordinates_masks_boxes_and_polygons_are_kept_apart_too(self) -> None:
        points, boxes = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0, 3.0, 4.0]])
        mask, polygons = np.eye(6, 8, dtype=bool), [np.array([[1.0, 2.0], [3.0, 4.0]])]
        given = [picture(), points, boxes, mask, polygons]
        [out] = AugmentImageComponents(
            flow_of(given),
            [imgaug.Identity()],
            index=0,
            coords_index=1,
            box_index=2,
            mask_index=3,
            polygon_index=4,
        )
        for one, other in zip([*out[:4], *out[4]], [*given[:4], *polygons], strict=True):
            np.testing.assert_array_equal(one, other)
            assert not np.shares_memory(one, other)


class TestCatchExceptions:
    IMAGES = tuple([np.full((2, 2), i, np.uint8)] for i in range(8))

    def flow(self, **options: Any) -> AugmentImageComponent:
        fails = FailsOn({2, 3, 7})
        return AugmentImageComponent(flow_of(*self.IMAGES), [fails], **options)

    def test_drops_what_fails_and_counts_it(self) -> None:
        flow = self.flow(catch_exceptions=True)
        assert [int(image[0, 0]) for [image] in flow] == [0, 1, 4, 5, 6]
        assert flow.num_dropped == 3

    def test_a_dropped_datapoint_does_not_shift_the_next_batch(self) -> None:
        flow = self.flow(catch_exceptions=True).batch(2, remainder=True)
        assert [images[:, 0, 0].tolist() for [images] in flow] == [[0, 1], [4, 5], [6]]

    def test_counts_what_all_threads_drop(self) -> None:
        images, fails = flow_of(*self.IMAGES).repeat(50), [FailsOn({2, 3, 7})]
        flow = AugmentImageComponent(images, fails, catch_exceptions=True)
        with flow.parallel(3, backend="thread") as parallel:
            assert len(list(parallel)) == 50 * 5
        assert flow.num_dropped == 50 * 3

    def test_without_it_nothing_is_dropped(self) -> None:
        flow = self.flow()
        with pytest.raises(ValueError, match="cannot work on 2"):
            list(flow)
        assert flow.num_dropped == 0

    def test_logs_each_kind_of_failure_once(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, logger="dataflow_image"):
            list(self.flow(catch_exceptions=True))
        [record] = caplog.records
        assert "AugmentImageComponent dropped the datapoint at position 2" in record.getMessage()
        assert record.exc_info is not None
        assert "cannot work on 2" in str(record.exc_info[1])

    def test_logs_kinds_of_failure_apart(self, caplog: pytest.LogCaptureFixture) -> None:
        fussy: list[Any] = [FailsOn({2, 3}), imgaug.MapImage(lambda img: img // (img[0, 0] != 7))]
        with caplog.at_level(logging.WARNING, logger="dataflow_image"), np.errstate(divide="raise"):
            list(AugmentImageComponent(flow_of(*self.IMAGES), fussy, catch_exceptions=True))
        assert len(caplog.records) == 2

    @pytest.mark.parametrize("dp", [[b"\xff\xd8"], []])
    def test_a_mistake_in_the_pipeline_is_not_swallowed(self, dp: Any) -> None:
        with pytest.raises(ComponentError):
            list(AugmentImageComponent(flow_of(dp), [MIRROR], catch_exceptions=True))

    def test_interrupts_are_not_swallowed(self) -> None:
        def interrupt(img: Any) -> Any:
            raise KeyboardInterrupt

        flow = flow_of(*self.IMAGES)
        with pytest.raises(KeyboardInterrupt):
            list(AugmentImageComponent(flow, [imgaug.MapImage(interrupt)], catch_exceptions=True))

    def test_workers_know_whether_the_stage_drops(self) -> None:
        assert self.flow()._chain().may_drop is False
        assert self.flow(catch_exceptions=True)._chain().may_drop is True

    def test_a_pickled_copy_counts_anew(self) -> None:
        flow = AugmentImageComponent(flow_of(*self.IMAGES), [MIRROR], catch_exceptions=True)
        flow._caught.count = 3
        copied = pickle.loads(pickle.dumps(flow))
        assert len(list(copied)) == 8
        assert (copied.num_dropped, flow.num_dropped) == (0, 3)


class TestAugmentImageCoordinates:
    def test_points_move_with_the_image(self) -> None:
        dp = [picture(), np.array([[1.0, 2.0], [8.0, 6.0]], np.float32)]
        [[image, points]] = AugmentImageCoordinates(flow_of(dp), [MIRROR, imgaug.Resize((3, 4))])
        assert image.shape == (3, 4, 3)
        assert points.tolist() == [[3.5, 1.0], [0.0, 3.0]]
        assert points.dtype == np.float32

    def test_a_marked_pixel_stays_under_its_point(self) -> None:
        image = np.zeros((20, 30), np.uint8)
        image[12, 17] = 255
        dps = [{"points": np.array([[17.5, 12.5]]), "image": image}] * 40
        augmentors = [imgaug.Flip(horiz=True), imgaug.Flip(vert=True), imgaug.RandomCrop((16, 25))]
        flow = AugmentImageCoordinates(flow_of(*dps), augmentors, "image", "points")
        flow.reset_state(seed=0)
        places = set()
        for dp in flow:
            [[x, y]] = dp["points"]
            if 0 <= x < 25 and 0 <= y < 16:
                places.add((x, y))
                assert dp["image"][int(y), int(x)] == 255
            else:
                assert not dp["image"].any()
        assert len(places) > 5

    def test_no_points_are_fine(self) -> None:
        [[_, points]] = AugmentImageCoordinates(flow_of([picture(), np.zeros((0, 2))]), [MIRROR])
        assert points.shape == (0, 2)

    def test_points_of_another_shape_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"coordinates have shape \(N, 2\)"):
            list(AugmentImageCoordinates(flow_of([picture(), np.zeros((2, 3))]), [MIRROR]))

    def test_image_and_points_cannot_be_the_same_component(self) -> None:
        with pytest.raises(ValueError, match="img_index and coords_index are both 1"):
            AugmentImageCoordinates(flow_of([picture()]), [MIRROR], img_index=1)

    def test_missing_points_are_named(self) -> None:
        with pytest.raises(ComponentError, match="AugmentImageCoordinates asks for component 1"):
            list(AugmentImageCoordinates(flow_of([picture()]), [MIRROR]))

    def test_is_reached_by_its_short_form(self) -> None:
        flow = flow_of([picture(), np.zeros((1, 2))]).augment_image_coordinates([MIRROR])
        assert isinstance(flow, AugmentImageCoordinates)


class TestAugmentImageComponents:
    def test_images_get_one_transform(self) -> None:
        dps = [[picture(), picture() + 1, "label"]] * 20
        crop = [imgaug.RandomCrop(3), imgaug.Flip(horiz=True)]
        flow = flow_of(*dps).augment_images(crop)
        flow.reset_state(seed=0)
        corners = set()
        for one, other, label in flow:
            np.testing.assert_array_equal(one + 1, other)
            corners.add(int(one[0, 0, 0]))
            assert label == "label"
        assert len(corners) > 5

    def test_masks_are_not_interpolated_and_keep_their_dtype(self) -> None:
        mask = np.zeros((6, 8), np.int64)
        mask[:3] = 1000
        out = next(
            iter(
                AugmentImageComponents(
                    flow_of((picture(), mask)),
                    [imgaug.Resize((12, 12)), imgaug.BrightnessScale((2.0, 2.0))],
                    index=(0,),
                    mask_index=(1,),
                )
            )
        )
        assert isinstance(out, tuple)
        assert out[1].dtype == np.int64
        assert set(np.unique(out[1])) == {0, 1000}

    def test_a_stack_of_no_masks_is_moved_too(self) -> None:
        flow = flow_of([picture(), np.zeros((6, 8, 0), np.bool_)])
        augmentors = [MIRROR, imgaug.Transpose(1.0), imgaug.Resize((4, 5)), imgaug.Affine((2, 2))]
        [[_, masks]] = AugmentImageComponents(flow, augmentors, 0, mask_index=1)
        assert masks.shape == (4, 5, 0)
        assert masks.dtype == np.bool_

    def test_all_marks_move_alike(self) -> None:
        dp = {
            "image": picture(),
            "depth": picture().astype(np.float32),
            "points": np.array([[1.0, 2.0]]),
            "boxes": np.array([[0.0, 0.0, 2.0, 1.0], [1.0, 1.0, 8.0, 6.0]]),
            "polygons": [np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), np.array([[8.0, 6.0]])],
            "more points": np.array([[0.0, 0.0]]),
        }
        [out] = AugmentImageComponents(
            flow_of(dp),
            [MIRROR],
            index=("image", "depth"),
            coords_index=("points", "more points"),
            box_index="boxes",
            polygon_index=["polygons"],
        )
        np.testing.assert_array_equal(out["image"], dp["image"][:, ::-1])
        np.testing.assert_array_equal(out["depth"], dp["depth"][:, ::-1])
        assert out["points"].tolist() == [[7.0, 2.0]]
        assert out["more points"].tolist() == [[8.0, 0.0]]
        assert out["boxes"].tolist() == [[6.0, 0.0, 8.0, 1.0], [0.0, 1.0, 7.0, 6.0]]
        assert [polygon.tolist() for polygon in out["polygons"]] == [
            [[8.0, 0.0], [6.0, 0.0], [8.0, 1.0]],
            [[0.0, 6.0]],
        ]
        assert list(out) == list(dp)

    @pytest.mark.parametrize("where", ["index", "mask_index"])
    def test_another_size_is_refused_with_both(self, where: str) -> None:
        indices: dict[str, Any] = {"index": 0} | {where: (0, 1) if where == "index" else 1}
        flow = AugmentImageComponents(flow_of([picture(), picture(5, 8)]), [MIRROR], **indices)
        with pytest.raises(ValueError, match=r"component 1 is 5x8 .* component 0 is 6x8"):
            list(flow)

    @pytest.mark.parametrize(
        ("indices", "message"),
        [
            ({"index": ()}, "at least one image"),
            ({"index": (0, 0)}, "component 0 is named twice"),
            ({"index": (0,), "mask_index": (0,)}, "component 0 is named twice"),
            ({"index": ("a",), "coords_index": "b", "box_index": ["b"]}, "'b' is named twice"),
        ],
    )
    def test_components_are_named_once(self, indices: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            AugmentImageComponents(flow_of([picture()]), [MIRROR], **indices)

    @pytest.mark.parametrize("kind", ["coords", "box", "polygon", "per_box"])
    def test_marks_that_are_none_are_named(self, kind: str) -> None:
        indices: dict[str, Any] = {"box_index": 1, f"{kind}_index": 2}
        dp = [picture(), [[0.0, 0.0, 2.0, 1.0]], None]
        with pytest.raises(ValueError, match=r"component 2 is None; .* empty list"):
            list(AugmentImageComponents(flow_of(dp), [MIRROR], 0, **indices))

    def test_a_function_that_returns_nothing_is_named(self) -> None:
        augmentors = [imgaug.MapImage(lambda img: None), imgaug.Resize(3)]
        for some in (augmentors, augmentors[:1]):
            with pytest.raises(TypeError, match=r"MapImage\(.*\) got None from its function"):
                list(AugmentImageComponents(flow_of([picture()]), some, 0))

    def test_an_augmentor_that_cannot_move_points_says_so(self) -> None:
        flow = flow_of([picture(), np.zeros((1, 2))])
        augmentors = [imgaug.MapImage(np.invert)]
        with pytest.raises(NotImplementedError, match="coord_func"):
            list(AugmentImageComponents(flow, augmentors, index=0, coords_index=1))


class TestBoxesOnTheirWay:
    """What has left a frame stays out; what is in keeps its corners."""

    @pytest.mark.parametrize(
        "augmentors",
        [
            [imgaug.CenterCrop(50), imgaug.CenterPaste(100)],
            [imgaug.CenterCrop(50), MIRROR, imgaug.Affine(scale=(0.5, 0.5), border=0)],
            [imgaug.Affine(scale=(2.0, 2.0)), imgaug.Affine(scale=(0.5, 0.5), border=0)],
            [imgaug.AugmentorList([imgaug.CenterCrop(50)]), imgaug.CenterPaste(100)],
            [
                imgaug.CenterCrop(50),
                imgaug.MapImage(np.flipud, lambda points: points * (1, -1) + (0, 50)),
                imgaug.CenterPaste(100),
            ],
            [
                imgaug.MapImage(lambda img: img[25:75, 25:75], lambda points: points - 25),
                imgaug.CenterPaste(100),
            ],
        ],
        ids=lambda augmentors: "-".join(type(augmentor).__name__ for augmentor in augmentors),
    )
    @pytest.mark.parametrize("fuse", [True, False])
    def test_what_was_cut_off_does_not_come_back(self, augmentors: Any, fuse: bool) -> None:
        img = np.zeros((100, 100, 3), np.uint8)
        boxes = np.array([[2.0, 2, 12, 12], [15, 40, 45, 60]])
        img[40:60, 15:45] = 255
        flow = flow_of([img, boxes, np.arange(2)])
        changed = AugmentImageComponents(
            flow, augmentors, 0, fuse=fuse, box_index=1, per_box_index=2
        )
        [[image, [box], classes]] = changed
        rows, columns = np.nonzero(image[:, :, 0] > 127)
        around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(box, around, atol=1)
        assert classes.tolist() == [1]
        [[_, both, _]] = AugmentImageComponents(flow, augmentors, 0, fuse=fuse, box_index=1)
        assert imgaug.clip_boxes(both, 100, 100).is_empty.tolist() == [True, False]

    def test_an_emptied_box_has_no_area_however_it_is_turned(self) -> None:
        boxes = [[0.0, 0.0, 9.0, 9.0]]
        augmentors = [imgaug.CenterCrop(50), Turn(45), imgaug.CenterPaste(200)]
        flow = flow_of([picture(100, 100), boxes])
        [[_, [[x0, y0, x1, y1]]]] = AugmentImageComponents(flow, augmentors, 0, box_index=1)
        assert (x1 - x0) * (y1 - y0) == 0

    def test_boxes_within_their_frames_do_not_grow_at_every_turn(self) -> None:
        turns = [Turn(degrees) for degrees in (30, 30, -60)]
        flow = flow_of([picture(100, 100), [[40.0, 45.0, 60.0, 55.0]]])
        [[_, boxes]] = AugmentImageComponents(flow, turns, 0, box_index=1)
        np.testing.assert_allclose(boxes, [[40, 45, 60, 55]], atol=1e-9)


class TestFingerprint:
    def test_long_lists_of_augmentors_are_told_apart(self) -> None:
        def state(crop: int) -> Any:
            augmentors = [MIRROR] * 10 + [imgaug.CenterCrop(crop)] + [MIRROR] * 10
            return AugmentImageComponent(flow_of([picture()]), augmentors).state_dict()

        assert state(4)["fingerprint"] != state(5)["fingerprint"]
        assert state(4)["fingerprint"] == state(4)["fingerprint"]

    def test_explain_names_augmentors_and_components(self) -> None:
        line = AugmentImageComponent(flow_of([picture()]), [imgaug.Resize(4), MIRROR]).explain()
        assert line.startswith("AugmentImageComponent([Resize, Flip], index=0) ")


@pytest.mark.parametrize(
    "make",
    [
        lambda flow: AugmentImageComponent(flow, [imgaug.RandomCrop(3)]),
        lambda flow: AugmentImageCoordinates(flow, [imgaug.RandomCrop(3)]),
        lambda flow: AugmentImageComponents(flow, [imgaug.RandomCrop(3)], 0, 1),
    ],
)
def test_a_pickled_copy_draws_the_same(make: Callable[[DataFlow], DataFlow]) -> None:
    flow = make(flow_of(*[[picture(), np.zeros((1, 2))]] * 6))
    copied = pickle.loads(pickle.dumps(flow))
    flow.reset_state(seed=9)
    copied.reset_state(seed=9)
    for one, other in zip(flow, copied, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
