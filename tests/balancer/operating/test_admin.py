"""Every verb of `evenhand admin`, as a process before a real balancer."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from balancer.admin.audit import verify
from balancer.operating import admin
from tests.balancer.operating.verbs import evenhand
from tests.balancer.test_app import BEARER, TOKEN, Running, etag

pytestmark = pytest.mark.live


async def served(running: Running, count: int) -> dict[str, int]:
    """How many of so many requests each endpoint gets."""
    running.served.clear()
    async with aiohttp.ClientSession() as http:
        for _ in range(count):
            async with http.get(running.url) as answer:
                assert answer.status == 200
    return {name: running.served.count(name) for name in ("auth-1", "auth-2")}


async def told(running: Running, *argv: str) -> dict[str, Any]:
    """A verb's answer as JSON; it must succeed."""
    ended = await evenhand(running, "admin", *argv, "--json")
    assert ended.code == 0, ended.err
    answer: dict[str, Any] = json.loads(ended.out)
    return answer


async def test_a_weight_counts_from_the_next_request_on_and_is_audited(running: Running) -> None:
    """A new hash, the difference in words, the token's name in the trail."""
    ended = await evenhand(running, "admin", "weight", "auth", "auth-1", "3")
    spread = await served(running, 8)
    config = await told(running, "config")
    entry = (await told(running, "audit"))["entries"][-1]

    assert ended.code == 0
    assert "pools.auth.endpoints.auth-1.weight: 1 → 3" in ended.out
    assert "auth/auth-1  75.0%" in ended.out
    assert spread == {"auth-1": 6, "auth-2": 2}
    assert config["text"] == running.text(weight=3)
    assert (entry["actor"], entry["to"], entry["outcome"]) == ("alice", config["hash"], "applied")
    assert entry["source"] == "api POST /pools/auth/endpoints/auth-1/weight"


async def test_a_drained_endpoint_gets_nothing_until_it_is_undrained(running: Running) -> None:
    """Both are changes of the configuration."""
    drained = await told(running, "drain", "auth", "auth-2")
    while_drained = await served(running, 4)
    undrained = await told(running, "undrain", "auth", "auth-2")

    assert drained["changed"]
    assert undrained["changed"]
    assert while_drained == {"auth-1": 4, "auth-2": 0}
    assert await served(running, 4) == {"auth-1": 2, "auth-2": 2}


async def test_an_ejected_endpoint_gets_nothing_until_it_is_readmitted(running: Running) -> None:
    """Audited, but no configuration: the hash stays."""
    before = (await told(running, "config"))["hash"]
    ejected = await told(running, "eject", "auth", "auth-1", "--for", "5m")
    while_out = await served(running, 4)
    table = (await told(running, "table"))["pools"][0]["endpoints"][0]
    words = await evenhand(running, "admin", "readmit", "auth", "auth-1")
    entries = (await told(running, "audit"))["entries"]

    assert ejected["ready"] == ["auth-2"]
    assert while_out == {"auth-1": 0, "auth-2": 4}
    assert table["ejected"]
    assert 290 < table["ejected_seconds"] <= 300
    assert words.out == "auth/auth-1: not ejected; ready: auth-1, auth-2\n"
    assert [one.get("action") for one in entries] == [None, "eject", "readmit"]
    assert (entries[1]["seconds"], entries[1]["endpoint"]) == (300.0, "auth-1")
    assert {one["to"] for one in entries} == {before}
    assert len(verify(running.audit.read_text().splitlines(), "audit")) == 3


async def test_a_denied_network_is_cut_off_until_it_is_allowed(running: Running) -> None:
    """Its connections are closed without an answer."""
    assert (await told(running, "deny", "127.0.0.0/8"))["changed"]
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(running.url)

    again = await evenhand(running, "admin", "deny", "127.0.0.0/8")
    assert (await told(running, "allow", "127.0.0.0/8"))["changed"]

    assert again.out.startswith("nothing to change")
    assert await served(running, 2) == {"auth-1": 1, "auth-2": 1}


async def test_a_preview_changes_nothing_and_leaves_no_trace(
    running: Running, tmp_path: Path
) -> None:
    """Shares before and after, the warnings that there would be; no audit entry."""
    path = tmp_path / "next.yaml"
    path.write_text(running.text(weight=16))

    ended = await evenhand(running, "admin", "preview", str(path))

    assert ended.code == 0
    assert "auth/auth-1  50.0% → 94.1%" in ended.out
    assert "warning: pool auth: auth-1 has weight 16" in ended.out
    assert (await told(running, "config"))["text"] == running.text()
    assert len((await told(running, "audit"))["entries"]) == 1


async def test_a_file_is_applied_and_a_wrong_one_is_told_with_its_place(
    running: Running, tmp_path: Path
) -> None:
    """Exit codes 0 and 1."""
    path, out = tmp_path / "next.yaml", tmp_path / "out.yaml"
    path.write_text(running.text(weight=3))
    applied = await evenhand(running, "admin", "apply", str(path))
    await evenhand(running, "admin", "config", "--out", str(out))
    path.write_text(running.text(weight=3).replace("endpoints", "endpoint"))
    wrong = [await evenhand(running, "admin", verb, str(path)) for verb in ("apply", "preview")]

    assert applied.code == 0
    assert out.read_text() == running.text(weight=3)
    for one in wrong:
        assert (one.code, one.out) == (1, "")
        assert "did you mean 'endpoints'?" in one.err
        assert "  6:5: pools[0].endpoint" in one.err


