"""The same samples, the same questions: our evaluator beside the real Prometheus.

Needs Debian's `prometheus` (2.42: `apt-get install prometheus`); skipped with a word where it is
missing. Prometheus 3 leaves the start of a window out, so another major version is not compared.
"""

import asyncio
import json
import random
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.alerting import Alert
from monitor.compression import compress_group
from monitor.promql import Query, compile_expression
from monitor.rulefile import load_rules, show_rules
from monitor.selectors import Instant
from monitor.store import Store
from monitor.values import NAME, EvaluationError, Labels, Value, Vector, labels_of, show
from monitor.watch import Watch
from tests.monitor.conftest import eventually
from tests.monitor.outage import DRAINED, EVEN, HOT, Phase, feed, snapshot, weight_units

ALERTS = Path(__file__).parents[2] / "ops" / "alerts"
START_S = 1_700_000_000
TOLERANCE = 1e-9

QUERIES = [
    "c", "rate(c[1m])", "increase(c[1m])", "rate(c[17s])", "increase(c[3s])", "rate(c[5m])",
    "increase(c[40s] offset 33s)", "changes(g[1m])", "max_over_time(g[45s])",
    "min_over_time(g[45s])", "avg_over_time(g[45s])", "g offset 2m", "g > 0", "g > bool 0",
    "0 < g", "-g", "g % 7", "g ^ 2", "2 ^ g", "c / g", "c / on (a, b) g", "c - ignoring (z) g",
    "c > on (a, b) g", "c == on (a, b) c", "sum by (a) (g)", "avg without (b) (g)", "max(g)",
    "min by (b) (g)", "count by (a) (g)", "count(nothing)", "sum by (a) (rate(c[1m])) > 1",
    'g{b=~"1|2"}', 'g{b!~"1.*"}', 'g{b!="1"}', 'g{nix=""}', '{__name__=~"c|g", a="x"}',
    "c and g", "c or g", "c unless g", "c and on (b) g > 0", "g or on (a) c", "time()",
    "vector(2)", "sum(c) + vector(1)", "c * on (a) g", "rate({__name__=~'c|g'}[1m])",
    "c / on () g", "1 / (g - g)", "(g - g) / (g - g)",
]  # fmt: skip


def samples(seed: int) -> dict[Labels, list[tuple[int, float]]]:
    """Counters that reset and gauges that wander, irregularly sampled, with gaps."""
    dice, found = random.Random(seed), {}
    for name in ("c", "g"):
        for a in ("x", "y"):
            for b in ("1", "2"):
                labels = labels_of([(NAME, name), ("a", a), ("b", b)])
                at_ms, value, points = START_S * 1000 + dice.randrange(9000), 0.0, []
                while at_ms < (START_S + 400) * 1000:
                    grow = dice.choice([0, 1, 2.5, 30]) if name == "c" else dice.gauss(0, 3)
                    value = 0.0 if name == "c" and dice.random() < 0.06 else value + grow
                    points.append((at_ms, value))
                    at_ms += dice.choice([5000, 5000, 5000, 4800, 5013, 21_000])
                found[labels] = points
    return found


@pytest.fixture(scope="module")
def prometheus_2() -> str:
    """The path of a Prometheus 2, or the reason why there is nothing to compare with."""
    path = shutil.which("prometheus")
    if not path or not shutil.which("promtool"):
        pytest.skip("no prometheus on this machine (Debian: apt-get install prometheus)")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    if "version 2." not in version.stdout + version.stderr:
        pytest.skip("the prometheus on this machine is not a version 2")
    return path


