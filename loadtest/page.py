"""`report.html`: a run for people, in one file that needs no network and no script."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from loadtest import charts, series
from loadtest.charts import Bar, Mark, Picture
from loadtest.report import report
from loadtest.run import Outcome
from loadtest.scenario import BASELINE, OUTAGE, VERIFY

BANNER = {
    "pass": ("Pass", "The outage was reproduced, and the cure holds under the same traffic."),
    "fail": ("Fail", "The measurement is sound, but the story did not come true: see the checks."),
    "invalid": ("Invalid", "The measurement was disturbed, so it proves nothing: see the checks."),
}
STYLE = Path(__file__).with_name("page.css")


def page(outcome: Outcome) -> str:
    """The whole page."""
    document, plan = report(outcome), outcome.plan
    word, meaning = BANNER[document["verdict"]]
    variant = ", safe defaults" if document["safe"] else ""
    cure = "" if document["cured"] else ", cure left out"
    what = f"{plan.scenario.name}, seed {plan.seed}{variant}{cure}"
    parts = [
        f"<header class={document['verdict']}><div><p>Evenhand · {escape(what)}</p>"
        f"<h1>{word}: {escape(plan.scenario.title)}</h1><p>{meaning}</p></div></header><main>",
        f"<p class=story>{_prose(plan.scenario.tell(plan.settings))}</p>",
        f"<p class=emulated>{escape(document['emulation'])}</p>",
        _tiles(outcome),
        "<h2>The run over time</h2>",
        f"<div class='card chart'>{charts.svg(charts.draw(picture(outcome)))}</div>",
        "<h2>Phases</h2>",
        _phases(document),
        "<h2>Forecast beside measurement, in the outage</h2>",
        _forecast(document),
        "<h2>Checks</h2>",
        _checks(document),
        "<h2>How it was made</h2>",
        _made(document),
        "</main>",
    ]
    title = f"{word}: {what}"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        + "\n".join(parts)
        + "</html>\n"
    )


def picture(outcome: Outcome) -> Picture:
    """What there is to draw of a run."""
    journal, measurement = outcome.journal, outcome.measurement
    windows = journal.windows
    zero = windows[0].began
    exchanges = sorted(journal.exchanges, key=lambda exchange: exchange.due)
    phases = [(one.name, one.began - zero, one.ended - zero) for one in windows]
    return Picture(
        phases=phases,
        marks=_marks(outcome, zero),
        alerts=[
            Bar(
                alert.name,
                alert.fired_at - zero,
                None if alert.resolved_at is None else alert.resolved_at - zero,
                alert.name in measurement.must_fire,
            )
            for alert in measurement.alerts
        ],
        success=series.success(exchanges, zero),
        shares=series.shares(journal.samples, zero),
        latencies=series.latencies(exchanges, zero, phases),
        patience=measurement.patience,
        queues=series.queues(journal.samples, zero),
    )


def _marks(outcome: Outcome, zero: float) -> list[Mark]:
    """Fault, alert, fix and recovery; those that happened."""
    windows, measurement = outcome.journal.windows, outcome.measurement
    marks = [Mark(windows[1].began - zero, "fault", "#b03a06")]
    for name in measurement.must_fire:
        alert = measurement.alert(name)
        if alert is not None:
            marks.append(Mark(alert.fired_at - zero, "alert", "#8a6508"))
    if outcome.plan.cured:
        marks.append(Mark(windows[2].began - zero, "fix", "#00568a"))
        recovered = series.recovered_at(outcome.journal.exchanges, windows[2].began)
        if recovered is not None:
            marks.append(Mark(recovered - zero, "recovered", "#00684a"))
    return marks


def _tiles(outcome: Outcome) -> str:
    """The four numbers to remember."""
    measurement, windows = outcome.measurement, outcome.journal.windows
    outage, verify = measurement.phase(OUTAGE), measurement.phase(VERIFY)
    alert = next((a for name in measurement.must_fire if (a := measurement.alert(name))), None)
    recovered = series.recovered_at(outcome.journal.exchanges, windows[2].began)
    back = "never" if recovered is None else f"{recovered - windows[2].began:.0f} s"
    tiles = [
        (_percent(outage.failing_share), f"of logins fail in the outage "
         f"(forecast {_percent(measurement.forecast_failing)})"),
        ("never" if alert is None else f"{alert.fired_after:.0f} s",
         f"from the fault to {' and '.join(measurement.must_fire)}"),
        (back, "from the first step of the cure to the last failing login"),
        (_percent(verify.failing_share), "fail when the same traffic is fired again"),
    ]  # fmt: skip
    cells = (f"<div class=tile><b>{escape(b)}</b><span>{escape(s)}</span></div>" for b, s in tiles)
    return f"<div class=tiles>{''.join(cells)}</div>"


def _phases(document: Mapping[str, Any]) -> str:
    rows = []
    for one in document["phases"]:
        spread = " / ".join(f"{(share or 0) * 100:.1f}" for share in one["attempt_shares"].values())
        latency = one["latency_s"]
        rows.append([
            f"{escape(one['name'])}<small>{escape(one['deed'])}</small>",
            f"{one['seconds']:.1f} s",
            f"{one['achieved']}",
            f"{one['dropped']}",
            _percent(one["failing_share"]),
            _percent(one["failing_share_whole"]),
            *[_seconds(latency[name]) for name in ("p50", "p95", "p99")],
            spread,
            f"<code>{escape(one['config_hash'][:8])}</code>",
        ])  # fmt: skip
    names = escape(" / ".join(document["phases"][0]["attempt_shares"]))
    head = ["phase", "length", "logins", "dropped", "failing", "whole phase", "p50", "p95", "p99"]
    return _table([*head, f"<th class=wrap>% of attempts at {names}", "config"], rows)


def _forecast(document: Mapping[str, Any]) -> str:
    """Bars of CSS: measured above forecast."""
    outage = next(one for one in document["phases"] if one["name"] == OUTAGE)
    forecast = document["forecast"]
    pairs = [("failing share of all logins", outage["failing_share"], forecast["failing_share"])]
    for name, share in outage["attempt_shares"].items():
        pairs.append((f"attempts at {name}", share, forecast["shares"].get(name, 0.0)))
    rows = [
        [
            escape(what),
            _percent(measured),
            _percent(predicted),
            f"<div class=pair><i style='width:{(measured or 0) * 100:.1f}%'></i>"
            f"<i style='width:{(predicted or 0) * 100:.1f}%'></i></div>",
        ]
        for what, measured, predicted in pairs
    ]
    key = "<p class=key><i></i>measured<i class=f></i>forecast, made before the run</p>"
    return key + _table(["", "measured", "forecast", ""], rows)


def _checks(document: Mapping[str, Any]) -> str:
    rows = [
        [
            ("<span class=ok>✓</span> " if one["ok"] else "<span class=no>✗</span> ")
            + escape(one["name"]),
            f"<td class=l>{escape(one['expected'])}",
            f"<td class=l>{escape(one['measured'])}",
            f"<td class=l>{'measurement' if one['validity'] else 'system'}",
        ]
        for one in sorted(document["checks"], key=lambda one: bool(one["ok"]))
    ]
    head = ["check", "<th class=l>expected", "<th class=l>measured", "<th class=l>judges the"]
    return _table(head, rows)


def _made(document: Mapping[str, Any]) -> str:
    """Everything needed to run the same again, and how numbers are to be read."""
    facts = {
        "started": document["started_at"],
        "seed": document["seed"],
        "clients": "distinct loopback addresses"
        if document["sources_bound"]
        else "one shared address (127/8 cannot be bound on this system)",
        **document["versions"],
        **{f"setting {name}": value for name, value in document["settings"].items()},
        **{
            f"configuration in {one['name']}": one["config_hash"]
            for one in document["phases"]
            if one["name"] in (BASELINE, OUTAGE, VERIFY)
        },
    }
    rows = [
        [escape(name), f"<td class=l><code>{escape(str(v))}</code>"] for name, v in facts.items()
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in document["notes"])
    return f"<ul>{notes}</ul><details><summary>Seed, versions, settings</summary>" + (
        f"{_table(['', ''], rows)}</details>"
    )


def _prose(text: str) -> str:
    """Text with `code` in it."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose cells are HTML already; one that begins with its own tag keeps it.

    The first column is aligned to the left.
    """
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<div class='card scroll'><table>{''.join(lines)}</table></div>"


def _row(tag: str, cells: Iterable[str]) -> str:
    """One row of a table."""
    opened = [
        cell if cell.startswith(f"<{tag}") else f"<{tag}{'' if index else ' class=l'}>{cell}"
        for index, cell in enumerate(cells)
    ]
    return f"<tr>{''.join(opened)}</tr>"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
