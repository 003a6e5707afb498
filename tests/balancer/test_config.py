"""The configuration file: what works as written, and what each mistake is told."""

from pathlib import Path

import pytest

from balancer import config, fields
from balancer.fields import Address
from balancer.source import ConfigError
from tests.balancer.configs import GOOD


def problems(text: str) -> list[str]:
    """The lines that a wrong configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "b.yaml")
    return caught.value.lines()


def test_the_documented_shape_works_as_written() -> None:
    """The file of the README: names, default weight, drain, health."""
    parsed = config.parse(GOOD)

    pool = parsed.pools[0]
    assert parsed.listen == Address("127.0.0.1", 8080)
    assert [one.label for one in pool.endpoints] == ["auth-1", "127.0.0.1:9002", "127.0.0.1:9003"]
    assert [one.weight for one in pool.endpoints] == [1, 1, 1]
    assert pool.endpoints[2].state == "drain"
    assert pool.health is not None
    assert (pool.health.interval, pool.health.rise, pool.health.fall) == (2.0, 2, 3)


def test_admin_health_and_algorithm_may_be_left_out() -> None:
    """No admin listener, no probes, round robin."""
    parsed = config.parse(
        "listen: 127.0.0.1:80\nroutes: [{pool: p}]\n"
        'pools: [{name: p, endpoints: [{address: "h:1"}]}]\n'
    )

    assert parsed.admin is None
    assert parsed.pools[0].health is None
    assert parsed.pools[0].algorithm == "round_robin"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("algorithm:", "algoritm:", "b.yaml:7:5: pools[0].algoritm: unknown key 'algoritm'; "
         "did you mean 'algorithm'?"),
        ("health:", "checks:", "b.yaml:12:5: pools[0].checks: unknown key 'checks'; "
         "known here: name, algorithm, endpoints, key, "),
        ("round_robin", "roundrobin", "b.yaml:7:5: pools[0].algorithm: no algorithm 'roundrobin'; "
         "did you mean 'round_robin'? there are: round_robin, random, "),
        ("pool: auth", "pool: auht", "b.yaml:4:17: routes[0].pool: no pool 'auht'; there are"),
        ("weight: 1}", "weight: heavy}", "b.yaml:9:51: pools[0].endpoints[0].weight: "
         "input should be a valid integer, not 'heavy'"),
        ("weight: 1}", "weight: -1}", "b.yaml:9:51: pools[0].endpoints[0].weight: "
         "input should be greater than or equal to 0, not -1"),
        ("9002", "90002", "b.yaml:10:10: pools[0].endpoints[1].address: port 90002 does not exist; "
         "ports go from 1 to 65535"),
        ("9002", "9001", "b.yaml:10:10: pools[0].endpoints[1].address: 127.0.0.1:9001 is in this "
         "pool already; give one endpoint a higher weight"),
        ("interval: 2s", "interval: 2h", "b.yaml:12:29: pools[0].health.interval: '2h' is no "
         "duration; write it like 500ms, 2s or 1m"),
        ("listen: 127.0.0.1:8080", "listen: 8080", "b.yaml:1:1: listen: '8080' is no address; "
         "write host:port, like 127.0.0.1:8080"),
        ("127.0.0.1:8081", "127.0.0.1:8080", "b.yaml:2:9: admin.listen: the same as listen; "
         "give the admin listener its own port"),
        ("state: drain", "state: drained", "b.yaml:11:37: pools[0].endpoints[2].state: "
         "input should be 'active' or 'drain', not 'drained'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_its_cure(old: str, new: str, expected: str) -> None:
    """File, line, column, field; what is wrong; what would do instead."""
    found = problems(GOOD.replace(old, new))

    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody should have to fix and retry five times."""
    assert (
        len(problems(GOOD.replace("weight: 1}", "weight: x}").replace("rise: 2", "rise: 0"))) == 2
    )


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    """A missing file, a folder and a binary each get one line."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "missing.yaml", tmp_path, binary):
        with pytest.raises(ConfigError, match="cannot be read"):
            config.load(path)


@pytest.mark.parametrize(
    ("text", "expected"), [("500ms", 0.5), ("2s", 2.0), ("1.5s", 1.5), ("1m", 60.0), (3, 3.0)]
)
def test_durations(text: object, expected: float) -> None:
    """With a unit, or a plain number of seconds."""
    assert fields.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "2", "2 s", "-1s", "0s", "61m", "nan", True, None])
def test_what_is_no_duration(text: object) -> None:
    """A number in a string has no unit, and nothing may wait for ever."""
    with pytest.raises(ValueError, match=r"duration|range"):
        fields.seconds(text)


def test_addresses() -> None:
    """Names, IPv4 and bracketed IPv6, printed as they are written."""
    for text in ("127.0.0.1:80", "[::1]:80", "auth-1:9000"):
        assert str(fields.address(text)) == text


def test_dangerous_but_legal_settings_are_warned_about_not_refused() -> None:
    """The outage must stay reproducible: weight 16 among ones is applied, and told."""
    hot = config.parse(GOOD.replace("weight: 1}", "weight: 16}"))

    (warning,) = config.warnings(hot)

    assert "auth-1 has weight 16" in warning
    assert "94%" in warning
    assert config.warnings(config.parse(GOOD)) == []


def test_a_pool_without_traffic_is_warned_about() -> None:
    """Everything drained is legal, and worth a word."""
    text = GOOD.replace("weight: 1}", "weight: 0}").replace('9002"}', '9002", weight: 0}')

    assert "every request gets 503" in config.warnings(config.parse(text))[0]
