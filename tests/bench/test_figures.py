"""What several rounds say together."""

from bench.figures import markdown, paired, spread


def test_a_spread_is_the_median_with_the_least_and_the_greatest() -> None:
    """The median, so that one disturbed round does not move it."""
    found = spread([30.0, 20.0, 90.0])

    assert found is not None
    assert tuple(found) == (30.0, 20.0, 90.0)
    assert found.text(1) == "30.0 (20.0–90.0)"


def test_one_round_has_no_range() -> None:
    """A range of one value would look like agreement."""
    found = spread([1234.5])

    assert found is not None
    assert found.text() == "1,234"


def test_nothing_measured_is_nothing() -> None:
    """Not zero."""
    assert spread([]) is None


def test_a_ratio_is_taken_within_each_round() -> None:
    """A second round in which all cost twice as much leaves the ratio alone."""
    ours, nginx = {1: 30.0, 2: 60.0}, {1: 20.0, 2: 40.0}

    found = paired(ours, nginx)

    assert found is not None
    assert tuple(found) == (1.5, 1.5, 1.5)


def test_rounds_that_only_one_side_has_are_left_out() -> None:
    """A contender that failed in a round has no pair there."""
    found = paired({1: 30.0, 2: 99.0}, {1: 20.0, 3: 1.0}, differ=True)

    assert found is not None
    assert tuple(found) == (10.0, 10.0, 10.0)


def test_a_table_is_markdown_that_lines_up() -> None:
    """Read in a terminal as well as on a page."""
    lines = markdown(["proxy", "µs"], [["nginx", "20.0"], ["evenhand", "9.0"]]).splitlines()

    assert lines == [
        "| proxy    |   µs |",
        "| ---      | ---: |",
        "| nginx    | 20.0 |",
        "| evenhand |  9.0 |",
    ]
