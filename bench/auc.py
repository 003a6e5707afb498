"""How well one of two kinds can be told from the other by a measured value.

The AUC is the chance that a value of the one is greater than a value of the other, ties counting
half: 0.5 tells nothing, 0 and 1 tell everything. Its interval is DeLong's (Biometrics 44, 1988).
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist, mean, variance
from typing import NamedTuple


class Auc(NamedTuple):
    """The estimate and its interval."""

    value: float
    low: float
    high: float

    @property
    def tells(self) -> bool:
        """Whether chance is not among what it could be."""
        return not self.low <= 0.5 <= self.high

    @property
    def tells_nothing(self) -> bool:
        """Whether chance is, and everything that it could be lies near it. Else: too few values."""
        return not self.tells and self.low >= 0.4 and self.high <= 0.6


def auc(ones: Sequence[float], others: Sequence[float], comparisons: int = 1) -> Auc:
    """The AUC of `ones` over `others`; two values of each at least.

    The interval holds with 95 % for all of so many comparisons together (Bonferroni): of twenty at
    95 % each, one would be wrong on most days.
    """
    over, under = _share_below(ones, others), _share_below(others, ones)
    value = mean(over)
    error = math.sqrt(variance(over) / len(over) + variance(under) / len(under))
    reach = NormalDist().inv_cdf(1 - 0.05 / 2 / comparisons) * error
    return Auc(value, max(0.0, value - reach), min(1.0, value + reach))


def _share_below(values: Sequence[float], of: Sequence[float]) -> list[float]:
    """For each value, the share of the others that lie below it."""
    ordered = sorted(of)
    return [
        (bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 / len(ordered)
        for value in values
    ]
