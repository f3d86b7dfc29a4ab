"""One side of an honest pair, as a program: python honest.py send|receive ADDR OPTIONS-AS-JSON.

Prints one line of JSON: what the receiver got in each epoch, and the highest memory.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

from pairs import numbers

from dataflow_zmq import RemoteDataZMQ, send_dataflow_zmq

#: Without it, all is over before an attack has begun.
PAUSE_EVERY = 50

MAX_ADDRESSES_BYTES = 4 << 30


def main() -> None:
    role, addr, text = sys.argv[1:]
    options: dict[str, Any] = json.loads(text)
    size, epochs = options.pop("size"), options.pop("epochs")
    pause_s = options.pop("pause_s", 0.0)
    large_every = options.pop("large_every", 10)
    # Whatever goes wrong, it is this process that has no memory then, and not the machine.
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES_BYTES, MAX_ADDRESSES_BYTES))
    collected: list[list[int]] = []
    if role == "send":
        flow = numbers(size, large_every=large_every)
        send_dataflow_zmq(flow, addr, epochs=epochs, progress=False, **options)
    else:
        with RemoteDataZMQ(addr, **options) as remote:
            for _ in range(epochs):
                got = []
                for number, array in remote:
                    assert (array == number % 251).all()
                    got.append(number)
                    if number % PAUSE_EVERY == 0:
                        time.sleep(pause_s)
                collected.append(got)
    sys.stdout.write(json.dumps({"epochs": collected, "peak_bytes": peak_bytes()}) + "\n")


def peak_bytes() -> int:
    """Return the most memory that this process has had.

    Not what getrusage() tells, which a process inherits from the one that started it.
    """
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) * 1024


if __name__ == "__main__":
    main()
