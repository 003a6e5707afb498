"""Request ids and W3C trace contexts: kept when well formed, made when not.

Source: W3C Trace Context, section 3.2. A request that comes without any id gets its trace id as
request id too, so that one search finds both.
"""

from random import Random

_ID = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
_HEX = frozenset(b"0123456789abcdef")
LONGEST_ID = 128
"""Octets: enough for any id in use, short enough for a log line."""


def well_formed_id(value: bytes) -> bool:
    """Whether a request id is harmless in a log line and a header field."""
    return 0 < len(value) <= LONGEST_ID and _ID.issuperset(value)


def well_formed_trace(value: bytes) -> bool:
    """Whether a traceparent is of version 00, with ids that are not all zero."""
    return (
        len(value) == 55
        and value[:3] == b"00-"
        and value[35:36] == value[52:53] == b"-"
        and _HEX.issuperset(value[3:35] + value[36:52] + value[53:])
        and value[3:35] != b"0" * 32
        and value[36:52] != b"0" * 16
    )


def new_trace(rng: Random) -> bytes:
    """A new traceparent, not sampled: whether to sample is the tracing system's to say.

    That an id is all zero, which would be wrong, is left to chance: once in 2^64 requests.
    """
    digits = rng.randbytes(24).hex().encode()
    return b"00-%b-%b-00" % (digits[:32], digits[32:])
