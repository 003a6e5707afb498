"""More endpoints than lines: which of them are shown, and what is said of the others."""

from typing import Any

AROUND = 2
"""Lines of a pool beside its endpoints: its title, and the columns' heads."""


def rooms(table: dict[str, Any], width: int, height: int | None) -> list[int]:
    """Lines for the endpoints of each pool: as many as it has, or an even part of what is left.

    At least two, for the worst endpoint and for what is said of the others.
    """
    sizes = [len(pool["endpoints"]) for pool in table["pools"]]
    if height is None:
        return sizes
    wrapped = sum(-(-len(f"warning: {one}") // width) for one in table.get("warnings", []))
    left, found = height - wrapped - AROUND * len(sizes), dict.fromkeys(range(len(sizes)), 0)
    # Who needs least comes first, and leaves what it does not need to the others.
    for done, pool in enumerate(sorted(found, key=sizes.__getitem__)):
        found[pool] = min(sizes[pool], max(2, left // (len(sizes) - done)))
        left -= found[pool]
    return list(found.values())


def furthest(table: dict[str, Any], width: int, height: int) -> int:
    """How many endpoints may be skipped until the last one of the largest pool is seen."""
    found = zip(table["pools"], rooms(table, width, height), strict=True)
    return max(
        (len(p["endpoints"]) - room + 1 for p, room in found if room < len(p["endpoints"])),
        default=0,
    )


def chosen(
    endpoints: list[dict[str, Any]], room: int, skip: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that are shown in so many lines, and the others.

    All in the order of the file if there is room; else the worst first, with a line kept free.
    """
    if len(endpoints) <= room:
        return endpoints, []
    worst = sorted(endpoints, key=_badness, reverse=True)
    first = min(skip, len(worst) - room + 1)
    last = first + room - 1
    return worst[first:last], worst[:first] + worst[last:]


def summary(others: list[dict[str, Any]]) -> str:
    """How many they are, and their sums."""
    share = sum(one["recent"]["share"] or 0.0 for one in others)
    expected = sum(one["expected_share"] for one in others)
    in_flight = sum(one["in_flight"] for one in others)
    rate = sum(one["recent"]["rate"] for one in others)
    unready = sum(not _ready(one) for one in others)
    return (
        f"and {len(others)} more: {share:.0%} of attempts, {expected:.0%} expected, "
        f"{in_flight} in flight, {rate:.1f} req/s, {unready} not ready"
    )


def _badness(one: dict[str, Any]) -> tuple[bool, int, float]:
    """Not ready, then much in flight, then a share far off what is configured."""
    off = abs((one["recent"]["share"] or 0.0) - one["expected_share"])
    return not _ready(one), one["in_flight"], off


def _ready(one: dict[str, Any]) -> bool:
    wanted = one["state"] == "active" and one["weight"] > 0
    return bool(wanted and one["healthy"] and not one["ejected"])
