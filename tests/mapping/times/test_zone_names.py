"""A zone in each cell: names of the tz database, and abbreviations that the user explains (F12)."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from command_support import Desk
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = {"PST": -8 * 3600, "PDT": -7 * 3600}
US = "%m/%d/%Y %I:%M:%S %p"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def read(cell: str, form: str | None = None, zone: str | None = None) -> str | TimeProblem:
    reader = TimestampReader(now=NOW, zone=zone, format=form, names=NAMES)
    again: TimestampReader = pickle.loads(pickle.dumps(reader))
    return again.read([cell])[0]


@pytest.mark.parametrize(
    ("cell", "form", "exact"),
    [
        ("2024-03-05 08:00:00.000 America/Los_Angeles", None, "2024-03-05T16:00:00.000Z"),
        ("2024-07-05 08:00:00 America/Los_Angeles", None, "2024-07-05T15:00:00.000Z"),
        ("2024-03-05T08:00:00+01:00[Europe/Berlin]", None, "2024-03-05T07:00:00.000Z"),
        ("2024-03-05T08:00:00[Europe/Berlin]", None, "2024-03-05T07:00:00.000Z"),
        ("2024-03-05 08:00:00 America/Argentina/Buenos_Aires", None, "2024-03-05T11:00:00.000Z"),
        ("03/05/2024 08:00:00 AM PST", US, "2024-03-05T16:00:00.000Z"),
        ("07/05/2024 08:00:00 AM PDT", US, "2024-07-05T15:00:00.000Z"),
        ("2024-03-05 08:00:00 PST", None, "2024-03-05T16:00:00.000Z"),
    ],
)
def test_the_zone_behind_a_time_is_its_own_whatever_zone_is_named(
    cell: str, form: str | None, exact: str
) -> None:
    assert read(cell, form) == read(cell, form, "Asia/Tokyo") == exact


@pytest.mark.parametrize(
    ("cell", "form", "code", "hint"),
    [
        ("2024-03-05 08:00:00 EST", None, "timestamp-no-zone", "--zone-name EST=-05:00"),
        ("03/05/2024 08:00:00 AM EST", US, "timestamp-no-zone", "--zone-name EST=-05:00"),
        ("03/13/2024 08:00:00 AM PST", None, "timestamp-needs-format", "%m/%d/%Y %I:%M:%S %p"),
        ("2024-03-05 08:00:00 Mars/Olympus", None, "timestamp-unreadable", ""),
        (
            "2024-03-10 02:30:00 America/Los_Angeles",
            None,
            "timestamp-in-gap",
            "correct the cell in the export",
        ),
        ("2024-03-05 08:00:00+05:00 PST", None, "timestamp-no-zone", "the right one of the two"),
        ("2024-03-05 08:00:00Z PST", None, "timestamp-no-zone", "the right one of the two"),
        ("1709632800 PST", None, "timestamp-no-zone", "the right one of the two"),
        ("2024-03-05T08:00:00+05:00[Europe/Berlin]", None, "timestamp-no-zone", "the right one of the two"),
        ("2024-11-03 01:30:00 America/Los_Angeles", None, "timestamp-in-overlap", ""),
        ("03/05/2024 08:00:00 AM", US, "timestamp-no-zone", ""),
    ],
)
def test_what_is_not_certain_is_told_with_what_settles_it(
    cell: str, form: str | None, code: str, hint: str
) -> None:
    problem = read(cell, form)
    assert isinstance(problem, TimeProblem)
    assert problem.rule.code == code
    assert hint in problem.hint


@examples(50)
@given(
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001 - its zone comes next
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_a_named_zone_gives_the_instant_that_zoneinfo_gives(moment: datetime, zone: str) -> None:
    due = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = read(f"{moment.isoformat(sep=' ')} {zone}")
    if isinstance(found, TimeProblem):
        assert found.rule.code in {"timestamp-in-gap", "timestamp-in-overlap"}
        return
    assert datetime.fromisoformat(found) == due


ROWS = "event,userId,campaign_id,email_id,timestamp\nopen,u1,c,e,{}\nopen,u2,c,e,{}\n"


def test_each_row_may_have_another_zone_and_inspect_finds_nothing_missing(desk: Desk) -> None:
    Path("a.csv").write_text(
        ROWS.format("2024-03-05 08:00:00.000 America/Los_Angeles", "2024-07-05 08:00:00.000 Europe/Berlin")
    )
    assert desk.run("inspect", "a.csv", "--json").json["files"][0]["missing"] == []
    assert desk.run("backfill", "a.csv", "--dry-run", "--out", "m").code == 0
    assert [each["timestamp"] for each in desk.messages("m")] == [
        "2024-03-05T16:00:00.000Z",
        "2024-07-05T06:00:00.000Z",
    ]


def test_abbreviations_are_confirmed_by_an_option_or_a_profile(desk: Desk) -> None:
    Path("a.csv").write_text(ROWS.format("03/05/2024 08:00:00 AM PST", "07/05/2024 08:00:00 AM PDT"))
    due = ["2024-03-05T16:00:00.000Z", "2024-07-05T15:00:00.000Z"]
    words = ("--timestamp-format", US, "--zone-name", "PST=-08:00", "--zone-name", "PDT=-7")
    assert desk.run("backfill", "a.csv", *words, "--dry-run", "--out", "m").code == 0
    assert [each["timestamp"] for each in desk.messages("m")] == due
    Path("p.toml").write_text(
        f'profile = 1\n[time]\nformat = "{US}"\n[time.abbreviations]\nPST = "-08:00"\nPDT = "-07:00"\n'
    )
    assert desk.run("backfill", "a.csv", "--profile", "p.toml", "--dry-run", "--out", "n").code == 0
    assert [each["timestamp"] for each in desk.messages("n")] == due
    Path("infl-seg.toml").write_text('[zone_name]\nPST = "-01:00"\nEST = "-05:00"\n')
    assert desk.run("backfill", "a.csv", "--profile", "p.toml", "--dry-run", "--out", "o").code == 0
    assert [each["timestamp"] for each in desk.messages("o")] == due
    for wrong in ("PST=Pacific", "P-T=-08:00", "PST=-25:00"):
        assert desk.run("validate", "a.csv", "--zone-name", wrong).code == 2


def test_abbreviations_are_read_in_properties_and_traits_too(desk: Desk) -> None:
    Path("a.csv").write_text(
        "event,timestamp,userId,campaign_id,email_id,due,day\n"
        "Email Opened,2024-03-05T08:00:00Z,u1,c,e,2024-03-05 08:00:00 CET,2024-03-06 00:00:00 CET\n"
    )
    profile = """profile = 1
