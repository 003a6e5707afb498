"""The one thing that a Postgres killed with SIGKILL leaves in the kernel: 56 bytes, for ever.

Postgres marks a data directory as in use by a System V shared memory segment, which outlives
processes. It removes the segment however it ends, except by SIGKILL; a next start on the same
directory would reuse it, but ours is never started again.
"""

import ctypes
from pathlib import Path

IPC_RMID = 0  # from <sys/ipc.h>, the same on Linux and macOS
SEGMENT_LINE = (
    6  # of postmaster.pid, counted from 0: "key id"; miscadmin.h, LOCK_FILE_LINE_SHMEM_KEY
)


def remove_leftover(data: Path) -> None:
    """Remove the segment that the dead Postgres of this data directory left, if it left one.

    Its postmaster.pid, which an orderly end removes too, names the segment. Processes that are
    still attached keep it until they end.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if len(lines) <= SEGMENT_LINE or not lines[SEGMENT_LINE].strip():
        return  # it died before it had one
    _, segment = lines[SEGMENT_LINE].split()
    # A refusal means that the segment has gone already, which is all that is wanted.
    ctypes.CDLL(None).shmctl(int(segment), IPC_RMID, None)