async def test_a_change_meant_for_another_configuration_is_refused(running: Running) -> None:
    """Of two who saw the same state the second is told to look again; for ejections, too."""
    seen = (await told(running, "config"))["hash"]
    first = await evenhand(
        running, "admin", "weight", "auth", "auth-1", "2", "--if-match", seen
    )  # fmt: skip
    stale = [
        await evenhand(running, "admin", *words, "--if-match", seen)
        for words in (("weight", "auth", "auth-1", "3"), ("eject", "auth", "auth-2"),
                      ("apply", str(running.path)))
    ]  # fmt: skip

    assert first.code == 0
    assert all(one.code == 1 and "412: the running configuration is" in one.err for one in stale)
    assert (await told(running, "config"))["text"] == running.text(weight=2)
    assert await served(running, 6) == {"auth-1": 4, "auth-2": 2}


async def test_changes_at_the_same_time_all_count(running: Running) -> None:
    """Without --if-match each edits what runs at its moment: none undoes another."""
    async with aiohttp.ClientSession(running.admin, headers=BEARER) as http:
        answers = await asyncio.gather(
            *(http.post("/deny", json={"network": f"10.{i}.0.0/16"}) for i in range(10)),
            http.post("/pools/auth/endpoints/auth-1/weight", json={"weight": 5}),
        )
        assert [answer.status for answer in answers] == [200] * 11
    config = await told(running, "config")

    assert all(f'"10.{i}.0.0/16"' in config["text"] for i in range(10))
    assert "weight: 5" in config["text"]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("drain", "auth", "auth-9"), 1, "404: no endpoint of pool auth is named 'auth-9'"),
        (("eject", "atuh", "auth-1"), 1, "404: no pool is named 'atuh'; there are: auth"),
        (("weight", "auth", "auth-1", "70000"), 1, "weight: input should be less than or equal"),
        (("weight", "auth", "auth-1", "many"), 2, "invalid int value"),
        (("eject", "auth", "auth-1", "--for", "soon"), 1, "write it like 500ms, 2s or 1m"),
        (("deny", "10.0.0.1/8"), 1, "has host bits set"),
        (("preview", "no-such.yaml"), 2, "no-such.yaml:1:1: cannot be read"),
        (("table", "--url", "http://127.0.0.1:1"), 2, "does not answer: connection refused"),
        (("table", "--url", "ftp://x"), 2, "write it like http://127.0.0.1:8081"),
        (("table", "--token-file", "no-such-file"), 2, "no such file"),
    ],
)
async def test_what_is_wrong_is_told_in_a_line(
    running: Running, argv: tuple[str, ...], code: int, said: str
) -> None:
    """1 when the balancer refuses, 2 when it could not be asked; nothing is changed."""
    ended = await evenhand(running, "admin", *argv)

    assert ended.code == code
    assert said in ended.err
    async with aiohttp.ClientSession() as http:
        assert await etag(http, running), "what runs is not what ran"


async def test_a_token_that_is_wrong_or_missing_is_told(running: Running, tmp_path: Path) -> None:
    """From the environment, or from a file, never from the command line."""
    held = tmp_path / "token"
    held.write_text(f"{TOKEN}\n")

    missing = await evenhand(running, "admin", "table", token="")
    wrong = await evenhand(running, "admin", "table", token="guessed")
    from_file = await evenhand(running, "admin", "table", "--token-file", str(held), token="")

    assert (missing.code, wrong.code, from_file.code) == (1, 1, 0)
    assert "401: send Authorization: Bearer TOKEN" in missing.err
    assert "401: this token is not known here" in wrong.err
    assert "auth-2" in from_file.out


async def test_the_trail_is_verified_live_and_in_its_file(running: Running, tmp_path: Path) -> None:
    """One octet that was changed, an entry that is gone: exit code 1 and the place."""
    await told(running, "weight", "auth", "auth-1", "3")
    live = await told(running, "audit", "--verify")
    file = await told(running, "audit", "--verify", str(running.audit))
    lines = running.audit.read_text().splitlines()
    doctored, shortened = tmp_path / "doctored.jsonl", tmp_path / "shortened.jsonl"
    doctored.write_text("\n".join([lines[0], lines[1].replace("alice", "bob")]))
    shortened.write_text(lines[1])

    broken = [
        await evenhand(running, "admin", "audit", "--verify", str(path))
        for path in (doctored, shortened)
    ]
    words = await evenhand(running, "admin", "audit", "--last", "1")
    wrong = await evenhand(running, "admin", "audit", "--last", "-1")

    assert live["entries"] == 2
    assert live["head"] == file["head"]
    assert [one.code for one in broken] == [1, 1]
    assert "doctored.jsonl:2: the chain is broken" in broken[0].err
    assert "shortened.jsonl:1: the chain is broken" in broken[1].err
    assert "alice" in words.out
    assert "operator" not in words.out
    assert "(1 earlier: --last all)" in words.out
    assert wrong.code == 2


def test_an_argument_too_many_is_told_with_the_verbs_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So that the flag that was meant stands there."""
    with pytest.raises(SystemExit) as ended:
        admin.main(["eject", "auth", "auth-3", "10s"])

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "--for" in told
    assert "not understood: 10s" in told
