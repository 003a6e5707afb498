"""Supervision, tried on tiny real processes: start order, readiness, death, stopping."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.parts import Part
from loadtest.supervisor import PartFailed, Supervisor
from tests.loadtest.waiting import is_gone

pytestmark = pytest.mark.live

# Writes its name to the journal when it begins and when it is asked to end.
DIARIST = """
import signal, sys
name, journal = sys.argv[1:]
def write(word):
    with open(journal, "a") as file:
        file.write(f"{word} {name}\\n")
def end(*_):
    write("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
write("begin")
while True:
    signal.pause()
"""
STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""


def python(name: str, code: str, *arguments: str, after: tuple[str, ...] = ()) -> Part:
    """A job that runs a few lines of Python."""
    argv = (sys.executable, "-I", "-S", "-c", code, *arguments)
    return Part(name, argv, {"PATH": os.defpath}, after=after)


def when(condition: Callable[[], bool]) -> Callable[[], "asyncio.Future[bool]"]:
    """A readiness check from a plain condition."""

    def ready() -> "asyncio.Future[bool]":
        answer = asyncio.get_running_loop().create_future()
        answer.set_result(condition())
        return answer

    return ready


class Diary:
    """Parts that keep one journal together."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "journal"
        self._journal.touch()

    @property
    def lines(self) -> list[str]:
        return self._journal.read_text().splitlines()

    def part(self, name: str, *after: str) -> Part:
        job = python(name, DIARIST, name, str(self._journal), after=after)
        return replace(job, ready=when(lambda: f"begin {name}" in self.lines))


@asynccontextmanager
async def supervised(folder: Path, stages: Sequence[Sequence[Part]]) -> AsyncIterator[Supervisor]:
    """A supervisor that has not started yet and is stopped whatever happens."""
    supervisor = Supervisor(stages, folder, folder)
    try:
        yield supervisor
    finally:
        supervisor.kill()
        await supervisor.stop()


async def test_a_part_starts_once_those_it_needs_are_ready_and_stages_stop_in_reverse(
    tmp_path: Path,
) -> None:
    """The journal shows `after` when starting, and the stages backwards when stopping."""
    diary = Diary(tmp_path)
    stages = [
        [diary.part("first")],
        [diary.part("second", "first")],
        [diary.part("last", "second")],
    ]
    async with supervised(tmp_path, stages) as supervisor:
        await supervisor.start(within=10)
        pids = supervisor.pids

        await supervisor.stop()

    begins = ["begin first", "begin second", "begin last"]
    assert diary.lines == [*begins, "end last", "end second", "end first"]
    assert set(pids) == {"first", "second", "last"}
    assert all(is_gone(pid) for pid in pids.values())


async def test_a_job_holds_up_those_that_need_it_until_it_has_exited_with_0(
    tmp_path: Path,
) -> None:
    """What a job wrote is there when the next part starts, and its end is no death."""
    diary = Diary(tmp_path)
    made = tmp_path / "made"
    job = python("job", f"open({str(made)!r}, 'w').close()")
    seen: list[bool] = []

    async def look() -> None:
        seen.append(made.exists())

    needs_it = replace(diary.part("service", "job"), then=look)
    async with supervised(tmp_path, [[job], [needs_it]]) as supervisor:
        await supervisor.start(within=10)

        dying = asyncio.ensure_future(supervisor.died())
        await supervisor.stop()

        assert seen == [True]
        assert not dying.done()
        dying.cancel()


async def test_a_job_that_fails_is_named_with_its_status_and_last_words(tmp_path: Path) -> None:
    """Its dependents never start."""
    diary = Diary(tmp_path)
    job = python("job", "import sys; sys.exit('the disk is full')")
    async with supervised(tmp_path, [[job], [diary.part("service", "job")]]) as supervisor:
        with pytest.raises(PartFailed, match=r"job \(pid \d+\) exited with status 1") as failure:
            await supervisor.start(within=10)

    assert "the disk is full" in str(failure.value)
    assert diary.lines == []


async def test_a_part_that_dies_while_starting_ends_the_start_at_once(tmp_path: Path) -> None:
    """Nobody waits out the deadline for a process that has already gone."""
    never = replace(python("shy", "print('no such luck')"), ready=when(lambda: False))
    async with supervised(tmp_path, [[never]]) as supervisor:
        began = time.monotonic()
        with pytest.raises(PartFailed, match=r"shy .* exited with status 0.*\n.*no such luck"):
            await supervisor.start(within=30)

    assert time.monotonic() - began < 15


async def test_what_is_not_ready_in_time_is_named_and_so_is_what_waits_for_it(
    tmp_path: Path,
) -> None:
    """Both kinds of lateness are told apart: started and not ready, and never started."""
    diary = Diary(tmp_path)
    slow = replace(diary.part("slow"), ready=when(lambda: False))
    async with supervised(tmp_path, [[slow], [diary.part("next", "slow")]]) as supervisor:
        with pytest.raises(PartFailed) as failure:
            await supervisor.start(within=0.5)

    assert "slow was not ready within 0.5 s" in str(failure.value)
    assert "wait for it: next" in str(failure.value)


async def test_a_program_that_is_not_there_is_an_error_of_the_machine(tmp_path: Path) -> None:
    """OSError names the program."""
    missing = Part("ghost", (str(tmp_path / "ghost"),), {})
    async with supervised(tmp_path, [[missing]]) as supervisor:
        with pytest.raises(FileNotFoundError, match="ghost"):
            await supervisor.start(within=10)


async def test_a_killed_part_is_reported_with_its_signal_and_pid(tmp_path: Path) -> None:
    """`died` returns for kill -9, and the others are still there to be stopped."""
    diary = Diary(tmp_path)
    stages = [[diary.part("one")], [diary.part("two")]]
    async with supervised(tmp_path, stages) as supervisor:
        await supervisor.start(within=10)
        pid = supervisor.pids["one"]

        os.kill(pid, signal.SIGKILL)
        death = await asyncio.wait_for(supervisor.died(), 10)

        assert str(death).startswith(f"one (pid {pid}) was ended by SIGKILL (signal 9)")
        assert list(supervisor.pids) == ["two"]


async def test_a_part_that_is_deaf_to_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    """Stopping is bounded by the grace of each part."""
    log = tmp_path / "deaf.log"
    deaf = replace(
        python("deaf", STUBBORN),
        ready=when(lambda: log.exists() and "deaf" in log.read_text()),
        grace=0.2,
    )
    async with supervised(tmp_path, [[deaf]]) as supervisor:
        await supervisor.start(within=10)
        pid = supervisor.pids["deaf"]

        await asyncio.wait_for(supervisor.stop(), 10)

        assert is_gone(pid)


async def test_kill_cuts_short_a_stop_that_waits(tmp_path: Path) -> None:
    """The second Ctrl-C: even a part with a long grace goes at once."""
    log = tmp_path / "deaf.log"
    deaf = replace(
        python("deaf", STUBBORN),
        ready=when(lambda: log.exists() and "deaf" in log.read_text()),
        grace=60,
    )
    async with supervised(tmp_path, [[deaf]]) as supervisor:
        await supervisor.start(within=10)
        stopping = asyncio.ensure_future(supervisor.stop())
        done, _ = await asyncio.wait({stopping}, timeout=0.3)
        assert not done

        supervisor.kill()

        await asyncio.wait_for(stopping, 10)


async def test_a_part_gets_its_own_session_and_nothing_but_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal's Ctrl-C does not reach it, and neither does a secret that is not its own."""
    monkeypatch.setenv("SOMEBODY_ELSES_SECRET", "hush")
    job = python(
        "job",
        "import os; print(os.getsid(0) == os.getpid(), 'SOMEBODY_ELSES_SECRET' in os.environ)",
    )
    async with supervised(tmp_path, [[job]]) as supervisor:
        await supervisor.start(within=10)

    assert (tmp_path / "job.log").read_text() == "True False\n"


async def test_output_with_a_secret_goes_to_a_private_file_and_not_to_the_log(
    tmp_path: Path,
) -> None:
    """Only standard error is logged then; both files are for us alone."""
    code = "import sys; print('secret'); print('remark', file=sys.stderr)"
    job = replace(python("job", code), output=tmp_path / "out")
    async with supervised(tmp_path, [[job]]) as supervisor:
        await supervisor.start(within=10)

    assert (tmp_path / "out").read_text() == "secret\n"
    assert (tmp_path / "job.log").read_text() == "remark\n"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
