"""The page: every name with its words, its picture and its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import cv2

from catalogue.docstring import Doc, parse
from catalogue.entries import Entry, augmentors, operators, transforms

__all__ = ["page"]

_HEAD = """\
# All augmentors, in pictures

<!-- Made by docs/catalogue; change docstrings or docs/catalogue/samples.py, then `nox -s docs`. -->

What dataflow-image offers by name: what it does to a photograph, and what it takes. Each picture
comes from the code beneath it. Images of one picture are shown at the same scale, so that their
sizes can be compared, with height x width beneath; values that cannot be shown as they are, such
as negative ones, are stretched. [Images](images.md) tells how all this is used.
"""

_TRANSFORMS = """\
## Transforms

What augmentors draw, and what can be made by hand. A transform moves images, masks (blue), boxes
(green), polygons (orange) and points (red) alike.
"""

_OPERATORS = """\
## Sources and operators

Where there are two rows, the upper one is what goes in. `marked` and `pointed` yield the cat with
all that is marked in her, or her eyes alone; `photographs` yields a batch of images with labels;
and the folder `photographs` holds a folder for each class.
"""

_FOOT = """\
The photographs are in the public domain and come with scikit-image: Chelsea, by Stéfan van der
Walt; coffee, by Rachel Michetti; a launch, by SpaceX; Eileen Collins, by NASA.
"""

# Numbers that people know by name.
_INTERPOLATIONS = {cv2.INTER_LINEAR: "cv2.INTER_LINEAR"}
_BORDERS = {
    cv2.BORDER_REPLICATE: "cv2.BORDER_REPLICATE",
    cv2.BORDER_CONSTANT: "cv2.BORDER_CONSTANT",
}
_NAMED = {"interp": _INTERPOLATIONS, "border": _BORDERS, "borderMode": _BORDERS}


def page() -> str:
    """Return the whole page as Markdown."""
    groups = augmentors()
    parts = [_HEAD, *_index(groups)]
    for title, group in groups.items():
        parts += [f"## {title}\n", *map(_section, group)]
    parts += [_TRANSFORMS, *map(_section, transforms())]
    parts += [_OPERATORS, *map(_section, operators()), _FOOT]
    return "\n".join(parts)


def _index(groups: dict[str, list[Entry]]) -> Iterator[str]:
    shown = {**groups, "Transforms": transforms(), "Sources and operators": operators()}
    for title, group in shown.items():
        links = " · ".join(f"[{_title(entry)}](#{_title(entry).lower()})" for entry in group)
        yield f"**{title}**: {links}\n"


def _section(entry: Entry) -> str:
    doc = parse(entry.documented)
    about = "\n\n".join([doc.summary, *doc.details])
    parts = [
        f"### {_title(entry)}\n",
        f"{about}\n",
        f"![{_title(entry)}](pictures/{entry.picture})\n",
        f"```python no-run\n{entry.sample.code}\n```\n",
    ]
    rows = list(_parameters(entry.documented, doc))
    if rows:
        parts.append("\n".join(["| parameter | default | |", "|---|---|---|", *rows]) + "\n")
    if entry.name != _title(entry):
        parts.append(f"Registered as `{entry.name}`.\n")
    return "\n".join(parts)


def _title(entry: Entry) -> str:
    return entry.documented.__name__


def _parameters(documented: type, doc: Doc) -> Iterator[str]:
    for name, parameter in inspect.signature(documented).parameters.items():
        default = "" if parameter.default is parameter.empty else f"`{_named(name, parameter)}`"
        yield f"| `{name}` | {default} | {_cell(doc.parameters.get(name, ''))} |"


def _named(name: str, parameter: inspect.Parameter) -> str:
    names = _NAMED.get(name, {})
    return names.get(parameter.default) or _cell(repr(parameter.default))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
