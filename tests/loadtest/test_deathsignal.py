"""Children that die with their parent."""

import os
import signal
import subprocess
import sys

import pytest

from loadtest.account import unprivileged
from loadtest.deathsignal import dies_with_parent
from tests.loadtest.waiting import is_gone, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's"),
]

# A parent that starts a sleeper (as user argv[1], if given), says its pid, and waits for ever.
PARENT = """
import signal, subprocess, sys
from loadtest.deathsignal import dies_with_parent
user = int(sys.argv[1]) if sys.argv[1:] else None
child = subprocess.Popen(
    ["sleep", "600"], preexec_fn=dies_with_parent(signal.SIGKILL), start_new_session=True,
    user=user, group=user, extra_groups=None if user is None else [],
)
print(child.pid, flush=True)
signal.pause()
"""


def parent_and_child(*arguments: str) -> tuple["subprocess.Popen[str]", int]:
    """A parent process, and the pid of its child."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        return parent, int(said.readline())


def test_a_child_dies_when_its_parent_is_killed() -> None:
    """kill -9 of the parent gives it no chance to stop anything itself."""
    parent, child = parent_and_child()

    parent.kill()
    parent.wait(10)

    until(lambda: is_gone(child), "the child is gone")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start children as somebody else")
def test_a_child_that_runs_as_another_user_dies_too() -> None:
    """A change of user clears the wish; it must have been made afterwards."""
    account = unprivileged()
    assert account is not None
    parent, child = parent_and_child(str(account.uid))

    parent.kill()
    parent.wait(10)

    until(lambda: is_gone(child), "the child is gone")


def test_a_child_whose_parent_went_before_it_could_ask_ends_itself() -> None:
    """Between the fork and the wish the parent may die: the wish would then never be granted."""
    ask = dies_with_parent(signal.SIGKILL)
    assert ask is not None
    middle = os.fork()
    if middle == 0:  # its child has another parent than the one that `ask` remembers
        if os.fork() == 0:
            ask()
            os._exit(7)  # not reached: it has killed itself
        _, status = os.wait()
        os._exit(0 if os.WTERMSIG(status) == signal.SIGKILL else 1)

    _, status = os.waitpid(middle, 0)

    assert os.waitstatus_to_exitcode(status) == 0
