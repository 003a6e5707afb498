"""Figures in a document."""

from pathlib import Path

import pytest

from bench.children import CannotRun
from bench.page import check, put

PAGE = "# Title\n\n<!-- memory: begin -->\n\nold\n\n<!-- memory: end -->\n\nThe rest.\n"


def test_a_block_replaces_the_one_before(tmp_path: Path) -> None:
    """And nothing else on the page; twice is the same as once."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    put(page, "memory", "new\n")
    put(page, "memory", "new\n")

    assert page.read_text() == PAGE.replace("old", "new")


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    """The message shows the marks that are missing."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    with pytest.raises(CannotRun, match="<!-- proxy: begin -->"):
        put(page, "proxy", "new")
    with pytest.raises(CannotRun, match="<!-- proxy: begin -->"):
        check(page, "proxy")
    check(page, "memory")

    assert page.read_text() == PAGE