@pytest.fixture
async def ask(prometheus_2: str, tmp_path: Path) -> AsyncIterator[Any]:
    """A real Prometheus that holds `samples(1)`; call it with a query and a time."""
    text = tmp_path / "samples.txt"
    lines = [
        f"{show(labels).replace(', ', ',')} {value!r} {at_ms / 1000:.3f}\n"
        for labels, points in samples(1).items()
        for at_ms, value in points
    ]
    text.write_text("".join(lines) + "# EOF\n")
    data = tmp_path / "data"
    await _run("promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data))
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{probe.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        prometheus_2, f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={base.removeprefix('http://')}", "--log.level=error",
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                try:
                    async with session.get(f"{base}/-/ready") as answer:
                        return answer.status == 200
                except aiohttp.ClientConnectionError:
                    return False

            async def query(text: str, at_ms: int) -> Any:
                asked = {"query": text, "time": f"{at_ms / 1000:.3f}"}
                async with session.post(f"{base}/api/v1/query", data=asked) as answer:
                    return await answer.json()

            await eventually(ready, 30)
            yield query
    finally:
        process.terminate()
        await process.wait()


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.live
async def test_every_value_equals_prometheuss(ask: Any) -> None:
    """Selectors, functions, aggregation, matching and errors, at 15 moments each."""
    store = Store(10**9, 10**6)
    rows = [(at, k, v) for k, points in samples(1).items() for at, v in points]
    for at_ms, labels, value in sorted(rows):
        store.append(labels, at_ms, value)
    dice, compared = random.Random(2), 0

    for text in QUERIES:
        query = compile_expression(text)
        for _ in range(15):
            at_ms = START_S * 1000 + dice.randrange(0, 720_000)
            theirs = await ask(text, at_ms)
            ours = _evaluated(query, Instant(store, at_ms, 300_000))
            assert (ours is None) == (theirs["status"] == "error"), f"{text} at {at_ms}: {theirs}"
            if ours is None:
                continue
            vector = ours if isinstance(ours, dict) else {(): ours}
            assert vector == _approximately(theirs["data"]), f"{text} at {at_ms}"
            compared += len(vector)

    assert compared > 1000


def _evaluated(query: Query, instant: Instant) -> Value | None:
    """The value, or None where the evaluator refuses to guess."""
    try:
        return query.evaluate(instant)
    except EvaluationError:
        return None


def _approximately(data: dict[str, Any]) -> Any:
    if data["resultType"] == "scalar":
        found: Vector = {(): float(data["result"][1])}
    else:
        found = {
            labels_of(element["metric"].items()): float(element["value"][1])
            for element in data["result"]
        }
    return pytest.approx(found, rel=TOLERANCE, abs=1e-12, nan_ok=True)


FAULT, REBALANCE, DRAIN, DEATH, END = 20, 40, 50, 64, 90
PHASES = [Phase(0, EVEN), Phase(FAULT, HOT), Phase(REBALANCE, EVEN), Phase(DRAIN, DRAINED)]


@pytest.mark.live
def test_every_alert_fires_in_the_same_second(prometheus_2: str, tmp_path: Path) -> None:
    """The shipped rules over the flagship outage, in which the hot instance dies at last.

    promtool is told for each second what fires here, labels and annotations included.
    """
    ledger = weight_units(PHASES, END)
    pages = [snapshot(ledger, second) for second in range(END)]
    for page in pages[DEATH:]:
        for labels in [k for k in page if ("instance", "auth-1") in k]:
            del page[labels]
    groups = [compress_group(group, 30) for group in load_rules(ALERTS)]
    (tmp_path / "rules.yml").write_text(show_rules(groups))
    store = Store(10**6, 10**6)
    watch = Watch([], groups, store, 300_000)  # promtool's lookback is not to be set
    expected = []
    for second, page in enumerate(pages):
        feed(store, page, second * 1000)
        for labels in (pages[second - 1].keys() if second else set()) - page.keys():
            store.append(labels, second * 1000, None)
        for group in groups:
            watch.evaluate(group.name, second * 1000)
        expected += [_expected(second, rule.name, watch.alerts) for g in groups for rule in g.rules]
    assert sum(len(e["exp_alerts"]) for e in expected) > END + 50
    series = [{"series": show(k), "values": _notation(pages, k)} for k in set().union(*pages)]
    test = {"interval": "1s", "input_series": series, "alert_rule_test": expected}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1s", "tests": [test]}
    (tmp_path / "test.yml").write_text(json.dumps(document))

    verdict = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "test.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert verdict.returncode == 0, re.sub(r"\s+", " ", verdict.stdout + verdict.stderr)[:2000]


def _expected(second: int, rule: str, alerts: list[Alert]) -> dict[str, Any]:
    firing = [
        {
            "exp_labels": {k: v for k, v in alert.labels if k != "alertname"},
            "exp_annotations": alert.annotations,
        }
        for alert in alerts
        if alert.rule == rule and alert.state == "firing"
    ]
    return {"eval_time": f"{second}s", "alertname": rule, "exp_alerts": firing}


def _notation(pages: list[Vector], labels: Labels) -> str:
    """A series in promtool's notation: `_` before it begins, `stale` when it ends."""
    values, before = [], False
    for page in pages:
        there = labels in page
        values.append(repr(page[labels]) if there else ("stale" if before else "_"))
        before = there
    return " ".join(values)
