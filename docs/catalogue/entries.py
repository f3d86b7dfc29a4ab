"""What the catalogue is about: the names that dataflow-image offers, with their code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogue.samples import AUGMENTORS, OPERATORS, TRANSFORMS, Sample
from dataflow_core import DataFlow
from dataflow_image import imgaug

__all__ = ["Entry", "augmentors", "entries", "operators", "transforms"]

_DISTRIBUTION = "dataflow-image"


@dataclass(frozen=True)
class Entry:
    """One name.

    Attributes:
        name: as the registry knows it, or of a transform the class's.
        documented: the class.
        sample: the code that the picture shows.
    """

    name: str
    documented: type
    sample: Sample

    @property
    def picture(self) -> str:
        """The name of its picture's file."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name)
        return f"{words.lower()}.webp"


def augmentors() -> dict[str, list[Entry]]:
    """Return all registered augmentors, under the titles of their groups.

    Raises:
        LookupError: one has no sample, or a sample is of none.
    """
    samples = {name: sample for group in AUGMENTORS.values() for name, sample in group.items()}
    found = {entry.name: entry for entry in _registered(("augmentors",), samples)}
    return {title: [found[name] for name in group] for title, group in AUGMENTORS.items()}


def operators() -> list[Entry]:
    """Return all registered sources and operators.

    Raises:
        LookupError: one has no sample, or a sample is of none.
    """
    found = {entry.name: entry for entry in _registered(("sources", "operators"), OPERATORS)}
    return [found[name] for name in OPERATORS]


def transforms() -> list[Entry]:
    """Return all transforms that `imgaug` hands on by name.

    Raises:
        LookupError: one has no sample, or a sample is of none.
    """
    public = {
        name: value
        for name in imgaug.__all__
        if inspect.isclass(value := getattr(imgaug, name))
        and issubclass(value, imgaug.Transform)
        and not inspect.isabstract(value)
    }
    _refuse_gaps(public, TRANSFORMS)
    return [Entry(name, public[name], sample) for name, sample in TRANSFORMS.items()]


def entries() -> list[Entry]:
    """Return everything that has a picture."""
    grouped = [entry for group in augmentors().values() for entry in group]
    return [*grouped, *transforms(), *operators()]


def _registered(kinds: tuple[str, ...], samples: Mapping[str, Sample]) -> Iterator[Entry]:
    registry = DataFlow.registry
    ours = {
        entry.name: entry.kind
        for entry in registry.entries()
        if entry.kind in kinds and entry.distribution == _DISTRIBUTION
    }
    _refuse_gaps(ours, samples)
    for name, kind in ours.items():
        yield Entry(name, registry.get(f"{_DISTRIBUTION}:{name}", kind), samples[name])


def _refuse_gaps(offered: Mapping[str, object], samples: Mapping[str, Sample]) -> None:
    missing, unknown = sorted(set(offered) - set(samples)), sorted(set(samples) - set(offered))
    if missing or unknown:
        raise LookupError(
            "docs/catalogue/samples.py shows what is not offered, or leaves out what is: "
            f"without a sample {missing}, without a name {unknown}"
        )
