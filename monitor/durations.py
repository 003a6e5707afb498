"""Durations as Prometheus writes them (`90s`, `1h30m`, `1500ms`), counted in whole milliseconds."""

from datetime import timedelta

import promql_parser

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_MILLISECOND = timedelta(milliseconds=1)


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as `5m`; `0` and `0s` are zero.

    Raises ValueError for anything else, a number without unit included: Prometheus refuses it.
    """
    if text in ("0", "0s"):
        return 0
    try:
        if text.isdecimal():
            raise ValueError(text)
        return milliseconds(promql_parser.parse_duration(text))
    except ValueError:
        raise ValueError(f"'{text}' is not a duration such as 90s, 5m or 1h30m") from None


def milliseconds(delta: timedelta) -> int:
    """A parsed duration in milliseconds; the parser knows no smaller unit."""
    return delta // _MILLISECOND


def show_duration(duration_ms: int) -> str:
    """The shortest single-unit form: 10000 is `10s`, 90000 `90s`, 1500 `1500ms`, 0 `0s`."""
    for unit, size in _UNITS_MS.items():
        if duration_ms and duration_ms % size == 0 and (unit in ("ms", "s") or duration_ms >= size):
            return f"{duration_ms // size}{unit}"
    return "0s"
