"""The report's picture: four charts over one time axis, as a single inline SVG.

One figure, so that a moment lies at the same place in every chart. Colours are Okabe and Ito's,
which people with any colour vision tell apart; meaning never hangs on colour alone.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.series import Curve

INK, FAINT, GRID = "#1f2933", "#6b7783", "#e3e8ed"
HOT, COLD = "#d55e00", "#0072b2"
INSTANCES = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#f0c63a", "#cc79a7", "#8a8f98"]
LINES = {"p50": COLD, "p95": "#009e73", "p99": "#cc79a7"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: smaller, and it can be selected and searched
    "svg.hashsalt": "evenhand",  # the same run draws the same bytes
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": "#b8c2cc",
    "axes.labelcolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}


@dataclass(frozen=True)
class Mark:
    """A vertical line through all charts, and what happened there."""

    at: float
    text: str
    colour: str


@dataclass(frozen=True)
class Bar:
    """An alert's firing: from when to when, None for one that never ended."""

    name: str
    begin: float
    end: float | None
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that is drawn. Times in seconds since the run's zero; shares are fractions of 1."""

    phases: Sequence[tuple[str, float, float]]
    marks: Sequence[Mark]
    alerts: Sequence[Bar]
    success: Curve
    shares: Mapping[str, Curve]
    latencies: Mapping[str, Curve]
    patience: float
    queues: Mapping[str, Curve]

    @property
    def end(self) -> float:
        """Where the time axis ends."""
        return self.phases[-1][2]


def draw(picture: Picture) -> Figure:
    """The figure, of a size for a page 1100 pixels wide."""
    with mpl.rc_context(STYLE):
        strip = 0.35 + 0.22 * len(picture.alerts)
        heights = [2.4, strip, 1.9, 1.9, 1.9]
        figure = Figure(figsize=(11, sum(heights) + 2.9), layout="constrained")
        rows = figure.subplots(5, 1, sharex=True, height_ratios=heights)
        for axes, paint in zip(rows, (_success, _alerts, _shares, _latency, _queue), strict=True):
            paint(axes, picture)
            _frame(axes, picture)
        _phase_names(rows[0], picture)
        _mark_names(rows[0], picture)
        rows[-1].set_xlabel("seconds since the baseline began")
        rows[-1].set_xlim(0, picture.end)
    return figure


def svg(figure: Figure) -> str:
    """The figure as an `<svg>` element that scales with its container."""
    with mpl.rc_context(STYLE):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    markup = text.getvalue()
    opening = '<svg role="img" aria-label="The run over time" '
    return markup[markup.index("<svg") :].replace("<svg ", opening, 1)


def _frame(axes: Axes, picture: Picture) -> None:
    """What every chart has: a band for every second phase, and the marks."""
    for index, (_, begin, end) in enumerate(picture.phases):
        if index % 2:
            axes.axvspan(begin, end, color="#f1f4f7", linewidth=0, zorder=0)
    for mark in picture.marks:
        axes.axvline(mark.at, color=mark.colour, linewidth=1.1, linestyle=(0, (4, 2)), zorder=4)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _title(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=7)


def _percent_axis(axes: Axes) -> None:
    axes.set_ylim(0, 1.0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def _success(axes: Axes, picture: Picture) -> None:
    curve = picture.success
    axes.fill_between(curve.times, curve.values, 0, color=COLD, alpha=0.13, linewidth=0, step="mid")
    axes.step(curve.times, curve.values, where="mid", color=COLD, linewidth=1.8)
    _percent_axis(axes)
    axes.set_ylim(0, 1.04)
    axes.set_title(
        "Logins that succeed, by the second in which they were due",
        loc="left",
        fontsize=10.5,
        fontweight="bold",
        color=INK,
        pad=44,
    )


def _phase_names(axes: Axes, picture: Picture) -> None:
    """Above the first chart, where each begins. One too short for its name gets it slanted."""
    for name, begin, end in picture.phases:
        narrow = (end - begin) / picture.end < 0.012 * len(name)
        axes.annotate(
            name,
            (begin, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            rotation=25 if narrow else 0,
            fontsize=9,
            color=FAINT,
            annotation_clip=False,
        )


def _mark_names(axes: Axes, picture: Picture) -> None:
    """Above the phases' names, on two levels so that neighbours do not overlap."""
    for index, mark in enumerate(sorted(picture.marks, key=lambda one: one.at)):
        axes.annotate(
            f" {mark.text}",
            (mark.at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 18 + 13 * (index % 2)),
            textcoords="offset points",
            fontsize=9,
            fontweight="bold",
            color=mark.colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": mark.colour,
                "linewidth": 1.1,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0),
            },
        )