[fields]
event = "event"
timestamp = "timestamp"
userId = "userId"
campaign_id = "campaign_id"
email_id = "email_id"
[properties]
due = { column = "due", type = "timestamp" }
day = { column = "day", type = "date" }
"""
    Path("p.toml").write_text(profile)
    words = ("a.csv", "--profile", "p.toml", "--dry-run", "--out", "m")
    refused = desk.run("backfill", *words)
    assert (refused.code, "--zone-name CET=+01:00" in refused.err) == (8, True)
    for more in ((), ("--zone-name", "CET=+01:00")):
        told = {} if more else {"CET": "+01:00"}
        named = "".join(f'[time.abbreviations]\n{name} = "{offset}"\n' for name, offset in told.items())
        Path("p.toml").write_text(profile + named)
        assert desk.run("backfill", *words, *more).code == 0
        (found,) = desk.messages("m")
        assert found["properties"]["due"] == "2024-03-05T07:00:00.000Z"
        assert found["properties"]["day"] == "2024-03-05T23:00:00.000Z"
        Path("m").unlink()
    Path("i.csv").write_text("userId,timestamp,createdAt\nu1,2024-03-05T08:00:00Z,2024-03-05 08:00:00 CET\n")
    identify = ("i.csv", "--as", "identify", "--all-traits", "--dry-run", "--out", "m")
    assert desk.run("backfill", *identify).code == 8
    assert desk.run("backfill", *identify, "--zone-name", "CET=+01:00").code == 0
    assert desk.messages("m")[0]["traits"] == {"createdAt": "2024-03-05T07:00:00.000Z"}
