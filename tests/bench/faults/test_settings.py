"""The configurations: rendered whole, changed by a reload, extended by lines."""

from dataclasses import replace
from pathlib import Path

import pytest

from balancer import config
from bench.faults.proxies import SETTINGS, Layout, Setting

LAYOUT = Layout(Path("/run"), 19100, 19101, (19102, 19103, 19104, 19105), 2.0)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_a_configuration_names_every_instance_and_leaves_no_place_open(setting: Setting) -> None:
    """What a variant does not fill is left out."""
    text = "".join(setting.files(LAYOUT, 2).values())

    assert "@" not in text.replace('"@type"', "")
    assert all(str(port) in text for port in (LAYOUT.listen, *LAYOUT.instances))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_a_reload_changes_the_configuration(setting: Setting) -> None:
    """By auth-1's weight; one that changed nothing might be skipped by the proxy."""
    assert setting.files(LAYOUT, 1) != setting.files(LAYOUT, 2)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_a_variants_lines_are_in_its_configuration(setting: Setting) -> None:
    """Every line that makes the variant."""
    text = "".join(setting.files(LAYOUT, 2).values())

    assert all(lines in text for lines in setting.lines.values())


def test_a_line_for_a_place_that_is_not_there_is_refused() -> None:
    """Else a misspelt place would measure the ordinary configuration under another name."""
    wrong = replace(SETTINGS["nginx"], lines={"locatoin": "x;"})

    with pytest.raises(KeyError, match="locatoin"):
        wrong.files(LAYOUT, 2)


def test_our_configuration_is_one() -> None:
    """The balancer's own parser takes it, with the deadline of the layout."""
    found = config.parse(SETTINGS["ours"].files(LAYOUT, 1)["balancer.yaml"])

    assert found.timeouts.answer == LAYOUT.answer_timeout
    assert [one.weight for one in found.pools[0].endpoints] == [1, 2, 2, 2]
