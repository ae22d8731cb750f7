"""Cells to instants: every spelling, every refusal, and three ways of reading that must agree."""

import pickle
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli import rules
from inflection_cli.errors import UsageError
from inflection_cli.mapping.times import timestamps
from inflection_cli.mapping.times.timestamps import (
    TimeProblem,
    TimestampReader,
    before,
    exact_text,
    parse_bound,
    sort_key,
    wire,
)
from inflection_cli.model import Rule, Scope, Severity

NOW = datetime(2026, 1, 15, 12, 0, 0, 250_000, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Africa/Monrovia",
    "Pacific/Apia",
    "EST5EDT",
    "UTC",
)


def shown_as(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - what a clock shows has no zone


def one(cell: str, zone: str | None = None, form: str | None = None) -> str | TimeProblem:
    (answer,) = TimestampReader(now=NOW, zone=zone, format=form).read([cell])
    return answer


def rule_of(answer: str | TimeProblem) -> Rule:
    assert isinstance(answer, TimeProblem), answer
    return answer.rule


# The reference: whole instants as fractions, written by datetime, zones searched rather than folded.


@cache
def rules_of(zone: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def plainly_written(instant: Fraction) -> str:
    second = instant // 1
    digits = ""
    rest = instant - second
    while rest or len(digits) < 3:
        rest *= 10
        digits += str(rest // 1)
        rest -= rest // 1
    return f"{EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{digits}Z"


def instants_shown(local: datetime, zone: str) -> list[datetime]:
    """Find every instant at which the zone's clocks show a time, by trying each offset of the days around."""
    where = rules_of(zone)
    around = (local.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in range(-48, 49, 6))
    offsets = {instant.astimezone(where).utcoffset() or timedelta() for instant in around}
    shown = (local.replace(tzinfo=UTC) - offset for offset in offsets)
    return sorted(at for at in shown if at.astimezone(where).replace(tzinfo=None) == local)


def judged(instant: Fraction) -> tuple[str | None, Rule | None]:
    """Say what is to become of an instant that has no other trouble."""
    if instant < 0:
        return None, rules.TIMESTAMP_BEFORE_1970
    if instant > Fraction(int((NOW + timedelta(minutes=5) - EPOCH) / timedelta(microseconds=1)), 10**6):
        return None, rules.TIMESTAMP_FUTURE
    old = instant < (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
    return plainly_written(instant), rules.TIMESTAMP_BEFORE_2000 if old else None


def taken_apart(answer: str | TimeProblem) -> tuple[str | None, Rule | None]:
    return (answer.exact, answer.rule) if isinstance(answer, TimeProblem) else (answer, None)


seconds = st.datetimes(shown_as(1969, 6, 1), shown_as(2026, 1, 15, 13)).map(
    lambda at: at.replace(microsecond=0)
)
fractions = st.text("0123456789", max_size=12)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)


def offset_texts(minutes: int) -> list[str]:
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    made = [f"{sign}{hours:02}:{rest:02}", f"{sign}{hours:02}{rest:02}", f" {sign}{hours:02}:{rest:02}"]
    if not rest:
        made.append(f"{sign}{hours:02}")
    if not minutes:
        made += ["Z", "z", " UTC", "UTC", " GMT", " Z", "+0000 UTC", "-00:00"]
    return made


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, Fraction]:
    """Make an ISO time with a zone, and the instant that it names."""
    local, fraction, minutes = draw(seconds), draw(fractions), draw(st.one_of(st.just(0), offsets))
    form = draw(
        st.sampled_from(("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%dT%H%M%S", "%Y-%m-%dt%H:%M:%S"))
    )
    tail = draw(st.sampled_from(".,")) + fraction if fraction else ""
    text = f"{local:{form}}{tail}{draw(st.sampled_from(offset_texts(minutes)))}"
    whole = int((local.replace(tzinfo=UTC) - EPOCH) / timedelta(seconds=1)) - minutes * 60
    return text, whole + Fraction(int(fraction or 0), 10 ** len(fraction))


@given(spelled())
def test_an_iso_time_is_read_as_the_instant_that_it_names_to_its_last_digit(
    case: tuple[str, Fraction],
) -> None:
    text, instant = case
    assert taken_apart(one(text)) == judged(instant)


@given(
    seconds, st.sampled_from(("", ".5", ".123", ".123456789")), st.sampled_from(ZONES), st.sampled_from("T ")
)
def test_a_time_without_a_zone_is_read_by_the_clocks_of_the_given_zone(
    local: datetime, tail: str, zone: str, between: str
) -> None:
    answer = one(f"{local:%Y-%m-%d}{between}{local:%H:%M:%S}{tail}", zone)
    shown = instants_shown(local, zone)
    if not shown:
        assert rule_of(answer) is rules.TIMESTAMP_IN_GAP
        return
    exact, rule = judged(int((shown[0] - EPOCH) / timedelta(seconds=1)) + Fraction(f"0{tail}" if tail else 0))
    if len(shown) > 1 and exact:
        rule = rules.TIMESTAMP_IN_OVERLAP
    assert taken_apart(answer) == (exact, rule)


@given(
    st.integers(100_000_000, 9_999_999_999),
    st.sampled_from((0, 3, 6, 9)),
    st.text("0123456789", min_size=9, max_size=9),
    fractions,
)
def test_an_epoch_number_keeps_every_digit_whatever_its_unit(
    second: int, finer: int, digits: str, more: str
) -> None:
    text = f"{second}{digits[:finer]}" + (f".{more}" if more else "")
    answer = one(text)
    if isinstance(answer, TimeProblem) and answer.rule is rules.TIMESTAMP_AMBIGUOUS:
        assert len(text) == 12
        assert text[:2] in {"19", "20"}
        return
    kept = digits[:finer] + more
    assert taken_apart(answer) == judged(second + Fraction(int(kept or 0), 10 ** len(kept)))


near_misses = st.text("0123456789-+:.,TtZz /UTCGMTeE%#\n\u00a0\u0661", max_size=34)
cells = st.one_of(
    spelled().map(lambda case: case[0]),
    seconds.map("{:%Y-%m-%dT%H:%M:%S}.123Z".format),
    seconds.map("{:%Y-%m-%d %H:%M:%S}".format),
    st.datetimes(shown_as(2024, 10, 26), shown_as(2024, 10, 28)).map("{:%Y-%m-%d %H:%M:%S}".format),
    st.datetimes(shown_as(2024, 3, 30), shown_as(2024, 4, 1)).map("{:%Y-%m-%d %H:%M:%S}".format),
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?(Z| UTC)?", fullmatch=True
    ),
    near_misses,
    st.text(max_size=30),
)


@given(st.lists(cells, max_size=12), st.sampled_from((None, *ZONES)))
def test_the_fast_ways_agree_with_the_slow_one_in_any_column(column: list[str], zone: str | None) -> None:
    reader = TimestampReader(now=NOW, zone=zone)
    assert reader.read(column) == [reader._read_slowly(cell) for cell in column]


same_shape = st.sampled_from(
    ("{:%Y-%m-%dT%H:%M:%S}.123Z", "{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%d %H:%M:%S} UTC")
).flatmap(
    lambda form: st.lists(
        st.one_of(seconds, st.datetimes(shown_as(2024, 10, 27), shown_as(2024, 10, 27, 5))).map(form.format),
        min_size=1,
        max_size=20,
    )
)


@given(same_shape, st.sampled_from((None, *ZONES)))
def test_a_column_of_one_shape_is_read_as_its_cells_are_one_by_one(
    column: list[str], zone: str | None
) -> None:
    reader = TimestampReader(now=NOW, zone=zone)
    assert reader.read(column) == [one(cell, zone) for cell in column]


@given(st.lists(cells, max_size=20), st.randoms(use_true_random=False))
def test_what_a_cell_becomes_depends_on_no_cell_before_it(column: list[str], random: Random) -> None:
    order = list(range(len(column)))
    random.shuffle(order)
    reader = TimestampReader(now=NOW, zone="Europe/Berlin")
    reader.read(column)
    answers = reader.read(column[place] for place in order)
    assert [answers[order.index(place)] for place in range(len(column))] == [
        one(cell, "Europe/Berlin") for cell in column
    ]


@pytest.mark.parametrize(
    "spelling", ["{:%Y-%m-%dT%H:%M:%S}.{:03}+05:45", "{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%dT%H:%M:%S}.{:03}Z"]
)
def test_a_reader_forgets_before_it_holds_too_much_and_answers_as_before(spelling: str) -> None:
    start = shown_as(2024, 1, 1)
    column = [
        spelling.format(start + timedelta(hours=hour, seconds=hour), hour % 1000) for hour in range(8784)
    ]
    reader = TimestampReader(now=NOW, zone="Europe/Berlin")
    answers = reader.read(column)
    reader._parts = parts = timestamps._Parts(reader._zone, reader._limit_s, room=40)
    for first in range(0, len(column), 100):
        assert reader.read(column[first : first + 100]) == answers[first : first + 100]
        kinds: list[dict[Any, Any]] = [parts._hours, parts._whole_hours, parts._times]
        held = len(parts.tails) + len(parts.days)
        assert 0 < held + sum(len(each) for kind in kinds for each in kind.values()) <= 40


@given(st.text())
@example("9" * 5000)
@example("-" * 5000)
@example("1." + "9" * 5000)
@example("\ud800")
@example("2024-03-01T09:30:00.123Z\x00")
@example("+")
@example("2024-W09-5T09:30:00.123Z")
def test_no_text_makes_a_reader_raise(cell: str) -> None:
    for zone, form in ((None, None), ("Europe/Berlin", None), ("UTC", "%d/%m/%Y")):
        one(cell, zone, form)


@given(near_misses)
def test_no_text_that_looks_like_a_time_makes_a_reader_raise(cell: str) -> None:
    one(cell)


@pytest.mark.parametrize(
    ("cell", "exact"),
    [
        ("2024-03-01T09:30:00Z", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01T09:30:00.123Z", "2024-03-01T09:30:00.123Z"),
        ("2024-03-01t09:30:00z", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01 09:30:00 UTC", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01 09:30:00.123456 UTC", "2024-03-01T09:30:00.123456Z"),
        ("2024-03-01 09:30:00 +0000 UTC", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01T09:30:00,5Z", "2024-03-01T09:30:00.500Z"),
        ("2024-03-01T09:30:00.1230000000Z", "2024-03-01T09:30:00.123Z"),
        ("2024-03-01T09:30:00.123456789012Z", "2024-03-01T09:30:00.123456789012Z"),
        ("2024-03-01T09:30Z", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01T09:30+01", "2024-03-01T08:30:00.000Z"),
        ("2024-03-01T09:30:00+01:00", "2024-03-01T08:30:00.000Z"),
        ("2024-03-01T09:30:00-0330", "2024-03-01T13:00:00.000Z"),
        ("2024-03-01T09:30:00+05:45", "2024-03-01T03:45:00.000Z"),
        ("2024-03-01T09:30:00-00:44:30", "2024-03-01T10:14:30.000Z"),
        ("2024-03-01 09:30:00.000 -0800", "2024-03-01T17:30:00.000Z"),
        ("2024-03-01 09:30:00+00", "2024-03-01T09:30:00.000Z"),
        ("20240301T093000Z", "2024-03-01T09:30:00.000Z"),
        ("20240301T0930Z", "2024-03-01T09:30:00.000Z"),
        ("20240301T093000.25+0100", "2024-03-01T08:30:00.250Z"),
        ("  2024-03-01T09:30:00Z\t", "2024-03-01T09:30:00.000Z"),
        ("\u00a02024-03-01T09:30:00Z\r\n", "2024-03-01T09:30:00.000Z"),
        ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"),
        ("2023-12-31T23:30:00-01:00", "2024-01-01T00:30:00.000Z"),
        ("2023-12-31T24:00:00Z", "2024-01-01T00:00:00.000Z"),
        ("2024-02-28T24:00Z", "2024-02-29T00:00:00.000Z"),
        ("2024-03-01T24:00:00.000Z", "2024-03-02T00:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500Z"),
        ("1709285400", "2024-03-01T09:30:00.000Z"),
        ("1709285400.5", "2024-03-01T09:30:00.500Z"),
        ("1709285400,123456789", "2024-03-01T09:30:00.123456789Z"),
        ("1709285400123", "2024-03-01T09:30:00.123Z"),
        ("1709285400123.0", "2024-03-01T09:30:00.123Z"),
        ("1709285400123.4567", "2024-03-01T09:30:00.1234567Z"),
        ("1709285400123456", "2024-03-01T09:30:00.123456Z"),
        ("1709285400123456789", "2024-03-01T09:30:00.123456789Z"),
        ("0001709285400", "2024-03-01T09:30:00.000Z"),
        ("1768478700.25", "2026-01-15T12:05:00.250Z"),
        ("2026-01-15T12:05:00.25Z", "2026-01-15T12:05:00.250Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000Z"),
    ],
)
def test_a_spelling_from_the_world_is_read(cell: str, exact: str) -> None:
    assert one(cell) == exact


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("", rules.TIMESTAMP_MISSING),
        (" \t", rules.TIMESTAMP_MISSING),
        ("2024-03-01 09:30:00", rules.TIMESTAMP_NO_ZONE),
        ("2024-03-01T09:30", rules.TIMESTAMP_NO_ZONE),
        ("20240301T093000", rules.TIMESTAMP_NO_ZONE),
        ("2024-03-01", rules.TIMESTAMP_DATE_ONLY),
        ("20240301", rules.TIMESTAMP_DATE_ONLY),
        ("03/04/2024 10:00", rules.TIMESTAMP_AMBIGUOUS),
        ("03.04.2024", rules.TIMESTAMP_AMBIGUOUS),
        ("03/04/24 10:00:00", rules.TIMESTAMP_AMBIGUOUS),
        ("202403010930", rules.TIMESTAMP_AMBIGUOUS),
        ("20240301093000", rules.TIMESTAMP_AMBIGUOUS),
        ("20240301093000123", rules.TIMESTAMP_AMBIGUOUS),
        ("13/04/2024 10:00", rules.TIMESTAMP_NEEDS_FORMAT),
        ("2024/03/01 10:00:00", rules.TIMESTAMP_NEEDS_FORMAT),
        ("2024-3-1 9:30", rules.TIMESTAMP_NEEDS_FORMAT),
        ("Mar 1, 2024 9:30 AM", rules.TIMESTAMP_NEEDS_FORMAT),
        ("Fri, 01 Mar 2024 09:30:00 +0000", rules.TIMESTAMP_NEEDS_FORMAT),
        ("yesterday", rules.TIMESTAMP_UNREADABLE),
        ("null", rules.TIMESTAMP_UNREADABLE),
        ("2024-03-01T09Z", rules.TIMESTAMP_UNREADABLE),
        ("2024-W09-5T09:30:00.123Z", rules.TIMESTAMP_UNREADABLE),
        ("2024-03-01T09:30:00.Z", rules.TIMESTAMP_UNREADABLE),
        ("2024-03-01T09:30:00  Z", rules.TIMESTAMP_UNREADABLE),
        ("2024-03-01T09:30:00 ", rules.TIMESTAMP_NO_ZONE),
        ("2024-03-01T09:30:00+0100 UTC", rules.TIMESTAMP_UNREADABLE),
        ("\u0662\u0660\u0662\u0664-03-01T09:30:00Z", rules.TIMESTAMP_UNREADABLE),
        ("2023-02-29T09:30:00Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2023-02-29", rules.TIMESTAMP_IMPOSSIBLE),
        ("0000-00-00 00:00:00", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-13-01T09:30:00Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T25:00:00Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T09:60:00Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T09:30:61.000Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T09:30:60Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2016-12-30T23:59:60Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T24:00:00.001Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T24:01:00Z", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T09:30:00+24:00", rules.TIMESTAMP_IMPOSSIBLE),
        ("2024-03-01T09:30:00+01:60", rules.TIMESTAMP_IMPOSSIBLE),
        ("1.7E+12", rules.TIMESTAMP_SCIENTIFIC),
        ("1,70929e12", rules.TIMESTAMP_SCIENTIFIC),
        ("45352.39", rules.TIMESTAMP_SERIAL),
        ("45352", rules.TIMESTAMP_SERIAL),
        ("0", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("2024", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("99999999", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("17092854001", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("17092854001234", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("17092854001234567", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("17092854001234567890", rules.TIMESTAMP_EPOCH_UNCLEAR),
        ("-1709285400", rules.TIMESTAMP_BEFORE_1970),
        ("1969-12-31T23:59:59.999Z", rules.TIMESTAMP_BEFORE_1970),
        ("1970-01-01T00:30:00+01:00", rules.TIMESTAMP_BEFORE_1970),
        ("0001-01-01T00:00:00+05:00", rules.TIMESTAMP_BEFORE_1970),
        ("2026-01-15T12:05:00.2500001Z", rules.TIMESTAMP_FUTURE),
        ("2026-01-15T12:05:00.251Z", rules.TIMESTAMP_FUTURE),
        ("2099-01-01T00:00:00.000Z", rules.TIMESTAMP_FUTURE),
        ("9999-12-31T23:59:59-05:00", rules.TIMESTAMP_FUTURE),
        ("9999-12-31T23:59:60Z", rules.TIMESTAMP_FUTURE),
        ("9999999999", rules.TIMESTAMP_FUTURE),
    ],
)
def test_what_is_no_time_is_refused_by_its_own_rule(cell: str, rule: Rule) -> None:
    answer = one(cell)
    assert rule_of(answer) is rule
    assert isinstance(answer, TimeProblem)
    assert answer.exact is None
    assert rule.severity is Severity.ERROR


@pytest.mark.parametrize(
    "cell", ["1970-01-01T00:00:00.000Z", "1999-12-31T23:59:59.999Z", "946684799.999", "100000000"]
)
def test_a_time_before_2000_is_read_with_a_warning(cell: str) -> None:
    answer = one(cell)
    assert rule_of(answer) is rules.TIMESTAMP_BEFORE_2000
    assert isinstance(answer, TimeProblem)
    assert answer.exact is not None
    assert answer.rule.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("zone", "local", "exact"),
    [
        ("Europe/Berlin", "2024-10-27 02:30:00", "2024-10-27T00:30:00.000Z"),
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00.000Z"),
        ("Australia/Lord_Howe", "2024-04-07 01:45:00", "2024-04-06T14:45:00.000Z"),
        ("Africa/Casablanca", "2024-03-10 02:30:00", "2024-03-10T01:30:00.000Z"),
    ],
)
def test_a_time_that_was_there_twice_is_the_first_of_the_two_with_a_warning(
    zone: str, local: str, exact: str
) -> None:
    assert taken_apart(one(local, zone)) == (exact, rules.TIMESTAMP_IN_OVERLAP)
    assert rules.TIMESTAMP_IN_OVERLAP.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Berlin", "2024-03-31 02:00:00"),
        ("Europe/Berlin", "2024-03-31 02:59:59.999"),
        ("America/New_York", "2024-03-10 02:30:00"),
        ("Australia/Lord_Howe", "2024-10-06 02:15:00"),
        ("Africa/Casablanca", "2024-04-14 02:30:00"),
        ("Africa/Monrovia", "1972-01-07 00:44:29"),
        ("Pacific/Apia", "2011-12-30 12:00:00"),
    ],
)
def test_a_time_that_the_clocks_left_out_is_an_error(zone: str, local: str) -> None:
    assert taken_apart(one(local, zone)) == (None, rules.TIMESTAMP_IN_GAP)


@pytest.mark.parametrize(
    ("zone", "local", "exact"),
    [
        ("Europe/Berlin", "2024-03-31 01:59:59", "2024-03-31T00:59:59.000Z"),
        ("Europe/Berlin", "2024-03-31 03:00:00", "2024-03-31T01:00:00.000Z"),
        ("Europe/Berlin", "2024-10-27 03:00:00", "2024-10-27T02:00:00.000Z"),
        ("Asia/Kathmandu", "2024-03-01 09:30:00", "2024-03-01T03:45:00.000Z"),
        ("Australia/Lord_Howe", "2024-10-06 02:30:00", "2024-10-05T15:30:00.000Z"),
        ("EST5EDT", "2024-07-01 09:30:00", "2024-07-01T13:30:00.000Z"),
        ("Europe/Berlin", "2024-03-30 24:00:00", "2024-03-30T23:00:00.000Z"),
    ],
)
def test_a_local_time_beside_a_change_of_clocks_is_simply_read(zone: str, local: str, exact: str) -> None:
    assert one(local, zone) == exact


def test_an_offset_of_odd_seconds_is_kept_to_the_second() -> None:
    assert taken_apart(one("1971-06-01 00:00:00", "Africa/Monrovia")) == (
        "1971-06-01T00:44:30.000Z",
        rules.TIMESTAMP_BEFORE_2000,
    )


def test_a_cell_that_names_its_zone_keeps_it_where_another_is_given() -> None:
    assert one("2024-10-27 02:30:00+05:30", "Europe/Berlin") == "2024-10-26T21:00:00.000Z"
    assert one("2024-03-31 02:30:00 UTC", "Europe/Berlin") == "2024-03-31T02:30:00.000Z"
    assert one("1709285400", "Europe/Berlin") == "2024-03-01T09:30:00.000Z"


def test_one_odd_cell_in_a_column_changes_no_other() -> None:
    column = [
        "2024-03-01 09:30:00",
        "2024-10-27 02:30:00",
        "x",
        "2024-03-01 09:30:00.5",
        "2024-03-31 02:30:00",
    ]
    read = TimestampReader(now=NOW, zone="Europe/Berlin").read(column)
    assert read[0] == "2024-03-01T08:30:00.000Z"
    assert rule_of(read[1]) is rules.TIMESTAMP_IN_OVERLAP
    assert rule_of(read[2]) is rules.TIMESTAMP_UNREADABLE
    assert read[3] == "2024-03-01T08:30:00.500Z"
    assert rule_of(read[4]) is rules.TIMESTAMP_IN_GAP


def test_a_cell_with_a_line_break_cannot_pass_as_two_of_a_column() -> None:
    cell = "2024-03-01T09:30:00.123Z"
    read = TimestampReader(now=NOW).read([cell, f"{cell}\n{cell}", cell])
    assert read[0] == read[2] == cell
    assert rule_of(read[1]) is rules.TIMESTAMP_UNREADABLE


def test_no_cells_give_no_answers() -> None:
    assert TimestampReader(now=NOW).read([]) == []


def test_now_is_an_instant_in_whatever_zone_it_is_given() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-8)))
    reader = TimestampReader(now=elsewhere)
    assert reader.read(["2026-01-15T12:05:00.250Z"]) == ["2026-01-15T12:05:00.250Z"]
    with pytest.raises(ValueError, match="zone"):
        TimestampReader(now=NOW.replace(tzinfo=None))


def test_a_reader_travels_to_another_process_and_reads_the_same_there() -> None:
    reader = TimestampReader(now=NOW, zone="Europe/Berlin", format="%d.%m.%Y %H:%M")
    reader.read(["27.10.2024 02:30"])
    assert pickle.loads(pickle.dumps(reader)).read(["01.03.2024 09:30"]) == ["2024-03-01T08:30:00.000Z"]


# What is said of a cell.


ALL_RULES = [rule for name, rule in vars(rules).items() if name.startswith("TIMESTAMP_")]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.code)
def test_a_rule_about_a_column_is_said_once_and_one_about_a_cell_for_each(rule: Rule) -> None:
    of_a_column = {"no-zone", "date-only", "ambiguous", "needs-format"}
    assert rule.scope is (Scope.COLUMN if rule.code.removeprefix("timestamp-") in of_a_column else Scope.ROW)
    assert rule.fix


@given(st.text("0123456789/-.: AMPamp", min_size=6, max_size=24))
@example("03/04/2024 10:00")
@example("yesterday")
def test_what_is_said_of_a_cell_holds_no_cell(cell: str) -> None:
    answer = one(cell)
    if isinstance(answer, TimeProblem) and len(cell.strip()) > 5:
        assert cell.strip() not in answer.detail + answer.hint


def test_a_time_without_a_zone_names_the_option_and_zones_to_try() -> None:
    assert "--timezone" in rules.TIMESTAMP_NO_ZONE.fix
    assert "Europe/Berlin" in rules.TIMESTAMP_NO_ZONE.fix


@pytest.mark.parametrize(
    ("cell", "formats"),
    [
        ("03/04/2024 10:00", ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"]),
        ("03/04/2024", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("13/04/2024 10:00:00", ["%d/%m/%Y %H:%M:%S"]),
        ("04/13/2024 9:05 PM", ["%m/%d/%Y %I:%M %p"]),
        ("2024-03-01", ["%Y-%m-%d"]),
        ("20240301", ["%Y%m%d"]),
        ("2024/03/01 10:00:00.5", ["%Y/%m/%d %H:%M:%S.%f"]),
        ("Mar 1, 2024 9:30 AM", ["%b %d, %Y %I:%M %p"]),
        ("1 March 2024 09:30", ["%d %b %Y %H:%M"]),
        ("Fri, 01 Mar 2024 09:30:00 +0000", ["%a, %d %b %Y %H:%M:%S %z"]),
        ("Fri Mar 01 09:30:00 UTC 2024", ["%a %b %d %H:%M:%S %z %Y"]),
        ("20240301093000", ["%Y%m%d%H%M%S"]),
    ],
)
def test_the_format_that_is_proposed_reads_the_cell(cell: str, formats: list[str]) -> None:
    answer = one(cell)
    assert isinstance(answer, TimeProblem)
    assert answer.hint.startswith("--timestamp-format " + " or ".join(f'"{form}"' for form in formats))
    assert ("--timezone" in answer.hint) is not any("%z" in form for form in formats)
    for form in formats:
        assert isinstance(one(cell, "UTC", form), str)


def test_no_zone_is_proposed_where_one_is_given() -> None:
    answer = one("03/04/2024 10:00", "Europe/Berlin")
    assert isinstance(answer, TimeProblem)
    assert "--timezone" not in answer.hint


# With a format.


def test_with_a_format_only_what_fits_it_is_read() -> None:
    assert one("01/03/2024 09:30:00", "Europe/Berlin", "%d/%m/%Y %H:%M:%S") == "2024-03-01T08:30:00.000Z"
    assert rule_of(one("2024-03-01T09:30:00Z", "UTC", "%d/%m/%Y %H:%M:%S")) is rules.TIMESTAMP_FORMAT_MISMATCH
    assert rule_of(one("31/02/2024 09:30:00", "UTC", "%d/%m/%Y %H:%M:%S")) is rules.TIMESTAMP_IMPOSSIBLE
    assert rule_of(one("", "UTC", "%d/%m/%Y %H:%M:%S")) is rules.TIMESTAMP_MISSING


def test_with_a_format_times_meet_the_same_checks() -> None:
    assert rule_of(one("01/03/2024", None, "%d/%m/%Y")) is rules.TIMESTAMP_NO_ZONE
    assert one("01/03/2024", "UTC", "%d/%m/%Y") == "2024-03-01T00:00:00.000Z"
    assert rule_of(one("31/03/2024 02:30", "Europe/Berlin", "%d/%m/%Y %H:%M")) is rules.TIMESTAMP_IN_GAP
    assert rule_of(one("27/10/2024 02:30", "Europe/Berlin", "%d/%m/%Y %H:%M")) is rules.TIMESTAMP_IN_OVERLAP
    assert rule_of(one("01/03/2099", "UTC", "%d/%m/%Y")) is rules.TIMESTAMP_FUTURE
    assert rule_of(one("01/03/1969", "UTC", "%d/%m/%Y")) is rules.TIMESTAMP_BEFORE_1970


@pytest.mark.parametrize("form", ["%d/%q/%Y", "%Y-%m", "", "%"])
def test_a_format_that_makes_no_time_is_refused_when_the_reader_is_made(form: str) -> None:
    with pytest.raises(UsageError) as refused:
        TimestampReader(now=NOW, format=form)
    assert '--timestamp-format "%d/%m/%Y %H:%M:%S"' in refused.value.hint


# Zones by name.


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("utc", "UTC"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_name_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as refused:
        TimestampReader(now=NOW, zone=name)
    assert meant in refused.value.hint.partition("?")[0]


@pytest.mark.parametrize(
    "name", ["local", "", "../zones", "/etc/localtime", "Europe", "Factory", "qqq", "\x00"]
)
def test_what_names_no_place_is_refused_with_a_zone_to_try(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        TimestampReader(now=NOW, zone=name)
    assert "Europe/Berlin" in refused.value.hint


# Text of instants.


def test_the_wire_cuts_what_is_finer_than_a_millisecond_and_never_rounds() -> None:
    assert wire("2024-03-01T09:30:00.123Z") == "2024-03-01T09:30:00.123Z"
    assert wire("2024-03-01T09:30:00.1239999Z") == "2024-03-01T09:30:00.123Z"
    assert wire("2023-12-31T23:59:59.9999Z") == "2023-12-31T23:59:59.999Z"


@given(spelled(), spelled())
@example(
    ("2024-03-01T09:30:00.123Z", Fraction(1_709_285_400_123, 1000)),
    ("2024-03-01T09:30:00.1234Z", Fraction(17_092_854_001_234, 10_000)),
)
def test_instants_in_order_have_sort_keys_in_order(
    first: tuple[str, Fraction], second: tuple[str, Fraction]
) -> None:
    texts = plainly_written(first[1]), plainly_written(second[1])
    assert before(*texts) is (first[1] < second[1])
    assert (sort_key(texts[0]) < sort_key(texts[1])) is (first[1] < second[1])
    assert (texts[0] == texts[1]) is (first[1] == second[1])


@given(st.integers(-62_135_596_800, 253_402_300_799), fractions)
def test_exact_text_is_written_as_plain_arithmetic_writes_it(second: int, fraction: str) -> None:
    instant = EPOCH + timedelta(seconds=second)
    digits = fraction.rstrip("0").ljust(3, "0")
    assert exact_text(second, fraction) == f"{instant.replace(tzinfo=None).isoformat()}.{digits}Z"


# Bounds.


@pytest.mark.parametrize(
    ("text", "zone", "exact"),
    [
        ("2024-03-01", None, "2024-03-01T00:00:00.000Z"),
        ("2024-03-01", "Europe/Berlin", "2024-02-29T23:00:00.000Z"),
        ("20240301", "America/New_York", "2024-03-01T05:00:00.000Z"),
        ("2024-03-01 09:30", None, "2024-03-01T09:30:00.000Z"),
        ("2024-03-01T09:30:00", "Europe/Berlin", "2024-03-01T08:30:00.000Z"),
        ("2024-03-01T09:30:00.1234Z", "Europe/Berlin", "2024-03-01T09:30:00.1234Z"),
        ("1709285400", None, "2024-03-01T09:30:00.000Z"),
        (" 2099-01-01 ", None, "2099-01-01T00:00:00.000Z"),
        ("1900-01-01", None, "1900-01-01T00:00:00.000Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"),
        ("2024-11-03", "America/Havana", "2024-11-03T04:00:00.000Z"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"),
    ],
)
def test_a_bound_is_read_and_a_date_is_its_first_moment(text: str, zone: str | None, exact: str) -> None:
    assert parse_bound(text, zone) == exact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2024-02-30",
        "03/04/2024",
        "2024-03-31 02:30",
        "0001-01-01T00:00+05:00",
        "9999-12-31T23:59-05:00",
        "2024-03-01T09:30:60Z",
    ],
)
def test_what_is_no_bound_is_refused_with_one_to_try(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_bound(text, "Europe/Berlin")
    assert refused.value.hint


@given(st.text(max_size=30), st.sampled_from((None, *ZONES)))
@example("9999-12-31T24:00Z", None)
@example("0001-01-01", "Asia/Kathmandu")
def test_a_bound_is_read_or_refused_and_nothing_else(text: str, zone: str | None) -> None:
    with suppress(UsageError):
        assert parse_bound(text, zone).endswith("Z")


@given(
    st.datetimes(shown_as(1970, 1, 1), shown_as(2035, 1, 1)),
    st.sampled_from((*ZONES, "America/Sao_Paulo", "America/Havana")),
)
def test_the_first_moment_of_a_day_is_of_that_day_and_the_one_before_is_not(day: datetime, zone: str) -> None:
    first = datetime.fromisoformat(parse_bound(f"{day:%Y-%m-%d}", zone))
    where = rules_of(zone)
    assert (first - timedelta(seconds=1)).astimezone(where).date() < day.date()
    assert first.astimezone(where).date() == day.date() or not instants_shown(
        day.replace(hour=12, minute=0, second=0, microsecond=0), zone
    )
