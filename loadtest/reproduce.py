"""`evenhand reproduce`: an outage, its alert, its cure and the verdict, in one command."""

import argparse
import asyncio
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from loadtest.catalogue import UnknownScenario, find
from loadtest.config_api import ConfigRefused
from loadtest.forecast import ForecastFailed
from loadtest.generator import GeneratorFailed
from loadtest.junit import junit
from loadtest.progress import Display
from loadtest.report import report, to_text
from loadtest.run import Outcome, PartDied, Plan, Watcher, run
from loadtest.settings import BadSetting, parse
from loadtest.stack import CANNOT_START, PartFailed
from loadtest.verdict import Check, Verdict

FLAGSHIP = "weight-units"
COULD_NOT_RUN = 2
INTERRUPTED = 130
HELP = """\
Starts the whole stack, runs a scenario's phases under the same seeded traffic, breaks and mends the
balancer through its public configuration interface, and judges what was measured.

  evenhand reproduce                                    the flagship, weight-units
  evenhand reproduce weight-units --seed 2 --safe       with the safe defaults of authsvc
  evenhand reproduce --set hot_weight=8 --set outage_s=15
  evenhand scenarios                                    what else there is, and what can be set

Writes report.html (for people), report.json, junit.xml, exchanges.jsonl and Locust's own files.

Exit codes: 0 the verdict is pass, 1 it is fail, 2 could not run, 3 the measurement is invalid,
130 interrupted (Ctrl-C, SIGTERM). Whichever way it ends, nothing keeps running.
"""
EXPECTED = (
    *CANNOT_START,
    PartFailed,
    PartDied,
    GeneratorFailed,
    ConfigRefused,
    ForecastFailed,
    LookupError,
    ValueError,
    aiohttp.ClientError,
    TimeoutError,
)
"""What can keep a run from being made, each with a message that a person can act on."""


def parser() -> argparse.ArgumentParser:
    """The verb's arguments."""
    made = argparse.ArgumentParser(
        prog="evenhand reproduce",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("name", nargs="?", default=FLAGSHIP, metavar="NAME", help=f"default: {FLAGSHIP}")
    add("--seed", type=int, default=1, help="of the arrivals (default: 1)")
    add("--safe", action="store_true", help="bounded hash queue, abandoned work dropped")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting")
    add("--skip-cure", action="store_true", help="leave the cure out: must end in `fail`")
    add("--out", type=Path, metavar="DIR", help="default: reports/NAME-SEED, -safe added")
    add("--port-base", type=int, default=8080, help="first of the ports (default: 8080)")
    add("--json", action="store_true", help="print report.json, and nothing else, to stdout")
    return made


def plan_of(options: argparse.Namespace) -> Plan:
    """What was asked for. Raises UnknownScenario, BadSetting."""
    scenario = find(options.name)
    settings = parse(scenario.settings, options.set, options.safe)
    folder = f"{scenario.name}-{options.seed}{'-safe' if options.safe else ''}"
    out = options.out or Path("reports") / folder
    return Plan(
        scenario, settings, options.seed, options.port_base, out.resolve(), not options.skip_cure
    )


def main(argv: Sequence[str]) -> int:
    """The verb; returns its exit code."""
    options = parser().parse_args(argv)
    try:
        plan = plan_of(options)
    except (UnknownScenario, BadSetting) as error:
        sys.stderr.write(f"evenhand reproduce: {error}\n")
        return COULD_NOT_RUN
    sys.stderr.write(
        f"{plan.scenario.title} ({plan.scenario.name}, seed {plan.seed}): "
        f"phases of at most {plan.longest:.0f} s in all\n"
    )
    watcher = Display(plan, sys.stderr)
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(_until_told(plan, watcher))
        written = write(outcome, watcher)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("evenhand reproduce: interrupted; everything has been stopped\n")
        return INTERRUPTED
    except EXPECTED as error:
        sys.stderr.write(f"evenhand reproduce: could not run: {str(error) or repr(error)}\n")
        return COULD_NOT_RUN
    except Exception:  # noqa: BLE001 - Python's 1 for a crash would read as the verdict `fail`
        sys.stderr.write(f"evenhand reproduce: a bug, please report it:\n{traceback.format_exc()}")
        return COULD_NOT_RUN
    sys.stdout.write(written if options.json else summary(outcome))
    return outcome.verdict.exit_code


async def _until_told(plan: Plan, watcher: Watcher) -> Outcome:
    """The run, which SIGTERM ends as cleanly as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine always runs in a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, watcher)


def write(outcome: Outcome, watcher: Watcher) -> str:
    """Write every report into the plan's folder; returns the text of report.json."""
    from loadtest.page import page  # here, since matplotlib takes a second to import

    plan, windows = outcome.plan, outcome.journal.windows
    text = to_text(report(outcome))
    seconds = windows[-1].ended - windows[0].began
    suite = f"evenhand.{plan.scenario.name}"
    (plan.out / "report.json").write_text(text, encoding="utf-8")
    (plan.out / "junit.xml").write_text(junit(suite, seconds, outcome.checks), encoding="utf-8")
    watcher.says("drawing the report …")
    (plan.out / "report.html").write_text(page(outcome), encoding="utf-8")
    return text


def summary(outcome: Outcome) -> str:
    """The verdict for a terminal: the phases, what did not hold, where to read on."""
    plan = outcome.plan
    lines = ["", f"  {'phase':<12}{'logins':>7}{'failing':>9}{'p50':>8}{'p99':>8}   attempts"]
    for phase in outcome.measurement.phases:
        spread = " / ".join(f"{share * 100:.0f}" for share in phase.attempt_shares.values())
        lines.append(
            f"  {phase.name:<12}{phase.achieved:>7}{phase.failing_share:>9.1%}"
            f"{phase.latency['p50']:>6.2f} s{phase.latency['p99']:>6.2f} s   {spread} %"
        )
    lines += ["", f"  forecast: {outcome.measurement.forecast_failing:.1%} failing in the outage"]
    for alert in outcome.measurement.alerts:
        after = alert.resolved_after
        end = "still fires" if after is None else f"resolved {after:.1f} s after the cure began"
        lines.append(f"  {alert.name} fired {alert.fired_after:.1f} s after the fault, {end}")
    failed = [check for check in outcome.checks if not check.ok]
    lines += ["", *(_complaint(check) for check in failed)]
    passed = len(outcome.checks) - len(failed)
    lines += [
        f"  {MEANING[outcome.verdict]} ({passed} of {len(outcome.checks)} checks hold)",
        f"  {plan.out / 'report.html'}",
    ]
    return "\n".join(lines) + "\n"


MEANING = {
    Verdict.PASS: "PASS: the outage was reproduced, and the cure holds under the same traffic",
    Verdict.FAIL: "FAIL: the measurement is sound, but the story did not come true",
    Verdict.INVALID: "INVALID: the load generator was disturbed, so this proves nothing; "
    "try again on a quieter machine",
}


def _complaint(check: Check) -> str:
    return f"  ✗ {check.name}: expected {check.expected}; measured {check.measured}"
