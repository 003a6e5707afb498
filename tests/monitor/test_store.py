"""The store forgets by time and by number, and never lies about either."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.store import Store
from monitor.values import Labels


def named(name: str, **labels: str) -> Labels:
    return tuple(sorted({"__name__": name, **labels}.items()))


def everything(store: Store) -> list[tuple[Labels, int]]:
    return [(s.labels, at) for s in store.select(None, lambda _: True) for at, _ in s.samples]


def test_old_samples_go_when_new_ones_come() -> None:
    """Retention is measured from the newest sample; an emptied series is forgotten."""
    store = Store(retention_ms=1000, max_samples=100)
    store.append(named("a"), 0, 1.0)
    store.append(named("b"), 500, 1.0)

    store.append(named("b"), 1400, 2.0)

    assert everything(store) == [(named("b"), 500), (named("b"), 1400)]
    assert (store.series_count, store.sample_count, store.evicted) == (1, 2, 0)


def test_a_full_store_forgets_the_oldest_and_counts_it() -> None:
    """A flood of series cannot grow the process: the bound holds, and is told."""
    store = Store(retention_ms=10**9, max_samples=10)

    for i in range(25):
        store.append(named("flood", i=str(i)), i, 1.0)

    assert store.sample_count == 10
    assert store.evicted == 15
    assert [at for _, at in everything(store)] == list(range(15, 25))


def test_a_sample_from_the_past_is_left_out_and_counted() -> None:
    """Time runs forward within a series."""
    store = Store(10**6, 100)
    store.append(named("a"), 1000, 1.0)

    store.append(named("a"), 1000, 2.0)
    store.append(named("a"), 900, 2.0)

    assert store.out_of_order == 2
    assert everything(store) == [(named("a"), 1000)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400)), max_size=60))
def test_the_bounds_hold_after_every_append(steps: list[tuple[int, int]]) -> None:
    """Whatever comes in which order: number, age and index agree."""
    store, now = Store(retention_ms=1000, max_samples=12), 0
    for series, pause in steps:
        now += pause
        store.append(named("m", i=str(series)), now, 0.0)

        held = everything(store)
        assert len(held) == store.sample_count <= 12
        assert store.series_count == len({labels for labels, _ in held})
        assert all(at >= now - 1000 for _, at in held)
