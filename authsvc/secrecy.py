"""Whether a secret could be guessed. No I/O; the secret is never part of what is said."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

LEAST_BITS = 88  # 32 random hexadecimal digits, the least that is let in, have 115 or so
_EXAMPLES = (b"pepper", b"secret", b"change", b"password", b"example", b"evenhand")


def weakness(secret: bytes) -> str | None:
    """Why a secret looks like one that a person typed, or None.

    Nobody can measure the entropy of one value. What is looked for is what happens: a placeholder
    from an example, one byte or block repeated, letters in order, a short word filled up.
    """
    if any(word in secret.lower() for word in _EXAMPLES):
        return "has a word of an example in it"
    if _period(secret) <= len(secret) / 2:
        return "repeats itself"
    steps = [(b - a) % 256 for a, b in pairwise(secret)]
    if min(_bits(secret), _bits(steps)) < LEAST_BITS:
        return "is too regular to be random"
    return None


def _period(secret: bytes) -> int:
    """After how many bytes it begins anew; its length if it never does."""
    return (secret + secret).find(secret, 1)


def _bits(values: Sequence[int]) -> float:
    """Shannon entropy of the values' frequencies, times their number."""
    if not values:
        return 0.0
    shares = (count / len(values) for count in Counter(values).values())
    return -sum(share * math.log2(share) for share in shares) * len(values)
