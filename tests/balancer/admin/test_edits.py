"""Edits of a configuration's text: one setting differs, every other octet is as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer import config as configuration
from balancer.admin import edits
from balancer.fields import network
from balancer.source import ConfigError
from tests.balancer.configs import GOOD

BLOCK = """\
# Where the logins come in – since März.
listen: 127.0.0.1:8080   # not the admin's
deny:
  - 10.1.0.0/16  # the scanner
  - "192.0.2.7"
routes:
- pool: auth
pools:
- name: auth
  endpoints:
  - name: auth-1   # the large one
    weight: 16 # cores!
    address: "127.0.0.1:9001"
  - address: 127.0.0.1:9002   # the small one

  - {address: "127.0.0.1:9003", state: drain, }
"""


def test_a_weight_that_is_there_is_replaced() -> None:
    """Its comment stays, and so does every other line."""
    assert edits.set_weight(BLOCK, "auth", "auth-1", 1) == BLOCK.replace("16 #", "1 #")
    assert edits.set_weight(GOOD, "auth", "auth-1", 4) == GOOD.replace("weight: 1}", "weight: 4}")


def test_a_weight_that_is_not_there_is_added_in_the_style_of_its_endpoint() -> None:
    """A line in a block, a pair between braces, wherever a comment stands."""
    line = "  - address: 127.0.0.1:9002   # the small one\n"
    pair = '{address: "127.0.0.1:9002"}'

    block = edits.set_weight(BLOCK, "auth", "127.0.0.1:9002", 3)
    flow = edits.set_weight(GOOD, "auth", "127.0.0.1:9002", 3)

    assert block == BLOCK.replace(line, line + "    weight: 3\n")
    assert flow == GOOD.replace(pair, pair.replace("}", ", weight: 3}"))


def test_a_state_is_changed_and_changed_back() -> None:
    """Drain, then active."""
    drained = edits.set_state(BLOCK, "auth", "auth-1", "drain")
    active = edits.set_state(GOOD, "auth", "127.0.0.1:9003", "active")

    assert drained == BLOCK.replace('9001"\n', '9001"\n    state: drain\n')
    assert active == GOOD.replace("state: drain", "state: active")


def test_what_is_so_already_leaves_the_text_alone() -> None:
    """The defaults count as being so: nothing is written that says nothing."""
    assert edits.set_weight(GOOD, "auth", "127.0.0.1:9002", 1) == GOOD
    assert edits.set_state(GOOD, "auth", "auth-1", "active") == GOOD
    assert edits.deny(BLOCK, network("10.1.0.0/16")) == BLOCK
    assert edits.allow(GOOD, network("10.1.0.0/16")) == GOOD


def test_a_network_is_denied_in_the_style_of_the_list() -> None:
    """A new list stands after `listen`; a list that is there gets one more."""
    one = network("198.51.100.0/24")
    listen = "listen: 127.0.0.1:8080\n"

    assert edits.deny(GOOD, one) == GOOD.replace(listen, f'{listen}deny: ["198.51.100.0/24"]\n')
    assert edits.deny(BLOCK, one) == BLOCK.replace(
        '"192.0.2.7"\n', '"192.0.2.7"\n  - "198.51.100.0/24"\n'
    )


def test_a_network_that_is_allowed_again_goes_with_its_line() -> None:
    """First, last, and the only one that is left."""
    first, last = network("10.1.0.0/16"), network("192.0.2.7")

    without_first = edits.allow(BLOCK, first)
    without_last = edits.allow(BLOCK, last)
    without_both = edits.allow(without_first, last)

    assert without_first == BLOCK.replace("  - 10.1.0.0/16  # the scanner\n", "")
    assert without_last == BLOCK.replace('  - "192.0.2.7"\n', "")
    assert "deny: []\nroutes:" in without_both
    assert configuration.parse(edits.deny(without_both, last)).deny == [last]


def test_networks_come_and_go_in_a_list_between_brackets() -> None:
    """In any order, whatever is left."""
    text = GOOD
    networks = [network(f"10.{i}.0.0/16") for i in range(4)]
    for one in networks:
        text = edits.deny(text, one)

    for i in (1, 3, 0, 2):
        text = edits.allow(text, networks[i])
        assert networks[i] not in configuration.parse(text).deny

    assert "deny: []" in text


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    """For a pool, and for an endpoint."""
    with pytest.raises(edits.NoSuchEndpoint, match="no pool is named 'atuh'; there are: auth"):
        edits.set_weight(GOOD, "atuh", "auth-1", 2)
    with pytest.raises(edits.NoSuchEndpoint, match=r"'auth-9'; there are: auth-1, 127.0.0.1:9002"):
        edits.set_state(GOOD, "auth", "auth-9", "drain")


def test_a_value_out_of_range_is_refused_by_the_configuration_itself() -> None:
    """With its place, as a wrong file is."""
    with pytest.raises(ConfigError, match="weight"):
        edits.set_weight(GOOD, "auth", "auth-1", 70_000)


@pytest.mark.parametrize("text", ['deny: ["10.0.0.0/8",]\n' + GOOD])
def test_what_cannot_be_cut_in_place_is_refused(text: str) -> None:
    """A layout that this does not foresee: never a text that means something else."""
    with pytest.raises(edits.CannotEdit, match="PUT /config"):
        edits.allow(text, network("10.0.0.0/8"))


@given(
    st.sampled_from([GOOD, BLOCK, BLOCK.replace("\n", "\r\n"), BLOCK.rstrip("\n")]),
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["weight", "drain", "active"]),
                  st.integers(0, 65535)),
        max_size=6,
    ),
)  # fmt: skip
def test_any_row_of_edits_means_what_was_asked(
    text: str, steps: list[tuple[int, str, int]]
) -> None:
    """And no comment is lost on the way."""
    comments = text.count("#")
    for index, what, weight in steps:
        name = configuration.parse(text).pools[0].endpoints[index].label
        if what == "weight":
            text = edits.set_weight(text, "auth", name, weight)
        else:
            text = edits.set_state(text, "auth", name, "drain" if what == "drain" else "active")
        after = configuration.parse(text).pools[0].endpoints[index]
        assert (after.weight == weight) if what == "weight" else (after.state == what)
    assert text.count("#") == comments
