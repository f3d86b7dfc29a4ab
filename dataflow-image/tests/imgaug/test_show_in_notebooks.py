"""A sheet is displayed by a notebook that knows nothing of us."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

TIMEOUT_S = 60
CELL = """
import numpy as np
from dataflow_core import BatchData, DataFromList
from dataflow_image import AugmentImageComponent, imgaug

red = [np.full((30, 40, 3), (0, 0, 255), np.uint8)]
df = AugmentImageComponent(DataFromList([red] * 6, shuffle=False), [imgaug.Flip(horiz=True)])
[images] = next(iter(BatchData(df, 6)))
imgaug.show(images, columns=3, side=40)
"""


@pytest.fixture
def kernel() -> Iterator[Any]:
    pytest.importorskip("ipykernel")
    manager = pytest.importorskip("jupyter_client.manager")
    running, client = manager.start_new_kernel(kernel_name="python3", startup_timeout=TIMEOUT_S)
    try:
        yield client
    finally:
        client.stop_channels()
        running.shutdown_kernel(now=True)


@pytest.mark.filterwarnings("default")  # those of the notebook's own libraries
def test_a_cell_that_ends_with_show_displays_a_picture(kernel: Any) -> None:
    results: list[dict[str, Any]] = []

    def keep(message: dict[str, Any]) -> None:
        if message["msg_type"] in ("execute_result", "error"):
            results.append(message["content"])

    kernel.execute_interactive(CELL, timeout=TIMEOUT_S, output_hook=keep)
    [result] = results
    assert "data" in result, result
    assert result["data"]["text/plain"] == "<sheet of 80x120 pixels (h x w)>"
    png = base64.b64decode(result["data"]["image/png"])
    sheet = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert sheet.shape == (80, 120, 3)
    assert sheet[20, 20].tolist() == [0, 0, 255]
