"""The stack as an object: what a scenario runner holds in its hand."""

import os
import shutil
import signal

import pytest

from loadtest import postgres, readiness
from loadtest.metrics import total
from loadtest.parts import how_it_ended
from loadtest.stack import CANNOT_START, Stack, StackOptions
from tests.loadtest.waiting import is_gone, until, unused_base, unused_port

live = pytest.mark.live


@live
async def test_a_stack_has_the_weights_asked_for_names_who_died_and_stops_without_a_trace() -> None:
    """Two instances, one of them hot; the other one is killed."""
    base = unused_base(instances=2)
    options = StackOptions(
        port_base=base, instances=2, weights={"auth-2": 3}, users=5, database_url=None
    )
    said: list[str] = []
    stack = Stack(options, said.append)
    await stack.start()
    try:
        metrics = await readiness.get(f"{stack.addresses['balancer admin']}/metrics")
        pids = stack.pids
        os.kill(pids["auth-1"], signal.SIGKILL)
        death = await stack.died()
    finally:
        await stack.stop()

    assert death.startswith(
        f"auth-1 (pid {pids['auth-1']}) was ended by SIGKILL (signal 9); the end of "
    )
    assert metrics is not None
    for name, share in {"auth-1": 0.25, "auth-2": 0.75}.items():
        assert total(metrics, "lb_endpoint_expected_share", endpoint=name) == share
    assert set(pids) == {"postgres", "auth-1", "auth-2", "balancer", "monitor"}
    assert stack.users == [f"user{n:04d}" for n in range(1, 6)]
    assert said[0] == "initdb done"
    assert said[-1] == "monitor ready"
    assert not stack.run_dir.exists()
    assert all(is_gone(pid) for pid in pids.values())


@live
async def test_a_database_of_your_own_is_used_and_no_other_started() -> None:
    """DATABASE_URL: nothing listens on B+3, and stopping leaves your database running."""
    async with postgres.running(unused_port()) as yours:
        options = StackOptions(
            port_base=unused_base(), instances=1, users=1, database_url=yours.url, keep=True
        )
        stack = Stack(options)
        await stack.start()
        pids = stack.pids
        await stack.stop()

        assert set(pids) == {"auth-1", "balancer", "monitor"}
        await postgres.check(yours.url)
    kept = {path.name for path in (stack.run_dir / "logs").iterdir()}
    shutil.rmtree(stack.run_dir)
    assert kept == {f"{name}.log" for name in ("migrate", "seed", *pids)}


@live
async def test_a_stack_that_cannot_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Postgres programs: the run directory, made by then, is removed again."""
    monkeypatch.setenv("EVENHAND_PG_BIN", "/nonexistent")
    stack = Stack(StackOptions(port_base=unused_base(1), instances=1, database_url=None))

    with pytest.raises(CANNOT_START, match="EVENHAND_PG_BIN is /nonexistent"):
        await stack.start()

    until(lambda: not stack.run_dir.exists(), "the run directory is gone")


def test_the_balancer_is_ready_when_every_endpoint_is_up_and_there_is_one() -> None:
    """One that has not been probed yet would be answered with 503."""

    def page(*up: int) -> str:
        return "".join(f'lb_endpoint_up{{endpoint="auth-{i}"}} {one}\n' for i, one in enumerate(up))

    assert readiness.all_up(page(1, 1))
    assert not readiness.all_up(page(1, 0))
    assert not readiness.all_up(page())


def test_an_end_is_told_in_words() -> None:
    """Status and signal are told apart; a signal without a name has its number."""
    assert how_it_ended(3) == "exited with status 3"
    assert how_it_ended(-15) == "was ended by SIGTERM (signal 15)"
    assert how_it_ended(-35) == "was ended by a signal (signal 35)"
