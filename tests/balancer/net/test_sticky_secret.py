"""The secret of sticky cookies: read before a configuration counts, and never too short."""

from pathlib import Path
from random import Random

import pytest

from balancer import config
from balancer.net.opened import CannotOpen, open_files

STICKY = """\
listen: 127.0.0.1:8080
routes: [{pool: auth}]
pools:
  - name: auth
    algorithm: sticky
    sticky: {secret_file: %s}
    endpoints: [{address: "127.0.0.1:9001"}]
"""


def test_the_secret_signs_the_pools_cookies(tmp_path: Path) -> None:
    """Without the line's end that an editor leaves."""
    (tmp_path / "secret").write_bytes(b"s" * 32 + b"\n")

    opened = open_files(config.parse(STICKY % (tmp_path / "secret")), Random(1), lambda: 0.0)

    assert opened.stickiness["auth"].secret == b"s" * 32


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"short", "has 5 octets; a secret takes 32 or more")],
)
def test_a_secret_that_is_missing_or_short_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """With the setting's name, the file, and what would do."""
    if content is not None:
        (tmp_path / "secret").write_bytes(content)

    with pytest.raises(CannotOpen) as refused:
        open_files(config.parse(STICKY % (tmp_path / "secret")), Random(1), lambda: 0.0)

    assert str(refused.value).startswith(f"pools[0].sticky.secret_file: {tmp_path / 'secret'}: ")
    assert reason in str(refused.value)
