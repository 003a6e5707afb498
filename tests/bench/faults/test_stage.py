"""The stage: says why it cannot be set, and is struck whatever happens on it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.faults.processes import NotReady
from bench.faults.proxies import SETTINGS, Layout
from bench.faults.scenarios import Step
from bench.faults.stage import Stage, free_ports, who_serves

pytestmark = pytest.mark.live


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Free ports, an empty directory."""
    ports = free_ports(19500)
    return Layout(tmp_path, ports[0], ports[1], ports[2:], 2.0)


def test_nothing_is_left_behind(layout: Layout) -> None:
    """Not after an exception in the middle, not with one instance frozen and one killed."""

    def on_stage() -> None:
        with Stage(SETTINGS["ours"], None, layout, 0.0) as stage:
            stage.do(Step(0, "kill", 1))
            stage.do(Step(0, "freeze", 2))
            assert who_serves(layout.instances[0]) is None
            assert who_serves(layout.instances[2]) == "auth-3"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_stage()

    assert free_ports(layout.listen) == (layout.listen, layout.admin, *layout.instances)


def test_a_proxy_that_does_not_start_is_told_with_its_own_words(layout: Layout) -> None:
    """The log's end is in the message, and the instances are gone as well."""
    wrong = replace(SETTINGS["ours"], lines={"top": "nonsense: true\n"})

    with pytest.raises(NotReady, match="nonsense"), Stage(wrong, None, layout, 0.0):
        pass

    assert free_ports(layout.listen)[0] == layout.listen


def test_a_reload_that_is_refused_does_not_count(layout: Layout) -> None:
    """Only what the proxy says it carried out counts: here one of two."""
    with Stage(SETTINGS["ours"], None, layout, 0.0) as stage:
        stage.do(Step(0, "reload"))
        first = stage.wait_for_reloads()
        stage.setting = replace(SETTINGS["ours"], lines={"top": "nonsense: true\n"})
        stage.do(Step(0, "reload"))
        second = stage.wait_for_reloads()

    assert (first, second) == (1, 1)
