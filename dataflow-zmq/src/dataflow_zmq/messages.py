"""What parent and workers say to each other: the first frame of every message."""

from __future__ import annotations

#: Worker → parent: I am connected.
HELLO = b"hello"
#: Worker → parent: I cannot run the part; the second frame says why.
BROKEN = b"broken"
#: Worker → parent: the frames that follow are a result.
RESULT = b"result"

#: Parent → worker: the second frame is the workers' part.
PART = b"part"
#: Parent → worker: the frames that follow are a task.
TASK = b"task"
#: Parent → worker: forget the tasks you have not begun.
CANCEL = b"cancel"
#: Parent → worker: end.
STOP = b"stop"