def _alerts(axes: Axes, picture: Picture) -> None:
    """One bar per alert; those that the scenario demands are dark and bold."""
    rows = list(reversed(picture.alerts))
    for row, alert in enumerate(rows):
        end = picture.end if alert.end is None else min(alert.end, picture.end)
        colour = "#b8860b" if alert.wanted else "#d9c9a0"
        axes.barh(row, end - alert.begin, left=alert.begin, height=0.55, color=colour, zorder=3)
    axes.set_yticks(range(len(rows)), [alert.name for alert in rows])
    for label, alert in zip(axes.get_yticklabels(), rows, strict=True):
        label.set(color=INK, fontweight="bold" if alert.wanted else "normal", fontsize=8.5)
    axes.grid(visible=False)
    axes.set_ylim(-0.6, max(1, len(rows)) - 0.4)
    axes.spines["left"].set_visible(False)
    _title(axes, "Alerts that fire" if rows else "Alerts that fire: none did")


def _shares(axes: Axes, picture: Picture) -> None:
    """Stacked, with each name beside its layer at the right end."""
    names = list(picture.shares)
    if not names:
        return
    times = picture.shares[names[0]].times
    layers = [[0.0 if math.isnan(v) else v for v in picture.shares[n].values] for n in names]
    colours = [INSTANCES[i % len(INSTANCES)] for i in range(len(names))]
    axes.stackplot(
        times, layers, colors=colours, step="pre", linewidth=0.6, edgecolor="white", alpha=0.88
    )
    for index, name in enumerate(names):
        axes.annotate(
            name,
            (1.0, (index + 0.5) / len(names)),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=INK,
            bbox={"boxstyle": "square,pad=0.18", "fc": colours[index], "ec": "none", "alpha": 0.45},
        )
    _percent_axis(axes)
    _title(axes, "Attempts each instance gets, counted there")


def _latency(axes: Axes, picture: Picture) -> None:
    for name, curve in picture.latencies.items():
        width = 2.0 if name == "p50" else 1.3
        axes.plot(curve.times, curve.values, color=LINES[name], linewidth=width, label=name)
    axes.axhline(picture.patience, color=FAINT, linewidth=0.9, linestyle=":")
    axes.annotate(
        "clients give up",
        (picture.end, picture.patience),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=FAINT,
    )
    axes.set_ylim(0, picture.patience * 1.25)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} s")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8.5)
    _title(axes, "Latency from the moment a login was due, over 3 s")


def _queue(axes: Axes, picture: Picture) -> None:
    """The deepest queue stands out and is named with its peak; the others are thin."""
    peaks = {name: max(curve.values, default=0) for name, curve in picture.queues.items()}
    if not peaks:
        return
    deepest = max(peaks, key=lambda name: peaks[name])
    for index, (name, curve) in enumerate(picture.queues.items()):
        hot = name == deepest
        colour = INSTANCES[index % len(INSTANCES)]
        axes.plot(curve.times, curve.values, color=colour, linewidth=2.0 if hot else 1.0)
    curve, peak = picture.queues[deepest], peaks[deepest]
    axes.annotate(
        f"{deepest}: up to {peak:g}",
        (curve.times[list(curve.values).index(peak)], peak),
        xytext=(-8, 0),
        textcoords="offset points",
        fontsize=9,
        fontweight="bold",
        color=INK,
        ha="right",
        va="center",
    )
    axes.set_ylim(0, max(10, peak * 1.15))
    _title(axes, "Logins waiting for a hash slot, at each instance")
