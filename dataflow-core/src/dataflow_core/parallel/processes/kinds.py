"""What parent and worker say to each other."""

from __future__ import annotations

#: Worker → parent: I have taken the part. Parent → worker, first: here it is.
READY = PART = 1
#: Worker → parent: I cannot run the part; the buffer says why.
BROKEN = 2
#: Parent → worker: a task. Worker → parent: its result.
TASK = RESULT = 3
#: Parent → worker: forget the tasks you have not begun.
CANCEL = 4
#: Parent → worker: end.
STOP = 5
