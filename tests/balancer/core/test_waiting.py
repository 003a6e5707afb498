"""A pool's queue: first in first out, bounded, and nobody who has left takes a turn."""

from dataclasses import dataclass

from balancer.core.waiting import Waiting


@dataclass(eq=False)
class One:
    """Somebody who waits."""

    done: bool = False


def test_first_in_first_out_and_no_more_than_so_many() -> None:
    """The third finds it full, and is counted."""
    waiting: Waiting[One] = Waiting(2)
    a, b, c = One(), One(), One()

    taken = [waiting.offer(one) for one in (a, b, c)]
    first = waiting.first()
    waiting.take()

    assert taken == [True, True, False]
    assert first is a
    assert waiting.first() is b
    assert (waiting.live, waiting.refused) == (1, 1)


def test_who_gave_up_is_stepped_over_and_leaves_room() -> None:
    """Its place in the count is free at once, its place in the line when its turn would come."""
    waiting: Waiting[One] = Waiting(2)
    a, b, c = One(), One(), One()
    waiting.offer(a)
    waiting.offer(b)

    a.done = True
    waiting.left()
    taken = waiting.offer(c)

    assert taken
    assert waiting.first() is b
    assert waiting.live == 2


def test_an_empty_queue_has_nobody() -> None:
    """And says so by its truth, which is what is asked for each request."""
    waiting: Waiting[One] = Waiting(2)

    assert waiting.first() is None
    assert waiting.live == 0
