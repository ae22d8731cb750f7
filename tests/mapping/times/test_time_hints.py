"""What settles a time that cannot be read: a line of the profile where that has the say, an option where it has not."""

import json
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from command_support import Desk

FIELDS: Final = 'profile = 1\n[fields]\nuserId = "Who"\nevent = "What"\n'
NAMELESS: Final = "profile = 1\n"
MAPPED: Final = ("--map", "userId=Who", "--map", "event=What")
NAMED: Final = f'{FIELDS}timestamp = "Sent At"\n'
GAP: Final = "2024-03-31 02:30:00"
TABLE: Final = '[time.columns."Sent At"]'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def hint(desk: Desk, profile: str, time: str, *words: str, column: str = "Sent At") -> str:
    """What is said to settle the one error that a row with this time has."""
    (desk.folder / "p.toml").write_text(profile, encoding="utf-8")
    (desk.folder / "in.ndjson").write_text(
        json.dumps({"Who": "u1", "What": "opened", column: time}), encoding="utf-8"
    )
    done = desk.run("validate", "in.ndjson", "--profile", "p.toml", "--json", *words)
    (found,) = [one for one in done.json["problems"] if one["severity"] == "error"]
    return str(found["hint"])


ZONED: Final = f'{NAMED}[time]\nzone = "Europe/Berlin"\n'
FORMED: Final = f'{NAMED}[time]\nformat = "%Y/%m/%d"\nzone = "UTC"\n'


@pytest.mark.parametrize(
    ("profile", "time", "words", "expected"),
    [
        (NAMED, "2024-03-01 09:30", (), f'in p.toml {TABLE} zone = "Europe/Berlin", for example'),
        (NAMED, "2024-03-01", (), f'{TABLE} format = "%Y-%m-%d"; and zone = "NAME" there'),
        (ZONED, "2024-03-01", (), f'in p.toml {TABLE} format = "%Y-%m-%d"'),
        (ZONED, GAP, (), f'{TABLE} zone = "UTC" if its times are UTC'),
        (ZONED, GAP, ("--timezone", "Europe/Berlin"), "--timezone UTC if its times are UTC"),
        (FORMED, "yesterday", (), f'give the format that fits: in p.toml {TABLE} format = "FMT"'),
        (
            FORMED,
            "yesterday",
            ("--timestamp-format", "%Y-%m-%d"),
            "set the matching format: --timestamp-format FMT",
        ),
        (
            ZONED,
            "yesterday",
            (),
            f'give the format of all cells: in p.toml {TABLE} format = "FMT"',
        ),
        (NAMED, "45352.39", (), f'save it again, then write in p.toml {TABLE} zone = "UTC"'),
        (ZONED, "2099-01-01 00:00:00", (), f"whether the zone is right, in p.toml {TABLE} zone"),
        (NAMED, "2099-01-01T00:00:00Z", (), 'check that the right column is mapped: timestamp = "COLUMN"'),
        (NAMED, "17092854001", (), 'is mapped: timestamp = "COLUMN" under [fields] or [[event]] in p.toml'),
        (NAMED, "0001-01-01T00:00:00Z", (), "fix the cell in the export"),
        (NAMED, "", (), "fill in the time in the export"),
    ],
)
def test_the_hint_names_whoever_has_the_say_on_a_column_of_the_profile(
    profile: str, time: str, words: tuple[str, ...], expected: str, desk: Desk
) -> None:
    assert expected in hint(desk, profile, time, *words)


@pytest.mark.parametrize("column", ["Sent At", "Zeit", 'Sent "at"', "Sent\\At", "at.utc", "Gesendet für"])
def test_the_line_is_one_that_a_profile_can_hold_whatever_the_column_is_called(
    column: str, desk: Desk
) -> None:
    profile = f"{FIELDS}timestamp = {json.dumps(column)}\n"
    said = hint(desk, profile, "2024-03-01 09:30:00", column=column)
    found = re.match(r"in p\.toml (\[time\.columns\..*\]) (zone = \"\S+\"),", said)
    assert found is not None, said
    line = f"{found[1]}\n{found[2]}\n"
    assert tomllib.loads(line) == {"time": {"columns": {column: {"zone": "Europe/Berlin"}}}}
    (desk.folder / "p.toml").write_text(profile + line, encoding="utf-8")
    assert desk.run("validate", "in.ndjson", "--profile", "p.toml").code == 0


def test_the_line_goes_by_the_name_that_the_profile_has_for_the_column_already(desk: Desk) -> None:
    profile = f'{NAMED}[time.columns."sent at"]\nformat = "%Y-%m-%d"\n'
    assert '[time.columns."sent at"] zone = "Europe/Berlin"' in hint(desk, profile, "2024-03-01")


def test_a_column_that_the_profile_only_says_the_form_of_is_one_of_its_own(desk: Desk) -> None:
    profile = f'{NAMELESS}[time.columns.timestamp]\nformat = "%Y-%m-%d"\n'
    said = hint(desk, profile, "2024-03-01", *MAPPED, column="timestamp")
    assert '[time.columns."timestamp"] zone = "Europe/Berlin"' in said


def test_the_option_is_named_for_a_column_that_the_profile_does_not_name(desk: Desk) -> None:
    assert hint(desk, NAMELESS, "2024-03-01", *MAPPED, column="timestamp").startswith("--timestamp-format ")
    assert hint(desk, NAMELESS, "2024-03-01 09:30", *MAPPED, column="timestamp").startswith("--timezone NAME")


def test_the_line_names_the_one_of_several_columns_that_holds_the_time(desk: Desk) -> None:
    profile = f'{FIELDS}timestamp = {{ columns = ["First", "payload.at"] }}\n'
    (desk.folder / "p.toml").write_text(profile)
    row = {"Who": "u1", "What": "opened", "First": "", "payload": {"at": "2024-03-01 09:30"}}
    (desk.folder / "in.ndjson").write_text(json.dumps(row))
    done = desk.run("validate", "in.ndjson", "--profile", "p.toml", "--json")
    assert '[time.columns."payload.at"] zone' in done.json["problems"][0]["hint"]
