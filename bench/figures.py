"""What several rounds say together: the median, how far they lie apart, ratios within a round."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """One figure over several rounds."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 0) -> str:
        """`24.1 (22.8–27.0)`; the median alone if there was one round."""
        shown = f"{self.median:,.{digits}f}"
        if self.low == self.high:
            return shown
        return f"{shown} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"


def spread(values: Sequence[float]) -> Spread | None:
    """Median, least and greatest; None without values."""
    return Spread(median(values), min(values), max(values)) if values else None


def paired(
    values: Mapping[int, float], reference: Mapping[int, float], *, differ: bool = False
) -> Spread | None:
    """The ratio (or, with `differ`, the difference) to a reference, round by round.

    Noise that lasts longer than a round hits both and cancels, which it would not do in the ratio
    of two medians.
    """
    common = [number for number in values if number in reference]
    if differ:
        return spread([values[number] - reference[number] for number in common])
    return spread([values[number] / reference[number] for number in common])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns padded so that it can be read on a terminal too."""
    table = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
