"""Figures in a document: a block between two marks, written anew by the command behind it."""

from pathlib import Path

from bench.children import CannotRun


def put(page: Path, name: str, block: str) -> None:
    """Replace what stands between a page's marks of this name. Raises `CannotRun` without them."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    text = page.read_text() if page.is_file() else ""
    before, opened, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise CannotRun(f"{page} has no lines '{begin.strip()}' and '{end}' to write between")
    page.write_text(f"{before}{begin}\n{block.strip()}\n\n{end}{after}")
