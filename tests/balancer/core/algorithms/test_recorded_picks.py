"""Our picks beside those of the real nginx and Envoy, as `make bench-exactness` recorded them."""

from pathlib import Path

import pytest

from balancer.core.algorithms import ALGORITHMS
from bench.cases import DECIDES, KEYS, SETS, Case, ours, recorded

RECORDS = Path(__file__).parents[3] / "data" / "picks"
CASES = [case for program in DECIDES for case in recorded(RECORDS / f"{program}.json")[1]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.algorithm}-{case.weights}")
def test_every_pick_is_that_of_the_program_which_made_the_rule(case: Case) -> None:
    """Pick for pick, for every key and every set of weights."""
    assert ours(case) == case.picks


def test_the_record_is_whole() -> None:
    """Every set of weights is in it, and for those that hash a thousand keys."""
    kept = {(case.algorithm, tuple(case.weights)) for case in CASES}

    assert kept == {(name, tuple(weights)) for name, sets in SETS.items() for weights in sets}
    assert len(SETS["round_robin"]) == 18
    assert all(len(case.picks) == KEYS for case in CASES if case.algorithm != "round_robin")


def test_nobody_claims_to_be_exact_without_a_record() -> None:
    """Each algorithm that is compared is in the table under that name."""
    assert set(SETS) <= set(ALGORITHMS)
    assert set(SETS) == {name for names in DECIDES.values() for name in names}


def test_a_difference_is_counted() -> None:
    """One digit of the record changed is one difference."""
    case = CASES[0]
    wrong = "1" if case.picks[0] == "0" else "0"

    assert Case(case.algorithm, case.weights, case.addresses, case.picks).differences == 0
    changed = Case(case.algorithm, case.weights, case.addresses, wrong + case.picks[1:])
    assert changed.differences == 1
