"""Memory that datapoints let go of is there for the next ones."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PAGES = """
import resource
import numpy as np
from dataflow_core import DataFromList

def images(dp):
    made = [np.ones(600_000, np.uint8) for _ in range(4)]
    return [int(sum(image[0] for image in made))]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

with DataFromList([[n] for n in range(100)]).map(images) as flow:
    list(flow)
    before = faults()
    list(flow)
    print((faults() - before) / 100)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators do as they like")
def test_images_that_come_and_go_take_no_new_pages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PAGES], capture_output=True, text=True, timeout=120, check=True
    )
    # Four of 147 pages each would be fetched anew for every datapoint.
    assert float(done.stdout) < 50
