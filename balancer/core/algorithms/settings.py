"""What an algorithm may be told beside its endpoints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Each algorithm reads what it needs."""

    bound: float = 1.25
    """For `bounded_hash`: no endpoint carries more than so many times its part of what is in
    flight. At least 1; the paper's example, and between HAProxy's 125 and 200 advised."""


DEFAULTS = Settings()
