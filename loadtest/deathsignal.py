"""A child that dies with its parent, even when the parent is killed with SIGKILL (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


def dies_with_parent(death: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that asks the kernel to send `death` when the starting thread ends.

    None where the system has no such wish (anything but Linux): there a runner that is killed
    with SIGKILL leaves its children. Three traps, from prctl(2):

    - a change of user clears the wish, so it must be made after it; `subprocess` calls
      `preexec_fn` after its own `user=`, which is the right order;
    - the parent may have died between the fork and the wish, so the child compares parents;
    - it is the *thread* that counts: start children from a thread that lives as long as they may.
    """
    if sys.platform != "linux":
        return None
    # Loaded before the fork: a forked child of a threaded parent should do as little as it can.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        if prctl(PR_SET_PDEATHSIG, int(death), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) refused")
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
