"""What a genuine refresh token gets, case by case."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.renewal import GRACE, Held, Verdict, judge

END = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def held(generation: int, rotated_ago: timedelta | None, *, live: bool = True) -> Held:
    """A session as the database has it."""
    return Held(live, generation, rotated_ago, END, timedelta(minutes=15), b"")


@pytest.mark.parametrize(
    ("presented", "rotated_ago", "verdict"),
    [
        (7, timedelta(0), Verdict.ROTATE),
        (7, GRACE * 100, Verdict.ROTATE),
        (6, timedelta(0), Verdict.REPEAT),
        (6, GRACE, Verdict.REPEAT),
        (6, GRACE + MOMENT, Verdict.REUSE),
        (5, timedelta(0), Verdict.REUSE),
        (8, timedelta(0), Verdict.GONE),
    ],
)
def test_only_the_immediate_predecessor_has_grace(
    presented: int, rotated_ago: timedelta, verdict: Verdict
) -> None:
    """A session is at generation 7, and got there a while ago."""
    assert judge(presented, held(7, rotated_ago)) is verdict


def test_the_first_token_rotates() -> None:
    """Nothing was rotated before it."""
    assert judge(0, held(0, None)) is Verdict.ROTATE


@given(st.integers(0, 9), st.integers(0, 9), st.timedeltas(timedelta(0), GRACE * 3))
def test_nothing_wakes_a_dead_session(presented: int, generation: int, ago: timedelta) -> None:
    """Nor one that was never there; and neither counts as reuse a second time."""
    assert judge(presented, held(generation, ago, live=False)) is Verdict.GONE
    assert judge(presented, None) is Verdict.GONE


@given(st.integers(0, 9), st.integers(0, 9), st.timedeltas(timedelta(0), GRACE * 3), st.data())
def test_reuse_stays_reuse(
    presented: int, generation: int, ago: timedelta, data: st.DataObject
) -> None:
    """Whatever happens between reading and writing: time and generations only grow."""
    if judge(presented, held(generation, ago)) is Verdict.REUSE:
        rotations, later = data.draw(st.integers(0, 3)), data.draw(st.timedeltas(timedelta(0)))
        since = later if rotations else ago + min(later, timedelta(days=1))
        assert judge(presented, held(generation + rotations, since)) is Verdict.REUSE
