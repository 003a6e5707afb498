"""The stack as data: what each part is told, and what it is not."""

import hashlib
from pathlib import Path

import pytest
import yaml

from loadtest import blueprint
from loadtest.blueprint import Files, StackOptions
from loadtest.parts import Part

FILES = Files(Path("/run/b.yaml"), Path("/run/audit"), Path("/run/pepper"), Path("/run/seeded"))
URL = "postgresql://evenhand:hush@127.0.0.1:8083/evenhand"


def by_name(options: StackOptions) -> dict[str, Part]:
    """Every part of a stack with its own Postgres."""
    stages = blueprint.parts(options, FILES, URL, ("postgres",))
    return {part.name: part for stage in stages for part in stage}


def following(part: Part, flag: str) -> list[str]:
    """Every value that a part is given for `flag`."""
    words = part.argv
    return [words[i + 1] for i, word in enumerate(words) if word == flag]


def test_instances_get_their_names_ports_and_the_capacity_that_was_asked_for() -> None:
    """The outage's settings, for the third instance of a stack at 9000."""
    options = StackOptions(
        port_base=9000, hash_queue="unbounded", abandoned="finish", hash_seconds=0.05
    )

    third = by_name(options)["auth-3"]

    flags = ("--name", "--listen", "--private", "--hash-queue", "--abandoned", "--hash-seconds")
    values = ["auth-3", "127.0.0.1:9013", "127.0.0.1:9023", "unbounded", "finish", "0.05"]
    assert [following(third, flag) for flag in flags] == [[value] for value in values]
    assert following(third, "--profile") == ["lab"]
    assert following(third, "--trust") == ["127.0.0.1/32"]  # the balancer says who the client is
    assert options.capacity == 20


def test_the_monitor_scrapes_the_balancer_and_every_instance_on_its_private_port() -> None:
    """Jobs and instances are named as the alert rules expect."""
    monitor = by_name(StackOptions(instances=2, compress=12))["monitor"]

    assert following(monitor, "--target") == [
        "balancer/balancer=http://127.0.0.1:8081/metrics",
        "authsvc/auth-1=http://127.0.0.1:8101/metrics",
        "authsvc/auth-2=http://127.0.0.1:8102/metrics",
    ]
    assert following(monitor, "--compress") == ["12"]


def test_secrets_reach_only_the_parts_that_need_them_and_never_by_command_line() -> None:
    """Balancer and monitor know neither database nor pepper."""
    parts = by_name(StackOptions())
    knowing = {name for name, part in parts.items() if "hush" in str(dict(part.env))}

    assert knowing == {"migrate", "seed", *StackOptions().names}
    assert not any("hush" in word for part in parts.values() for word in part.argv)
    assert not any("hush" in repr(part) for part in parts.values())


def test_what_our_own_environment_knows_of_databases_is_not_inherited() -> None:
    """PGHOST and the like would send initdb, or a part, somewhere else."""
    ours = {"PATH": "/bin", "PGHOST": "db", "DATABASE_URL": URL, "AUTH_PEPPER": "x" * 32}

    assert blueprint.environment(ours) == {"PATH": "/bin"}


def test_the_first_configuration_is_even_probed_and_holds_no_token() -> None:
    """The file may be read by anybody who may read files: it has the token's hash alone."""
    text = blueprint.balancer_yaml(StackOptions(instances=3), "the token")
    config = yaml.safe_load(text)

    (pool,) = config["pools"]
    digest = hashlib.sha256(b"the token").hexdigest()
    assert config["admin"]["tokens"] == [{"name": "operator", "sha256": digest}]
    assert "the token" not in text
    assert [one["weight"] for one in pool["endpoints"]] == [1, 1, 1]
    assert [one["address"] for one in pool["endpoints"]] == [
        "127.0.0.1:8091",
        "127.0.0.1:8092",
        "127.0.0.1:8093",
    ]
    assert pool["health"]["path"] == "/readyz"


@pytest.mark.parametrize("guards", [True, False])
def test_a_stack_is_guarded_unless_it_is_to_fail_as_the_storys_did(*, guards: bool) -> None:
    """No limit: the hash queue of an instance is what bounds its work, or does not."""
    text = blueprint.balancer_yaml(StackOptions(guards=guards), "the token")

    (pool,) = yaml.safe_load(text)["pools"]

    assert {"ejection", "panic", "slow_start", "retry"} <= set(pool) or not guards
    assert guards or not {"ejection", "panic", "slow_start", "retry"} & set(pool)
    assert "limit" not in pool


def test_other_weights_can_be_asked_for_by_name() -> None:
    """The hook for a stack that is broken from the start."""
    text = blueprint.balancer_yaml(StackOptions(instances=2, weights={"auth-2": 16}), "t")

    assert [one["weight"] for one in yaml.safe_load(text)["pools"][0]["endpoints"]] == [1, 16]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"port_base": 65_507}, "from 1 to 65506"),
        ({"port_base": 0}, "from 1 to"),
        ({"instances": 0}, "give 1 to 9"),
        ({"instances": 10}, "give 1 to 9"),
        ({"weights": {"auth-9": 2}}, "'auth-9'.*auth-1, auth-2"),
    ],
)
def test_options_that_cannot_work_are_refused_with_what_can(
    wrong: dict[str, object], said: str
) -> None:
    """At once, not when the stack is half up."""
    with pytest.raises(ValueError, match=said):
        StackOptions(**wrong)  # type: ignore[arg-type]  # each case is one wrong option


def test_options_do_not_show_the_database_url() -> None:
    """They are printed in messages and reports."""
    assert "hush" not in repr(StackOptions(database_url=URL))
