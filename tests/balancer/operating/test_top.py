"""`evenhand top` in a real terminal (a pty), without one, and its page by itself."""

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from balancer.operating import crowd, screen
from balancer.operating.client import printable
from tests.balancer.operating.verbs import evenhand
from tests.balancer.test_app import BEARER, TOKEN, Running

live = pytest.mark.live


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    """An endpoint as `GET /table` shows it."""
    recent = {
        "rate": 25.6, "share": 0.8, "failing_share": 0.0, "abandoned_share": 0.55, "mean": 1.5,
        "p50": 0.104, "p99": 1.99,
    }  # fmt: skip
    return {
        "name": name, "weight": 1, "state": "active", "healthy": True, "ejected": False,
        "ejected_seconds": 0.0, "warming": False, "in_flight": 31, "expected_share": 0.2, **more,
        "recent": recent | more.get("recent", {}),
    }  # fmt: skip


NOTHING = dict.fromkeys(
    ("share", "failing_share", "abandoned_share", "mean", "p50", "p99"), None
) | {"rate": 0.0}


def pool(*endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A table of one pool."""
    one = {"name": "auth", "algorithm": "round_robin", "ready": len(endpoints), "panic": False,
           "queue": 3, "endpoints": list(endpoints), **more}  # fmt: skip
    return {"hash": "ab", "pools": [one], "warnings": ["are they in one unit?"]}


def drawn(
    table: dict[str, Any], width: int = 120, *, plain: bool = False, color: bool = False
) -> str:
    """The page as a terminal of that width gets it."""
    console = Console(width=width, force_terminal=color, color_system="standard" if color else None)
    with console.capture() as captured:
        console.print(screen.page(table, width, plain=plain))
    return captured.get()


def test_a_skewed_share_is_seen_at_a_glance() -> None:
    """Its bar, the mark where it is meant to end, four times the even share, in red."""
    rest = {"share": 0.05, "abandoned_share": 0.0}
    table = pool(
        endpoint("auth-1", weight=16), *(endpoint(f"auth-{i}", recent=rest) for i in range(2, 6))
    )
    lines = drawn(table).splitlines()
    colored = drawn(table, color=True).splitlines()

    assert re.search(
        r"auth-1 +█+│█+·+ +80% +20% +4\.0 +31 +25\.6 +0% +55% +1\.5s +2\.0s +16 +up", lines[2]
    )
    assert "\x1b[31m" in colored[2]
    assert "\x1b[31m" not in colored[3]
    assert "queue 3" in lines[0]
    assert lines[-1] == "warning: are they in one unit?"


def test_an_endpoint_without_traffic_has_no_numbers() -> None:
    """A dash is not a nought."""
    line = drawn(pool(endpoint("auth-1", recent=NOTHING))).splitlines()[2]

    assert line.count("–") == 6
    assert "█" not in line


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({}, "up"),
        ({"state": "drain", "healthy": False}, "drain"),
        ({"weight": 0}, "weight 0"),
        ({"healthy": False, "ejected": True}, "down"),
        ({"ejected": True, "ejected_seconds": 12.3}, "ejected 12s"),
        ({"warming": True}, "warming"),
    ],
)
def test_the_state_is_what_decides_whether_it_takes_attempts(
    more: dict[str, Any], word: str
) -> None:
    """The configuration comes before probes, and these before ejections."""
    assert screen.state(endpoint("auth-1", **more)).plain == word


def crowded(size: int) -> dict[str, Any]:
    """A pool of many that do nothing, but for three."""
    quiet = {"in_flight": 0, "expected_share": 1 / size, "recent": NOTHING | {"rate": 0.5}}
    odd: dict[str, dict[str, Any]] = {
        "e-7": {"in_flight": 90}, "e-50": {"healthy": False}, "e-60": {"expected_share": 0.4},
    }  # fmt: skip
    names = [f"e-{i}" for i in range(size)]
    return pool(*(endpoint(name, **(quiet | odd.get(name, {}))) for name in names))


def test_a_small_share_is_not_shown_as_nothing() -> None:
    """One of four hundred even ones is meant to get a quarter of a percent."""
    page = drawn(pool(endpoint("auth-1", expected_share=0.0025)))

    assert " 0.2%" in page


def test_of_more_endpoints_than_lines_the_worst_are_shown() -> None:
    """Not ready, then much in flight, then far off its share; and the sums of the others."""
    console = Console(width=120, height=9)
    with console.capture() as captured:
        console.print(screen.page(crowded(100), 120, height=8))
    lines = captured.get().splitlines()

    assert [line.split()[0] for line in lines[2:6]] == ["e-50", "e-7", "e-60", "e-0"]
    assert lines[6].rstrip() == (
        "and 96 more: 0% of attempts, 96% expected, 0 in flight, 48.0 req/s, 0 not ready"
    )
    assert len(lines) == 8


@pytest.mark.parametrize("skip", [0, 1, 50, 96, 500])
def test_scrolling_ends_with_the_last_endpoint(skip: int) -> None:
    """However far one scrolls, each line is filled; nobody is lost between shown and summed up."""
    table = crowded(100)
    (room,) = crowd.rooms(table, 120, 8)
    endpoints = table["pools"][0]["endpoints"]

    shown, others = crowd.chosen(endpoints, room, skip)

    assert crowd.furthest(table, 120, 8) == 96
    assert len(shown) == room - 1
    assert sorted(one["name"] for one in shown + others) == sorted(one["name"] for one in endpoints)
    assert (shown[-1]["name"] == "e-99") is (skip >= 96)


def test_small_pools_are_shown_whole_beside_a_large_one() -> None:
    """What a small pool does not need is the large one's; none gets less than two lines."""
    tables = [pool(*[endpoint(str(i)) for i in range(size)]) for size in (100, 3, 1, 100)]
    table = {"pools": [one["pools"][0] for one in tables]}

    assert crowd.rooms(table, 80, 40) == [14, 3, 1, 14]
    assert crowd.rooms(table, 80, 10) == [2, 2, 1, 2]
    assert crowd.rooms(table, 80, None) == [100, 3, 1, 100]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_it_fits_any_width(width: int) -> None:
    """Columns go before a line breaks; what tells of trouble stays."""
    page = drawn(pool(endpoint("auth-1"), endpoint("[2001:db8::1]:8443")), width)

    assert all(len(line) <= width for line in page.splitlines())
    assert len(page.splitlines()) == 5
    assert all(word in page for word in ("1.6", "80%" if width >= 80 else "", "up"))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """The bar, too."""
    page = drawn(pool(endpoint("auth-1", recent={"mean": None})), plain=True)

    assert "####" in page
    assert page.replace("–", "").isascii()


def test_what_a_configuration_says_cannot_steer_a_terminal() -> None:
    """Control characters are written out."""
    assert printable("a\x1b[2J\x9bb\u202ec\tü\n") == "a\\x1b[2J\\x9bb\\u202ec\tü\n"


@live
async def test_once_and_json_are_for_scripts(running: Running) -> None:
    """Counted shares of what was just sent; raw counters beside them."""
    async with aiohttp.ClientSession() as http:
        for _ in range(10):
            await (await http.get(running.url)).read()

    once = await evenhand(running, "top", "--once")
    piped = await evenhand(running, "top")
    one = json.loads((await evenhand(running, "top", "--json", "--once")).out)

    first = one["pools"][0]["endpoints"][0]
    assert re.search(r"auth-1 .* 50% +50% +1\.0 +0 .* up", once.out)
    assert "auth-2" in piped.out
    assert "\x1b" not in once.out
    assert (first["attempts"], first["finished"], first["failed"]) == (5, 5, 0)
    assert first["recent"]["share"] == 0.5
    assert 0 < first["recent"]["mean"] <= first["recent"]["p99"]


class Terminal:
    """`evenhand top` in a pty of its own."""

    def __init__(self, running: Running, rows: int = 24, columns: int = 100) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.seen = ""
        inherited = os.environ.items()
        environment = {name: value for name, value in inherited if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evenhand", "top", "--interval", "100ms"],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            env=environment | {
                "TERM": "xterm-256color", "EVENHAND_ADMIN_URL": running.admin,
                "EVENHAND_ADMIN_TOKEN": TOKEN,
            },
        )  # fmt: skip
        os.set_blocking(self.master, False)

    def resize(self, rows: int, columns: int) -> None:
        """As a window is pulled larger."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, key: bytes) -> None:
        """A key."""
        os.write(self.master, key)

    async def until(self, wanted: str, within: float = 15.0) -> None:
        """Read what it draws until this is there; forget what came before."""
        deadline = time.monotonic() + within
        while not re.search(wanted, self.seen):
            self.read()
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.seen[-2000:]!r}"
            await asyncio.sleep(0.02)

    def read(self) -> None:
        """What it has drawn by now."""
        try:
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        except BlockingIOError:
            return

    async def end(self) -> int:
        """Its exit code, once the screen and the keys are as they were."""
        code = await asyncio.wait_for(asyncio.to_thread(self.process.wait), 10)
        self.read()
        assert "\x1b[?1049l" in self.seen, "the screen before is not back"
        assert self.seen.rindex("\x1b[?25h") > self.seen.rindex("\x1b[?25l"), "no cursor"
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)
        return code


@live
@pytest.mark.parametrize("way", ["q", "ctrl-c", "sigterm"])
async def test_it_ends_cleanly(running: Running, way: str) -> None:
    """By q, by Ctrl-C, by SIGTERM: the terminal is as it was, the exit code 0."""
    terminal = Terminal(running)
    await terminal.until("auth-2.*up")

    if way == "q":
        terminal.press(b"xq")
    else:
        terminal.process.send_signal(signal.SIGINT if way == "ctrl-c" else signal.SIGTERM)

    assert await terminal.end() == 0


@live
async def test_keys_scroll_where_there_are_more_endpoints_than_lines(running: Running) -> None:
    """Two lines for three endpoints: one of them and what the others are."""
    text = running.text() + '      - {name: auth-3, address: "127.0.0.1:1"}\n'
    async with aiohttp.ClientSession(headers=BEARER) as http:
        match = (await http.get(f"{running.admin}/config")).headers["ETag"]
        put = await http.put(f"{running.admin}/config", data=text, headers={"If-Match": match})
        assert put.status == 200, await put.text()
    terminal = Terminal(running, rows=6)
    await terminal.until("auth-1.*up")
    await terminal.until("and 2 more")
    begun = terminal.seen

    for key, there in (
        (b"j", 2), (b"k", 1), (b"\x1b[B", 2), (b"\x1b[A", 1), (b"\x1b[6~", 3), (b"\x1b[5~", 1)
    ):  # fmt: skip
        terminal.seen = ""
        terminal.press(key)
        await terminal.until(f"auth-{there}.*up")
    terminal.seen = begun + terminal.seen

    terminal.press(b"q")
    assert await terminal.end() == 0


@live
async def test_it_follows_the_window_and_a_balancer_that_goes(running: Running) -> None:
    """More columns when there is room; when nobody answers it says so, and asks again."""
    terminal = Terminal(running, columns=70)
    await terminal.until("auth-2.*up")
    assert "mean" not in terminal.seen

    terminal.resize(24, 140)
    await terminal.until("mean")
    running.process.kill()
    await terminal.until("does not answer")

    terminal.press(b"q")
    assert await terminal.end() == 0
