"""The figures as a picture: a panel for each condition, latencies above, failing logins below."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.balancing.conditions import CONDITIONS
from bench.balancing.tally import Row

OURS, THEIRS, INK = "#0072B2", "#D55E00", "#555555"
"""Blue and vermilion of Okabe and Ito's palette, which colour-blind people tell apart."""
ROW = 0.19
"""Inches of height for one contender."""
LEAST_FAILING = 0.02
"""Percent at which the scale begins: what is not failing at all stands at its edge."""


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the picture; what it is (SVG, PNG) follows from its name. Raises OSError."""
    matplotlib.rcParams.update({"svg.hashsalt": "evenhand", "font.size": 8})
    conditions = list(dict.fromkeys(row.condition for row in rows))
    names = list(dict.fromkeys(product(row) for row in rows))
    figure = Figure(figsize=(2.0 + 2.5 * len(conditions), 1.8 + 2 * ROW * len(names)))
    panels = figure.subplots(2, len(conditions), sharey=True, sharex="row", squeeze=False)
    for n, condition in enumerate(conditions):
        some = [row for row in rows if row.condition == condition]
        _latencies(panels[0][n], some, names)
        _failing(panels[1][n], some, names)
        panels[0][n].set_title(f"{condition}\n{_short(condition)}", fontsize=8)
    panels[0][0].set_yticks(range(len(names)), names)
    panels[0][0].set_ylim(len(names) - 0.5, -0.5)
    figure.legend(handles=_key(), loc="lower center", ncols=5, frameon=False)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def product(row: Row) -> str:
    """The contender without what is in brackets: its line in the picture."""
    return row.contender.partition(" (")[0]


def _place(row: Row, names: Sequence[str]) -> float:
    """How far down: plain just above a line's middle, guarded just below."""
    return names.index(product(row)) + (0.2 if "(" in row.contender else -0.2)


def _colour(row: Row) -> str:
    return OURS if row.ours else THEIRS


def _fill(row: Row) -> str:
    return _colour(row) if "(" in row.contender else "white"


def _latencies(panel: Axes, rows: Sequence[Row], names: Sequence[str]) -> None:
    """p50 and p99 joined by a line, on a logarithmic scale."""
    panel.set_xscale("log")
    for row in rows:
        place, colour = _place(row, names), _colour(row)
        panel.plot([row.p50, row.p99], [place, place], color=colour, linewidth=1, zorder=2)
        panel.plot(row.p50, place, "|", color=colour, markersize=5, zorder=3)
        panel.plot(row.p99, place, "o", color=colour, mfc=_fill(row), markersize=4, zorder=3)
    _best_of_theirs(panel, [row.p99 for row in rows if not row.ours and row.judged])
    panel.set_xlim(20, 2600)
    panel.set_xticks([30, 100, 300, 1000], ["30", "100", "300", "1000"])
    panel.set_xlabel("p50 to p99, ms; a login that fails: 2000")
    _ground(panel, names)


def _failing(panel: Axes, rows: Sequence[Row], names: Sequence[str]) -> None:
    """The failing share in percent, on a logarithmic scale whose edge is nothing."""
    panel.set_xscale("log")
    for row in rows:
        at = max(LEAST_FAILING, 100 * row.failing)
        panel.plot(at, _place(row, names), "s", color=_colour(row), mfc=_fill(row), markersize=4)
    theirs = [max(LEAST_FAILING, 100 * r.failing) for r in rows if not r.ours and r.judged]
    _best_of_theirs(panel, theirs)
    panel.set_xlim(LEAST_FAILING * 0.7, 150)
    panel.set_xticks([LEAST_FAILING, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
    panel.set_xlabel("failing, %")
    _ground(panel, names)


def _best_of_theirs(panel: Axes, values: Sequence[float]) -> None:
    if values:
        panel.axvline(min(values), color=THEIRS, linewidth=0.8, linestyle=":", zorder=1)


def _ground(panel: Axes, names: Sequence[str]) -> None:
    for n in range(0, len(names), 2):
        panel.axhspan(n - 0.5, n + 0.5, color="#f2f2f2", linewidth=0, zorder=0)
    panel.minorticks_off()
    panel.tick_params(length=2, colors=INK)
    panel.spines[["top", "right"]].set_visible(False)


def _short(condition: str) -> str:
    """A condition's title, in lines that fit over a panel."""
    return "\n".join(textwrap.wrap(CONDITIONS[condition].title, 32))


def _key() -> list[Line2D]:
    return [
        Line2D([], [], color=OURS, marker="o", mfc="white", label="Evenhand, probes alone"),
        Line2D([], [], color=OURS, marker="o", label="Evenhand, guarded"),
        Line2D(
            [],
            [],
            color=THEIRS,
            marker="o",
            mfc="white",
            label="nginx least_conn, HAProxy leastconn",
        ),
        Line2D([], [], color=THEIRS, marker="o", label="non_idempotent, guarded"),
        Line2D(
            [], [], color=THEIRS, linestyle=":", label="the best of theirs that never sends twice"
        ),
    ]
