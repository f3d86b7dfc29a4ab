"""What a pool and its worker processes say to each other."""

from __future__ import annotations

#: Worker → pool: I am here. Only where the pool cannot speak first.
HELLO = 0
#: Pool → worker: here is what you run. Worker → pool: I am ready to.
PART = READY = 1
#: Worker → pool: I cannot run the part; the buffer says why.
BROKEN = 2
#: Pool → worker: a task. Worker → pool: its result.
TASK = RESULT = 3
#: Worker → pool: the task whose turn it was cannot be unpickled here; the buffer says why.
UNREADABLE = 4
#: Pool → worker: forget the tasks you have not begun.
CANCEL = 5
#: Pool → worker: end.
STOP = 6
