"""Needs a library that is not there."""

from __future__ import annotations

import a_library_that_is_not_there  # noqa: F401

raise AssertionError("the import above must have failed")
