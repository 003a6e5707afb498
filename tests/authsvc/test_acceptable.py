"""Which new passwords are refused, and why."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.hashing.acceptable import Refused, common, refusal


@pytest.mark.parametrize(
    "password",
    ["password", "PassWord", "p@ssw0rd", "Password123!", "iloveyou2024", "drowssap", "qwertyuiop"],
)
def test_what_everybody_chooses_is_refused(password: str) -> None:
    """Also in other case, with signs for letters, with a tail, or backwards."""
    assert refusal(password, "alice") is Refused.COMMON


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "🐎" * 9])
def test_one_sign_again_and_again_is_no_password(password: str) -> None:
    """However long."""
    assert refusal(password, "alice") is Refused.COMMON


@pytest.mark.parametrize(
    "password", ["alexander.k", "ALEXANDER.K", "alexander.k1!", "k.rednaxela", "alexander.k" * 2]
)
def test_the_login_is_no_password(password: str) -> None:
    """Nor nearly."""
    assert refusal(password, "alexander.k") is Refused.LIKE_LOGIN


@pytest.mark.parametrize(
    "password", ["correct horse", "aaaaaaab zz", "alexander.k likes tea", "ÄÖÜ?äöü!", "        x"]
)
def test_anything_else_is_taken(password: str) -> None:
    """No rules of composition: a long sentence of small letters is a good password."""
    assert refusal(password, "alexander.k") is None


@pytest.mark.parametrize(
    ("password", "why"), [("short", Refused.TOO_SHORT), ("x" * 1025, Refused.TOO_LONG)]
)
def test_length_comes_first(password: str, why: Refused) -> None:
    """So that nothing is done for what is too long."""
    assert refusal(password, "alice") is why


def test_the_list_is_long_and_in_the_form_that_is_compared() -> None:
    """ASVS 5.0 6.2.4 asks for 3,000 that match the policy; its own header is no password."""
    assert len(common()) == 10_000
    assert all(len(p) >= 8 and unicodedata.normalize("NFC", p).casefold() == p for p in common())


@pytest.mark.parametrize(
    ("password", "login"),
    [("user12345", "user1234"), ("user1234", "user0001"), ("u$er0001", "user0001")],
)
def test_a_login_with_digits_is_no_password_either(password: str, login: str) -> None:
    """With others, or with more of them."""
    assert refusal(password, login) is Refused.LIKE_LOGIN


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_gets_an_answer(password: str, login: str) -> None:
    """And an accepted one is neither on the list nor the login."""
    if refusal(password, login) is None:
        assert password.casefold() not in common()
        assert password.casefold() != login.casefold()
