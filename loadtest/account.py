"""Which user of this machine a part runs as. Postgres refuses root, and so do we for it."""

import os
import pwd
from pathlib import Path
from typing import NamedTuple


class Account(NamedTuple):
    """A user of this machine, with no groups but its own."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can reach what lies in `folder`: search permission all the way up."""
        resolved = folder.resolve()
        return all(self._may_search(step) for step in (resolved, *resolved.parents))

    def _may_search(self, folder: Path) -> bool:
        state = folder.stat()
        if state.st_uid == self.uid:
            return bool(state.st_mode & 0o100)
        if state.st_gid == self.gid:
            return bool(state.st_mode & 0o010)
        return bool(state.st_mode & 0o001)


def unprivileged() -> Account | None:
    """The account for a part that must not be root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)
