"""What holds for the tests of all packages."""

from __future__ import annotations

import signal

# What is started in the background by a shell is deaf to Ctrl-C, and so is all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
