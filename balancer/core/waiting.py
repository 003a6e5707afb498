"""A pool's queue: exchanges that wait because every endpoint carries as much as it may."""

from collections import deque
from typing import Generic, Protocol, TypeVar


class Waiter(Protocol):
    """What waits."""

    @property
    def done(self) -> bool:
        """Whether it has given up meanwhile: its client has gone, or its time is over."""
        ...


One = TypeVar("One", bound=Waiter)


class Waiting(Generic[One]):
    """First in, first out, and no more than so many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._queue: deque[One] = deque()
        self.live = 0
        """How many wait and have not given up."""
        self.refused = 0
        """How many found it full."""

    def offer(self, one: One) -> bool:
        """Let it wait; False if the queue is full."""
        if self.live >= self.most:
            self.refused += 1
            return False
        self._queue.append(one)
        self.live += 1
        return True

    def first(self) -> One | None:
        """Who has waited longest and still does."""
        while self._queue and self._queue[0].done:
            self._queue.popleft()
        return self._queue[0] if self._queue else None

    def take(self) -> None:
        """The first one's turn has come."""
        self._queue.popleft()
        self.live -= 1

    def left(self) -> None:
        """One that waited has given up; it is stepped over when its turn comes."""
        self.live -= 1
