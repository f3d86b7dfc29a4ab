"""ImageFromFile and ImageFolder: what they list, hand out, and refuse."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dataflow_core import BatchData, DataFlow, FingerprintMismatchError
from dataflow_image import ImageDecodeError, ImageFolder, ImageFromFile, decode_image


@pytest.fixture
def files(image_folder: Path) -> list[Path]:
    return sorted(image_folder.rglob("*.jpg"))


def relative(flow: ImageFolder, root: Path) -> list[tuple[str, int]]:
    return [(os.path.relpath(path, root), label) for path, label in flow]


class TestImageFromFile:
    def test_hands_out_every_file_in_the_lists_order(self, files: list[Path]) -> None:
        images = [image for [image] in ImageFromFile(files)]
        assert len(images) == len(files) == len(ImageFromFile(files))
        for image, file in zip(images, files, strict=True):
            np.testing.assert_array_equal(image, decode_image(file))

    def test_colour_is_bgr(self, tmp_path: Path) -> None:
        blue = np.zeros((4, 5, 3), np.uint8)
        blue[:, :, 0] = 255
        cv2.imwrite(str(tmp_path / "blue.png"), blue)
        [[image]] = ImageFromFile([tmp_path / "blue.png"])
        assert image[0, 0].tolist() == [255, 0, 0]

    def test_grey_keeps_an_axis_for_its_channel(self, files: list[Path]) -> None:
        [image], *_ = ImageFromFile(files, channel=1)
        assert image.shape == (24, 32, 1)

    @pytest.mark.parametrize("channel", [1, 3])
    @pytest.mark.parametrize(
        ("resize", "shape"), [((10, 20), (10, 20)), ([10, 20], (10, 20)), (10, (10, 10))]
    )
    def test_resize_is_height_and_width(
        self, files: list[Path], resize: Any, shape: tuple[int, int], channel: int
    ) -> None:
        [image], *_ = ImageFromFile(files, channel=channel, resize=resize)
        assert image.shape == (*shape, channel)

    def test_resize_may_depend_on_the_image(self, files: list[Path]) -> None:
        flow = ImageFromFile(files, resize=lambda image: (image.shape[0] * 2, 7))
        assert [image.shape for [image] in flow] == [
            (2 * decode_image(file).shape[0], 7, 3) for file in files
        ]

    def test_a_function_that_returns_no_shape_is_told_so(self, files: list[Path]) -> None:
        with pytest.raises(TypeError, match="what resize returned must be an int or a pair"):
            list(ImageFromFile(files, resize=lambda image: image))

    def test_shuffle_permutes_and_leaves_the_callers_list_alone(self, files: list[Path]) -> None:
        given = list(files)
        flow = ImageFromFile(given, shuffle=True)
        flow.reset_state(seed=3)
        one, two = ([image.tobytes() for [image] in flow] for _ in range(2))
        assert given == files
        assert one != two
        assert sorted(one) == sorted(two)

    def test_files_may_come_from_a_glob(self, image_folder: Path) -> None:
        assert len(ImageFromFile(image_folder.glob("ant/*.jpg"))) == 4

    def test_no_files_are_refused(self) -> None:
        with pytest.raises(ValueError, match="files is empty"):
            ImageFromFile([])

    @pytest.mark.parametrize("path", ["a.jpg", Path("a.jpg"), b"a.jpg"])
    def test_a_single_path_is_refused(self, path: Any) -> None:
        with pytest.raises(TypeError, match="not the single path"):
            ImageFromFile(path)

    @pytest.mark.parametrize("file", [3, None, b"\xff\xd8 the file's bytes"])
    def test_what_is_no_path_is_refused(self, file: Any) -> None:
        with pytest.raises(TypeError, match="named by a path"):
            ImageFromFile(["a.jpg", file])

    @pytest.mark.parametrize("channel", [0, 2, 4])
    def test_channels_other_than_1_and_3_are_refused(self, channel: int) -> None:
        with pytest.raises(ValueError, match="ImageFromFile: channel must be 1"):
            ImageFromFile(["a.jpg"], channel=channel)

    @pytest.mark.parametrize("resize", [0, (0, 4), (-1, 4)])
    def test_sizes_that_are_not_positive_are_refused(self, resize: Any) -> None:
        with pytest.raises(ValueError, match="ImageFromFile: resize must be positive"):
            ImageFromFile(["a.jpg"], resize=resize)

    def test_a_missing_file_is_named(self, files: list[Path]) -> None:
        files[2].unlink()
        with pytest.raises(FileNotFoundError, match=str(files[2])):
            list(ImageFromFile(files))

    @pytest.mark.parametrize("backend", [None, "inline", "thread"])
    def test_a_broken_file_is_named_with_its_position(
        self, files: list[Path], backend: str | None
    ) -> None:
        files[2].write_bytes(files[2].read_bytes()[:200])
        flow: DataFlow = ImageFromFile(files)
        if backend is not None:
            flow = flow.parallel(2, backend=backend)
        with flow, pytest.raises(ImageDecodeError, match="position 2") as caught:
            list(flow)
        assert caught.value.position == 2
        assert caught.value.path == str(files[2])
        assert caught.value.__suppress_context__

    def test_a_broken_file_is_named_outside_a_flow(self, tmp_path: Path) -> None:
        (tmp_path / "no.jpg").write_bytes(b"text")
        with pytest.raises(ImageDecodeError) as caught:
            ImageFromFile([tmp_path / "no.jpg"])[0]
        assert (caught.value.path, caught.value.position) == (str(tmp_path / "no.jpg"), None)


class TestImageFolder:
    def test_lists_by_class_then_by_name(self, image_folder: Path) -> None:
        flow = ImageFolder(image_folder)
        assert flow.classes == ["ant", "bee", "cat"]
        assert relative(flow, image_folder) == [
            (f"{name}/{number}.jpg", label)
            for label, name in enumerate(flow.classes)
            for number in range(4)
        ]

    def test_order_does_not_depend_on_the_file_system(
        self, image_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = list(ImageFolder(image_folder))
        scandir = os.scandir

        class Backwards:
            def __init__(self, folder: Any) -> None:
                with scandir(folder) as entries:
                    self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

            def __enter__(self) -> list[os.DirEntry[str]]:
                return self.entries

            def __exit__(self, *exc_info: object) -> None:
                pass

        monkeypatch.setattr(os, "scandir", Backwards)
        assert list(ImageFolder(image_folder)) == expected

    def test_decodes_when_asked(self, image_folder: Path) -> None:
        for (image, label), (path, same) in zip(
            ImageFolder(image_folder, decode=True), ImageFolder(image_folder), strict=True
        ):
            np.testing.assert_array_equal(image, decode_image(path))
            assert label == same

    def test_labels_become_an_int32_batch(self, image_folder: Path) -> None:
        _, labels = next(iter(BatchData(ImageFolder(image_folder), 12)))
        assert labels.dtype == np.int32
        assert labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4

    def test_root_may_be_text(self, image_folder: Path) -> None:
        assert list(ImageFolder(str(image_folder))) == list(ImageFolder(image_folder))

    def test_follows_links_to_classes_and_images(self, image_folder: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        (image_folder / "ant").rename(elsewhere)
        (image_folder / "ant").symlink_to(elsewhere, target_is_directory=True)
        (image_folder / "bee" / "linked.jpg").symlink_to(elsewhere / "0.jpg")
        listed = relative(ImageFolder(image_folder), image_folder)
        assert ("ant/0.jpg", 0) in listed
        assert ("bee/linked.jpg", 1) in listed

    def test_a_dangling_link_is_not_lost_in_silence(self, image_folder: Path) -> None:
        (image_folder / "bee" / "gone.jpg").symlink_to(image_folder / "nowhere.jpg")
        with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
            list(ImageFolder(image_folder, decode=True))

    def test_leaves_out_hidden_names_other_files_and_deeper_folders(
        self, image_folder: Path
    ) -> None:
        expected = list(ImageFolder(image_folder))
        (image_folder / ".thumbnails").mkdir()
        (image_folder / ".thumbnails" / "0.jpg").touch()
        (image_folder / "labels.csv").touch()
        (image_folder / "ant" / ".0.jpg").touch()
        (image_folder / "ant" / "notes.txt").touch()
        (image_folder / "ant" / "folder.jpg").mkdir()
        assert list(ImageFolder(image_folder)) == expected

    def test_extensions_in_capitals_count(self, image_folder: Path) -> None:
        (image_folder / "ant" / "0.jpg").rename(image_folder / "ant" / "0.JPG")
        assert len(ImageFolder(image_folder)) == 12

    @pytest.mark.parametrize("extensions", [[".dat"], ["dat"], (".DAT", ".jpg")])
    def test_extensions_can_be_chosen(self, image_folder: Path, extensions: Any) -> None:
        for image in sorted(image_folder.rglob("0.jpg")):
            image.rename(image.with_suffix(".dat"))
        expected = 3 if len(extensions) == 1 else 12
        assert len(ImageFolder(image_folder, extensions=extensions)) == expected

    def test_shuffle_is_another_permutation_every_epoch(self, image_folder: Path) -> None:
        flow = ImageFolder(image_folder, shuffle=True)
        flow.reset_state(seed=3)
        one, two = list(flow), list(flow)
        assert one != two
        assert sorted(one) == sorted(two) == list(ImageFolder(image_folder))

    def test_a_missing_root_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"there is no folder .*gone"):
            ImageFolder(tmp_path / "gone")

    def test_a_file_as_root_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "images.zip").touch()
        with pytest.raises(NotADirectoryError, match=r"images\.zip' is a file"):
            ImageFolder(tmp_path / "images.zip")

    def test_an_empty_root_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="holds nothing"):
            ImageFolder(tmp_path)

    def test_images_without_class_folders_are_told_of_image_from_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").touch()
        with pytest.raises(ValueError, match=r"no folder for each class.*ImageFromFile"):
            ImageFolder(tmp_path)

    def test_a_root_of_other_files_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").touch()
        with pytest.raises(ValueError, match=r"only files \(1 x \.csv\)"):
            ImageFolder(tmp_path)

    def test_a_class_without_images_is_named_with_what_it_holds(self, image_folder: Path) -> None:
        (image_folder / "dog" / "deeper").mkdir(parents=True)
        (image_folder / "dog" / "a.heic").touch()
        (image_folder / "dog" / "b.heic").touch()
        with pytest.raises(ValueError, match=r"dog'.*2 x \.heic, 1 x folder"):
            ImageFolder(image_folder)

    @pytest.mark.parametrize("extensions", [".jpg", [1]])
    def test_extensions_that_are_no_list_of_texts_are_refused(
        self, image_folder: Path, extensions: Any
    ) -> None:
        with pytest.raises(TypeError, match="extensions is a list such as"):
            ImageFolder(image_folder, extensions=extensions)

    def test_a_pickled_copy_hands_out_the_same(self, image_folder: Path) -> None:
        flow = ImageFolder(image_folder, shuffle=True)
        copied = pickle.loads(pickle.dumps(flow))
        flow.reset_state(seed=5)
        copied.reset_state(seed=5)
        assert list(copied) == list(flow)

    def test_a_state_is_refused_by_a_folder_that_has_grown(self, image_folder: Path) -> None:
        state = ImageFolder(image_folder).state_dict()
        (image_folder / "ant" / "new.jpg").touch()
        with pytest.raises(FingerprintMismatchError, match="13 images"):
            ImageFolder(image_folder).load_state_dict(state)
