"""How far workers may be ahead of the consumer."""

from __future__ import annotations

#: A worker has at least so many tasks: the one it runs, and the next, so that it never waits.
LEAST_EACH = 2

#: Beyond those that workers run or have next: so many more wait for them, or for the consumer.
SPARE_TASKS = 2

#: A consumer that shares its core with a worker may have to wait so long for its turn (Linux's
#: slice is about 3 ms), and until it has it, it can give nobody a new task.
TURN_SECONDS = 4e-3

#: A consumer that got so many results without waiting for one is slower than the workers; what they
#: are ahead of it by is only memory.
WAITS_AGAIN = 16

#: What tasks take is the longest of late; one that took longer counts for less with every other.
FORGOTTEN = 0.9


class Ahead:
    """How many tasks a worker should have at once, by what tasks turn out to take.

    Attributes:
        each: that many; as few as keep it busy while the consumer waits for its turn.

    Example:
        >>> ahead = Ahead()
        >>> ahead.each
        2
        >>> ahead.learn(1e-3)
        >>> ahead.each
        4
    """

    def __init__(self) -> None:
        self.each = LEAST_EACH
        self._seconds = 0.0

    def learn(self, seconds: float) -> None:
        """Take note of what a task took."""
        kept = FORGOTTEN * self._seconds
        self._seconds = longest = max(kept, seconds)
        # No more than that, however short they are: they would have to be run again.
        self.each = LEAST_EACH + (longest < TURN_SECONDS) + (2 * longest < TURN_SECONDS)


class Window:
    """Bounds on what is under way in a run.

    Args:
        num_workers: of the pool.
        max_in_flight: datapoints that may be under way, groups counting as one; None: as many
            tasks as keep all workers busy.

    Attributes:
        largest_task: datapoints in a task, or groups where there is a grouping.
    """

    def __init__(self, num_workers: int, max_in_flight: int | None = None) -> None:
        self._num_workers = num_workers
        self._fixed: int | None = None
        self._ahead = Ahead()
        self._since_waiting = 0
        self.largest_task = 1 << 30
        if max_in_flight is not None:
            self._fixed = min(num_workers + SPARE_TASKS, max_in_flight)
            self.largest_task = max_in_flight // self._fixed

    @property
    def tasks(self) -> int:
        """How many may be in flight or waiting to be consumed."""
        if self._fixed is not None:
            return self._fixed
        each = self._ahead.each if self._since_waiting < WAITS_AGAIN else LEAST_EACH
        return self._num_workers * (each - 1) + SPARE_TASKS

    def learn(self, seconds: float) -> None:
        """Take note of what a task took."""
        self._ahead.learn(seconds)

    def handed_out(self, *, waited: bool) -> None:
        """Take note that the consumer got a result, and whether it had to wait for it."""
        self._since_waiting = 0 if waited else self._since_waiting + 1
