"""Figures in a document: a block between two marks, written anew by the command behind it."""

from pathlib import Path

from bench.children import CannotRun


def check(page: Path, name: str) -> None:
    """Raises `CannotRun` if a page has no place for this block."""
    _around(page, name)


def put(page: Path, name: str, block: str) -> None:
    """Replace what stands between a page's marks of this name. Raises `CannotRun` without them."""
    before, after = _around(page, name)
    page.write_text(f"{before}\n{block.strip()}\n\n{after}")


def _around(page: Path, name: str) -> tuple[str, str]:
    """A page up to its mark of the beginning, and from its mark of the end on."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    text = page.read_text() if page.is_file() else ""
    before, opened, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise CannotRun(f"{page} has no lines '{begin.strip()}' and '{end}' to write between")
    return before + begin, end + after
