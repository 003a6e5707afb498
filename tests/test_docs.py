"""The documents keep their word: commands run, links lead somewhere, verbs and flags exist."""

import functools
import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from evenhand import VERBS
from tests.loadtest.waiting import unused_base

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "ops").rglob("*.md")]
LONG = {"reproduce", "up", "balancer", "authsvc", "monitor"}
"""Verbs that run until stopped, or for minutes; their own tests run them."""
OPERATING = {"top", "admin", "check"}
"""Verbs that need a running balancer; each command gets one of its own."""
LISTENER = "http://127.0.0.1:8081"
"""The admin listener of the documents."""


def shell_lines() -> list[tuple[str, str]]:
    """Each command in a `sh` block, with its page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.partition(" #")[0].strip()
                if command:
                    found.append((page.relative_to(ROOT).as_posix(), command))
    return found


def verb_uses() -> list[tuple[str, str]]:
    """Each `evenhand VERB …` in code spans and blocks, with its page."""
    return sorted(
        {
            (page.relative_to(ROOT).as_posix(), use.strip())
            for page in PAGES
            for use in re.findall(r"\bevenhand ([a-z]+(?: [^`\n#|]*)?)", page.read_text())
            if f"`evenhand {use}" in page.read_text() or f"\nevenhand {use}" in page.read_text()
        }
    )


def evenhand(
    *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the front door."""
    return subprocess.run(
        [sys.executable, "-m", "evenhand", *arguments], env={**os.environ, **environment},
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def operate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb before a balancer that runs the documents' example, and then stop that."""
    listen, admin = (unused_base() + i for i in range(2))
    token = "the-token-of-a-reader"
    digest = hashlib.sha256(token.encode()).hexdigest()
    tokens = f"127.0.0.1:{admin}, tokens: [{{name: reader, sha256: {digest}}}]"
    text = (ROOT / "ops/examples/weight-units.yaml").read_text()
    config = folder / "balancer.yaml"
    config.write_text(
        text.replace("listen: 127.0.0.1:8080", f"listen: 127.0.0.1:{listen}")
        .replace("127.0.0.1:8081", tokens)
    )  # fmt: skip
    command = [sys.executable, "-m", "evenhand", "balancer", "--config", "balancer.yaml"]
    with subprocess.Popen(
        [*command, "--audit", "audit.jsonl"], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as balancer:
        try:
            assert balancer.stderr is not None
            assert any('"ready"' in line for line in balancer.stderr)
            url = f"http://127.0.0.1:{admin}"
            return evenhand(
                *(word.replace(LISTENER, url) for word in arguments),
                cwd=folder, EVENHAND_ADMIN_URL=url, EVENHAND_ADMIN_TOKEN=token,
            )  # fmt: skip
        finally:
            balancer.terminate()


@functools.cache  # the documents name a verb many times
def help_page(*verb: str) -> str:
    """What a verb says of itself, with its own words behind it."""
    return evenhand(*verb, "--help").stdout


@pytest.mark.live
@pytest.mark.parametrize(("page", "command"), shell_lines())
def test_a_command_in_a_block_runs(page: str, command: str, tmp_path: Path) -> None:
    """Make targets exist (their recipes are run by CI and by other tests); the rest is run."""
    program, *arguments = shlex.split(command)
    if program == "make":
        done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=False)
        assert done.returncode == 0
        return
    assert program.endswith("evenhand"), f"{page}: teach this test to run {program}"
    if arguments[0] in OPERATING:
        operated = operate(tmp_path, *arguments)
        assert operated.returncode == 0, operated.stderr
    elif arguments[0] not in LONG:
        done_text = evenhand(*arguments)
        assert done_text.returncode == 0, done_text.stderr


@pytest.mark.live
@pytest.mark.parametrize(("page", "use"), verb_uses())
def test_a_verb_and_its_flags_exist(page: str, use: str) -> None:
    """A renamed verb or flag must be renamed in the documents too."""
    verb, *words = use.split()
    assert verb in VERBS, f"{page}: no verb {verb}"
    path = [word for word in words[:1] if re.fullmatch("[a-z]+", word)]
    helps = help_page(verb, *path) + help_page(verb)

    for flag in re.findall(r"--[a-z-]+", use):
        assert flag in helps, f"{page}: {verb} has no {flag}"


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in PAGES])
def test_a_link_leads_somewhere(page: str) -> None:
    """Relative links and pictures point at files that are there."""
    text = (ROOT / page).read_text()

    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_front_door_lists_its_verbs() -> None:
    """Without arguments, with --help, and for a verb that it does not know."""
    nothing, asked, wrong = evenhand(), evenhand("--help"), evenhand("balancr")

    assert (nothing.returncode, asked.returncode, wrong.returncode) == (2, 0, 2)
    assert all(verb in asked.stdout for verb in VERBS)
    assert "Did you mean `balancer`?" in wrong.stderr
