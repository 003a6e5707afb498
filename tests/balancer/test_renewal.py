"""Certificate and access log change with the configuration: all of it, or nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from balancer.admin.audit import AuditError, AuditTrail
from balancer.admin.change import Author, Change
from balancer.app import Balancer
from balancer.source import ConfigError
from tests.balancer.net.certificates import maker, setting
from tests.balancer.net.test_access_log import lines
from tests.balancer.test_app import free_port

pytestmark = pytest.mark.live

NOTE = (1.0, 1.0, 0.0, 0.0, b"r", b"\0" * 4, b"GET", b"/", "200", "ok", "auth", "auth-1", 0)


class Files:
    """A balancer that has not begun to serve, with real files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make = maker(folder)
        self.one, self.two = setting(make("one")), setting(make("two"))
        self.first = folder / "first.jsonl"
        self.audit = folder / "audit.jsonl"
        path = folder / "balancer.yaml"
        self._start = f"listen: 127.0.0.1:{free_port()}\n"
        path.write_text(self.text(self.one, self.first))
        self.balancer = Balancer(path, AuditTrail(self.audit), asyncio.get_running_loop())

    def text(self, tls: str, log: Path | None) -> str:
        """A configuration with these."""
        return (
            f"{self._start}{tls}routes: [{{pool: p}}]\n"
            'pools: [{name: p, endpoints: [{address: "127.0.0.1:9001"}]}]\n'
            + (f"access_log: {{path: {log}}}\n" if log else "")
        )

    def put(self, tls: str, log: Path | None) -> Change:
        """As SIGHUP and PUT /config do it."""
        return self.balancer.changes.put(self.text(tls, log), "test", Author("alice", "api"))

    def in_use(self) -> tuple[object, object, str]:
        """What new handshakes, new lines and new requests use."""
        proxy = self.balancer.proxy
        return self.balancer.listener.tls, proxy.access_log, proxy.table.hash

    def note(self) -> None:
        """An exchange has ended."""
        log = self.balancer.proxy.access_log
        assert log is not None
        log._waiting.append(NOTE)

    async def at_rest(self) -> None:
        """Until what was put away is closed."""
        while tasks := list(self.balancer.proxy._tasks):
            await asyncio.wait(tasks, timeout=5)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Files]:
    """A balancer with certificate one and an access log."""
    one = Files(tmp_path)
    yield one
    await one.at_rest()
    log = one.balancer.proxy.access_log
    if log is not None:
        log.close()


async def test_a_change_uses_all_of_the_new_files(files: Files) -> None:
    """And what the old access log still held goes to its file."""
    tls, _, _ = files.in_use()
    files.note()

    files.put(files.two, files.folder / "second.jsonl")
    files.note()
    files.put(files.two, None)
    await files.at_rest()

    assert files.in_use()[0] is not tls
    assert files.in_use()[1] is None
    assert len(lines(files.first)) == len(lines(files.folder / "second.jsonl")) == 1


async def test_the_same_text_again_renews_them_too(files: Files) -> None:
    """A rotated log and a renewed certificate keep their names."""
    tls, log, running = files.in_use()

    change = files.put(files.one, files.first)
    await files.at_rest()

    assert not change.changed
    assert files.in_use()[0] is not tls
    assert files.in_use()[1] is not log
    assert files.in_use()[2] == running


async def test_a_log_that_cannot_be_opened_leaves_the_certificate(files: Files) -> None:
    """The new certificate would fit, but the change is refused as a whole."""
    before = files.in_use()

    with pytest.raises(ConfigError, match=r"access_log.path: .*log: No such file or directory"):
        files.put(files.two, files.folder / "missing" / "log")

    assert files.in_use() == before


async def test_a_certificate_that_does_not_fit_leaves_the_log(files: Files) -> None:
    """No file is made for it either."""
    before, second = files.in_use(), files.folder / "second.jsonl"

    with pytest.raises(ConfigError, match=r"tls: .*PEM"):
        files.put(files.two.replace("two.key", "one.key"), second)

    assert files.in_use() == before
    assert not second.exists()


async def test_a_change_that_cannot_be_recorded_uses_none_of_them(files: Files) -> None:
    """The new log is closed again: an open file would warn here, and warnings are errors."""
    before = files.in_use()
    files.audit.unlink()
    files.audit.mkdir()

    with pytest.raises(AuditError):
        files.put(files.two, files.folder / "second.jsonl")

    assert files.in_use() == before


async def test_a_log_that_was_off_stays_off_if_it_cannot_be_opened(files: Files) -> None:
    """Going from none to one is refused like any other change."""
    files.put(files.one, None)
    before = files.in_use()

    with pytest.raises(ConfigError, match=r"access_log.path: .*Is a directory"):
        files.put(files.one, files.folder)

    assert files.in_use() == before
    assert before[1] is None
