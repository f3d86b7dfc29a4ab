"""The preview as a page of HTML that needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

import cv2

from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.shown import Row, Shot

__all__ = ["preview_page"]

_QUALITY = 90

# A page that is mailed about should load nothing from anywhere, whatever names a pipeline holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --faint: #777; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; }
h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }
p, h2, figcaption, dt { color: var(--faint); }
pre { overflow-x: auto; padding: .7rem 1rem; border: 1px solid var(--line); border-radius: 6px; }
section { border-top: 1px solid var(--line); margin-top: 1.2rem; }
h2 { font-size: .85rem; font-weight: 600; margin: .6rem 0; }
.shots { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; width: 224px; font-size: .8rem; }
figure.original { padding-right: 1rem; border-right: 1px solid var(--line); }
img { max-width: 100%; display: block; border-radius: 3px; }
.none { border: 1px dashed var(--line); border-radius: 3px; padding: 3rem 1rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .5rem; margin: .2rem 0 0; }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
"""


def preview_page(rows: Sequence[Row], title: str, seed: int, pipeline: str) -> str:
    """Return the page.

    Args:
        rows: what to show.
        title: what it is a preview of.
        seed: of the flow.
        pipeline: its stages, as `explain()` tells them.
    """
    sections = "".join(line for row in rows for line in _section(row))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>seed {seed}, {len(rows)} images</p>
<pre>{escape(pipeline)}</pre>
{sections}</body>
</html>
"""


def _section(row: Row) -> Iterator[str]:
    yield f'<section>\n<h2>position {row.position}</h2>\n<div class="shots">\n'
    yield _figure(row.original, "original" if row.augmented else "image", "original")
    for epoch, shot in enumerate(row.augmented):
        yield _figure(shot, f"epoch {epoch}", "augmented")
    yield "</div>\n</section>\n"


def _figure(shot: Shot | None, caption: str, kind: str) -> str:
    if shot is None:
        inside = '<div class="none">left out</div>'
    else:
        inside = f'<img src="{_data_uri(shot.image)}" alt="{escape(caption)}">'
    texts = [
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in (shot.texts if shot else ())
    ]
    listed = f"<dl>{''.join(texts)}</dl>" if texts else ""
    said = f"<figcaption>{escape(caption)}</figcaption>{listed}"
    return f'<figure class="{kind}">{inside}{said}</figure>\n'


def _data_uri(image: Image) -> str:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode('ascii')}"
