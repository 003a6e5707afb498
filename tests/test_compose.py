"""compose.yaml: valid, closed to the outside, and its commands run."""

import json
import re
import secrets
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from loadtest import postgres, readiness
from loadtest.blueprint import CHECKOUT
from loadtest.supervisor import Supervisor
from tests.compose_processes import Processes, compose, instructions, interpolated
from tests.loadtest.waiting import unused_port

SCHEMA = Path(__file__).parent / "data" / "compose-spec.json"
SERVICES = compose()["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
STAYING = [name for name, service in SERVICES.items() if service.get("restart") != "no"]
INSTANCES = [f"auth-{i}" for i in range(1, 6)]


def complaints(document: dict[str, Any]) -> list[str]:
    """What the Compose Specification's schema has against a document."""
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)  # of the draft that it names
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_it_is_valid_by_the_compose_specification() -> None:
    """The schema is the specification's own."""
    assert complaints(compose()) == []


def test_the_schema_notices_a_mistake() -> None:
    """A key that no service has, and a value of the wrong kind."""
    wrong = deepcopy(compose())
    wrong["services"]["balancer"] |= {"comand": ["balancer"], "read_only": ["yes"]}

    found = complaints(wrong)

    assert any("comand" in complaint for complaint in found)
    assert any("read_only" in complaint for complaint in found)


def test_it_has_every_part_of_the_stack_and_locust_only_when_asked_for() -> None:
    """The same stack as `evenhand up`."""
    always = {name for name, service in SERVICES.items() if "profiles" not in service}

    assert always == {"postgres", "migrate", *INSTANCES, "balancer", "monitor"}
    assert set(SERVICES) - always == {"seed", "locust"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_do_more_than_it_must(name: str) -> None:
    """No root, no capabilities, no new ones, nothing to write but what is mounted for it."""
    service = SERVICES[name]

    assert service["user"].partition(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_is_published_is_published_on_loopback(name: str) -> None:
    """A port without an address would be open to the network, past most firewalls."""
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_postgres_is_out_of_reach_of_everything_but_authsvc() -> None:
    """Its network has no way out, and the balancer, the monitor and Locust are not on it."""
    document = compose()
    beside = {name for name, service in SERVICES.items() if "data" in service["networks"]}

    assert document["networks"]["data"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["data"]
    assert beside == {"postgres", "migrate", "seed", *INSTANCES}


def test_postgres_trusts_nobody() -> None:
    """The image's own default is `trust` for connections from inside its container."""
    environment = SERVICES["postgres"]["environment"]

    assert environment["POSTGRES_HOST_AUTH_METHOD"] == "scram-sha-256"
    asked = environment["POSTGRES_INITDB_ARGS"].split()
    assert asked == ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"]


def test_secrets_have_no_default_and_are_in_no_command() -> None:
    """`${NAME:?…}` stops Compose with a message where a value is missing."""
    required = {"POSTGRES_PASSWORD", "AUTH_PEPPER"}
    for service in SERVICES.values():
        commands = [*service.get("command", []), *service.get("entrypoint", [])]
        assert not any("$" in word for word in commands)
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|PEPPER|TOKEN|SECRET|URL", key) and value is not None:
                assert re.search(r"\$\{(\w+):\?[^}]+\}", value), f"{key} has a default: {value}"
                names = set(re.findall(r"\$\{(\w+)", value))
                assert names <= required

    with pytest.raises(KeyError, match="AUTH_PEPPER"):
        interpolated(SERVICES["auth-1"]["environment"]["AUTH_PEPPER"], {})


def test_instances_believe_the_balancer_and_nobody_else() -> None:
    """Locust and the monitor are on the same network, and could say what they like."""
    address = SERVICES["balancer"]["networks"]["service"]["ipv4_address"]

    for name in INSTANCES:
        command = SERVICES[name]["command"]
        assert command.count("--trust") == 1
        assert command[command.index("--trust") + 1] == f"{address}/32"


@pytest.mark.parametrize("name", STAYING)
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    """`docker compose up --wait` and every dependency stand on it."""
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_a_service_waits_for_those_it_needs_to_be_healthy_or_done() -> None:
    """Started is not ready."""
    conditions = {
        condition["condition"]
        for service in SERVICES.values()
        for condition in service.get("depends_on", {}).values()
    }

    assert conditions == {"service_healthy", "service_completed_successfully"}


def test_the_image_does_not_run_as_root_and_copies_what_exists() -> None:
    """`.dockerignore` lets through whatever the Dockerfile copies, and hides everything else."""
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    copied = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from=")]

    assert instructions("USER") == ["10001:10001"]
    assert "*" in ignored
    for source in (source for sources in copied for source in sources):
        assert (CHECKOUT / source).exists()
        top = source.split("/")[0]
        assert f"!{top}" in ignored or f"!{top}/" in ignored


@pytest.mark.live
async def test_every_command_runs_from_what_the_image_holds_and_becomes_healthy(
    tmp_path: Path,
) -> None:
    """A flag, a file or a path that was renamed in the code and not in compose.yaml ends here."""
    values = {
        "AUTH_PEPPER": secrets.token_hex(48),
        "EVENHAND_LOGIN_PASSWORD": "not used: nobody logs in",
    }
    async with postgres.running(unused_port()) as cluster:
        values["POSTGRES_PASSWORD"] = cluster.role_password
        processes = Processes(tmp_path, cluster.port, values)
        supervisor = Supervisor(processes.stages(), tmp_path, processes.directory)
        try:
            await supervisor.start(within=90)

            assert set(supervisor.pids) == set(OURS) - {"migrate", "seed"}
            table = await readiness.get(
                f"http://127.0.0.1:{processes.port('balancer', 8081)}/table"
            )
            assert table is not None
            (pool,) = json.loads(table)["pools"]
            assert [one["name"] for one in pool["endpoints"]] == INSTANCES
        finally:
            supervisor.kill()
            await supervisor.stop()
