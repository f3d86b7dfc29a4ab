"""The catalogue of augmentors holds every name, its own words, and pictures that are true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from catalogue import samples
from catalogue.build import build, stale
from catalogue.docstring import parse
from catalogue.entries import augmentors, transforms
from catalogue.photographs import subject
from catalogue.strip import Tile, are_alike, decoded, encoded, strip

from dataflow_core import DataFlow
from dataflow_image import imgaug

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MEGABYTE = 1_000_000
PAGE = (DOCS / "augmentors.md").read_text(encoding="utf-8")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    shutil.copy(DOCS / "augmentors.md", tmp_path)
    shutil.copytree(DOCS / "pictures", tmp_path / "pictures")
    return tmp_path


def test_the_catalogue_is_up_to_date() -> None:
    outdated = [str(file.relative_to(ROOT)) for file in stale(DOCS)]
    assert outdated == [], "nox -s docs brings it up to date"


def test_every_registered_augmentor_has_a_section_and_a_picture() -> None:
    for name in DataFlow.registry.augmentors:
        if f"`{name}`" not in PAGE:
            pytest.fail(f"{name} is not on the page")
        title = DataFlow.registry.get(name, "augmentors").__name__
        assert f"\n### {title}\n" in PAGE
        assert (DOCS / "pictures" / f"{name}.webp").is_file()


def test_every_parameter_is_explained() -> None:
    assert re.findall(r"^\| `\w+` \|[^|]*\|\s*\|$", PAGE, re.MULTILINE) == []


def test_links_of_the_index_lead_to_sections() -> None:
    titles = {title.lower() for title in re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)}
    linked = set(re.findall(r"\(#(\w+)\)", PAGE))
    assert linked == titles


def test_pictures_are_small_enough_to_be_kept_with_the_code() -> None:
    sizes = [file.stat().st_size for file in (DOCS / "pictures").iterdir()]
    assert sum(sizes) < 2 * MEGABYTE


def test_a_new_augmentor_cannot_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {
        name: sample for name, sample in samples.AUGMENTORS["Places"].items() if name != "flip"
    }
    monkeypatch.setitem(samples.AUGMENTORS, "Places", others)
    with pytest.raises(LookupError, match=r"without a sample \['flip'\]"):
        augmentors()


def test_a_sample_of_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(samples.TRANSFORMS, "TwistTransform", samples.Sample("None"))
    with pytest.raises(LookupError, match=r"without a name \['TwistTransform'\]"):
        transforms()


def test_what_is_outdated_is_made_anew_and_nothing_else(docs: Path) -> None:
    page = docs / "augmentors.md"
    picture, missing, extra = (
        docs / "pictures" / f"{name}.webp" for name in ("flip", "shift", "x")
    )
    missing.unlink()
    picture.write_bytes((docs / "pictures" / "hue.webp").read_bytes())
    page.write_text("old", encoding="utf-8")
    extra.write_bytes(b"left behind")
    assert set(build(docs)) == {missing, picture, page, extra}
    assert page.read_text(encoding="utf-8") == PAGE
    assert not extra.exists()
    assert list(stale(docs)) == []


def test_pictures_differ_in_what_they_show() -> None:
    cat = subject().image
    plain = strip([[Tile("x", cat), Tile("x", cat)]])
    mirrored = strip([[Tile("x", cat), Tile("x", cat[:, ::-1])]])
    noisy = np.clip(plain + np.random.default_rng(0).normal(0, 5, plain.shape), 0, 255)
    assert not are_alike(plain, mirrored)
    assert not are_alike(plain, strip([[Tile("x", cat)]]))
    assert are_alike(plain, noisy.astype(np.uint8))
    assert are_alike(plain, decoded(encoded(plain)))


def test_the_words_of_a_docstring_are_found() -> None:
    class Documented:
        """Do this,
        and that.

        More on *it*.

        >>> 1 + 1
        2

        Order: as before.

        Args:
            first: one thing, or
                another.
            second: (a, b): a pair.

        Raises:
            ValueError: never.
        """

    doc = parse(Documented)
    assert doc.summary == "Do this, and that."
    assert doc.details == ("More on *it*.",)
    assert doc.parameters == {"first": "one thing, or another.", "second": "(a, b): a pair."}
    with pytest.raises(ValueError, match="no docstring"):
        parse(type("Silent", (), {}))


def test_samples_show_what_they_are_named_for() -> None:
    for group in augmentors().values():
        for entry in group:
            assert f"imgaug.{entry.documented.__name__}(" in entry.sample.code
            assert issubclass(entry.documented, imgaug.ImageAugmentor)
