"""The command: load the flow, run it for a moment, write the sheet or the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataflow_core.cli import load_flow
from dataflow_image.preview.errors import PreviewError
from dataflow_image.preview.page import preview_page
from dataflow_image.preview.sheet import preview_sheet
from dataflow_image.preview.shown import rows_of

__all__ = ["preview"]

_PICTURE = {".png"}
_PAGE = {".html", ".htm"}


def preview(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A flow, or a function that returns one; path/to/file.py:ATTRIBUTE works too.",
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many images to show.")] = 12,
    epochs: Annotated[int, typer.Option(min=1, help="How often to draw for each image.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seeds the flow.")] = 0,
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="Where to write the contact sheet: a picture, .png; or a page, .html, "
            "that also tells what else is in the datapoints.",
        ),
    ] = Path("dataflow-preview.png"),
) -> None:
    """Show what a pipeline really yields, as a contact sheet.

    Each image stands beside what the last augmenting stage makes of it, with boxes, masks, polygons
    and points drawn in. Stages after that, such as a batch, are not run.
    """
    kind = out.suffix.lower()
    if kind not in _PICTURE | _PAGE:
        raise PreviewError(f"--out {out}: a preview is a .png or a .html file")
    if not out.absolute().parent.is_dir():
        raise PreviewError(f"there is no folder {out.absolute().parent} to write {out.name} into")
    with load_flow(target) as flow:
        rows = rows_of(flow, count, epochs, seed)
        pipeline = flow.explain()
    if not rows:
        raise PreviewError(f"{target} yields nothing")
    made = (
        preview_page(rows, target, seed, pipeline).encode()
        if kind in _PAGE
        else preview_sheet(rows, target, seed)
    )
    try:
        out.write_bytes(made)
    except OSError as error:
        raise PreviewError(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"{len(rows)} images: {out}")
    if 0 < len(rows[0].augmented) < epochs:
        typer.echo(
            "Epochs begin with different images, as after a shuffle, so only one is shown; without "
            "the shuffle each image would stand beside several draws."
        )
