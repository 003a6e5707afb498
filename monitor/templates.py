"""Alert labels and annotations: the little of Go's templates that rules here may use.

`{{ $labels.NAME }}`, `{{ $value }}` and `{{ $value | humanizePercentage }}`; anything else is
refused when rules are loaded, so what both Prometheus and this monitor print stays the same.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.([A-Za-z_][A-Za-z0-9_]*)")
_PERCENT = re.compile(r"\$value\s*\|\s*humanizePercentage")


def check_template(text: str) -> None:
    """Raise ValueError naming the first thing in the template that is not understood."""
    for action in _ACTION.finditer(text):
        body = action[1]
        trims = "{{-" in action[0] or "-}}" in action[0]
        if trims or not (body == "$value" or _LABEL.fullmatch(body) or _PERCENT.fullmatch(body)):
            raise ValueError(
                f"cannot expand {action[0]}; known are {{{{ $labels.NAME }}}}, {{{{ $value }}}} "
                "and {{ $value | humanizePercentage }}"
            )
    if "{{" in _ACTION.sub("", text):
        raise ValueError("a {{ is never closed by }}")


def expand(text: str, labels: Mapping[str, str], value: float) -> str:
    """Fill a checked template; a label that is not there gives nothing, as in Prometheus."""

    def fill(action: re.Match[str]) -> str:
        label = _LABEL.fullmatch(action[1])
        if label:
            return labels.get(label[1], "")
        return go_float(value) if action[1] == "$value" else humanize_percentage(value)

    return _ACTION.sub(fill, text)


def humanize_percentage(value: float) -> str:
    """A share as a percentage with four significant digits: 0.8125 is `81.25%`."""
    if not math.isfinite(value):
        return go_float(value) + "%"
    return f"{value * 100:.4g}%"


def go_float(value: float) -> str:
    """As Go prints a float: shortest exact digits, an exponent below 1e-04 and from 1e+06 on.

    Source: strconv's 'g' with precision -1, which text/template reaches through fmt's `%v`.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    exponent = Decimal(repr(value)).adjusted() if value else 0
    if exponent < -4 or exponent >= 6:
        return go_exponent(value)
    return f"{Decimal(repr(value)).normalize():f}" if value else "0"


def go_exponent(value: float) -> str:
    """As Prometheus's API gives an alert's value: `8.125e-01` (strconv's 'e', shortest digits)."""
    if not math.isfinite(value):
        return go_float(value)
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).adjusted() if value else 0
    first, *rest = map(str, digits)
    fraction = "." + "".join(rest) if rest else ""
    return f"{'-' if sign else ''}{first}{fraction}e{exponent:+03d}"
