"""The tables say what the rows say."""

import json
from dataclasses import replace

from bench.faults import report
from bench.faults.counting import count
from bench.faults.run import Row
from tests.bench.faults.records import asked, tally

ROWS = [
    Row("ours", "kill-stays", 0, tally(("GET", "http_502")), ("0 GET lost",)),
    Row("nginx", "kill-stays", 0, tally(), ()),
    Row("nginx", "reload-keepalive", 100, tally(("POST", "cut")), ("0 lost",)),
]


def test_the_terminal_has_a_block_for_each_scenario() -> None:
    """Aligned, with the reasons for what was lost, and with our misses named."""
    text = report.terminal(ROWS)

    assert "kill-stays: kill -9 of one instance" in text
    assert "reload-keepalive: 100 reloads" in text
    assert "502: 1" in text


def test_each_of_our_aims_stands_beside_what_was_measured() -> None:
    """With the guard that a missed one takes; the aims are ours, so others are not judged."""
    judged = [line for row in ROWS if row.is_ours for line in report.verdicts(row)]

    assert judged[0][:5] == ["ours", "kill-stays", "0 GET lost", "1", "missed"]
    assert "retries" in judged[0][5]
    assert judged[-1][2:] == ["no POST executed twice", "0", "met", "–"]
    assert "Each aim, and what was measured" in report.terminal(ROWS)
    assert "Each aim, and what was measured" not in report.terminal(ROWS[1:])


def test_a_column_stands_where_it_means_something() -> None:
    """Reloads where there were some, in flight where something was killed."""
    killed, reloaded = report.terminal(ROWS[:2]), report.terminal(ROWS[2:])

    assert "in flight there" in killed
    assert "reloads" not in killed.splitlines()[1]
    assert "reloads" in reloaded.splitlines()[1]
    assert "in flight there" not in reloaded


def test_markdown_rows_have_as_many_cells_as_the_head() -> None:
    """Else the table does not render."""
    lines = [line for line in report.markdown(ROWS[:2]).splitlines() if line.startswith("|")]

    figures, aims = lines[:4], lines[4:]
    assert len({line.count("|") for line in figures}) == 1
    assert len(aims) == 2 + len(report.verdicts(ROWS[0]))
    assert len({line.count("|") for line in aims}) == 1


def test_a_saved_run_reads_back_the_same() -> None:
    """Through real JSON."""
    saved = json.loads(json.dumps(report.document(ROWS, {"rate": 250})))

    assert report.rows_from(saved) == ROWS


def test_figures_that_do_not_add_up_are_called_out() -> None:
    """An answer that no instance gave makes the row worthless."""
    odd = Row("envoy", "kill-stays", 0, tally(("GET", "cut")), ())
    nobody = count([asked("answered by nobody")], [])
    broken = Row("envoy", "kill-stays", 0, nobody, ())

    assert not any("do not add up" in line for line in report.remarks([odd]))
    assert any("do not add up" in line for line in report.remarks([broken]))


def test_latencies_of_a_busy_machine_are_called_out() -> None:
    """If the client was late itself, the row's latencies say nothing of the proxy."""
    calm = Row("envoy", "kill-stays", 0, tally(), ())
    busy = replace(calm, tally=replace(calm.tally, client_lag_p99_ms=90.0))

    assert report.remarks([calm]) == []
    assert "p99 90 ms" in report.remarks([busy])[0]
