"""The balancer's answers in words: changes, previews, ejections, audit entries."""

from typing import Any

Shares = dict[str, dict[str, float]]


def change(answer: dict[str, Any]) -> str:
    """What a change did: the difference, and the shares that are expected now."""
    if not answer["changed"]:
        return f"nothing to change: {answer['hash']} runs already"
    return "\n".join(
        [
            f"changed: {answer['previous']} → {answer['hash']}",
            *_difference(answer["diff"]),
            "expected shares:",
            *(
                f"  {pool}/{name}  {share:.1%}"
                for pool, shares in answer["expected_shares"].items()
                for name, share in shares.items()
            ),
            *_warnings(answer),
        ]
    )


def preview(answer: dict[str, Any]) -> str:
    """What a change would do: the difference, and each share before and after."""
    before, after = (answer["expected_shares"][when] for when in ("before", "after"))
    return "\n".join(
        [
            f"nothing applied: {answer['running']} runs, this would be {answer['hash']}",
            *_difference(answer["diff"]),
            "expected shares, before → after:",
            *_moves(before, after),
            *_warnings(answer),
        ]
    )


def ejection(answer: dict[str, Any]) -> str:
    """How an endpoint stands after an ejection or a readmission."""
    what = "ejected" if answer["ejected"] else "not ejected"
    ready = ", ".join(answer["ready"]) or "none: every request gets 503"
    return f"{answer['pool']}/{answer['endpoint']}: {what}; ready: {ready}"


def entry(one: dict[str, Any]) -> str:
    """An audit entry: a line, and one for each difference."""
    action = f" {one['action']} {one['pool']}/{one['endpoint']}" if "action" in one else ""
    lines = [
        f"{one['seq']:>4}  {one['at']}  {one['actor']}  {one['source']}:{action} {one['outcome']}"
    ]
    if one["to"] != one["from"]:
        lines.append(f"      {one['from'] or 'nothing'} → {one['to'] or 'nothing'}")
    return "\n".join([*lines, *(f"      {it}" for it in one.get("diff") or one.get("reason", []))])


def _difference(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines] or ["  (no setting differs, only its text)"]


def _warnings(answer: dict[str, Any]) -> list[str]:
    return [f"warning: {one}" for one in answer["warnings"]]


def _moves(before: Shares, after: Shares) -> list[str]:
    lines = []
    for pool in [*before, *(after.keys() - before.keys())]:
        was, will = before.get(pool, {}), after.get(pool, {})
        for name in [*was, *(will.keys() - was.keys())]:
            lines.append(f"  {pool}/{name}  {_share(was, name)} → {_share(will, name)}")
    return lines


def _share(shares: dict[str, float], name: str) -> str:
    return f"{shares[name]:.1%}" if name in shares else "–"
