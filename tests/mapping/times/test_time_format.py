"""Formats of `--timestamp-format`: what they read, what they refuse, and what is refused as a format."""

import locale
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli import rules
from inflection_cli.errors import UsageError
from inflection_cli.mapping.times.time_format import ClockReading, TimeFormat, suggest


def shown_as(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - what a clock shows has no zone


EPOCH = shown_as(1970, 1, 1)


def shown(form: str, text: str) -> datetime:
    clock = TimeFormat(form).read(text)
    assert isinstance(clock, ClockReading), clock
    return EPOCH + timedelta(seconds=clock.local)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%d/%m/%y %H:%M",
        "%Y%m%d%H%M%S",
        "%b %d, %Y %I:%M:%S %p",
        "%A, %d %B %Y %H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
        "%Y-%j %H:%M",
        "%d.%m.%Y",
        "%%%Y%%-%m-%d",
        "%D %T",
        "%FT%R",
    ],
)
@given(at=st.datetimes(shown_as(1970, 1, 1), shown_as(2068, 12, 31)))
def test_what_strftime_writes_is_read_back_as_strptime_reads_it(form: str, at: datetime) -> None:
    text = at.strftime(form)
    plain = (
        form.replace("%D", "%m/%d/%y")
        .replace("%T", "%H:%M:%S")
        .replace("%F", "%Y-%m-%d")
        .replace("%R", "%H:%M")
    )
    assert shown(form, text) == datetime.strptime(text, plain)  # noqa: DTZ007 - nor has what strptime makes


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%d/%m/%Y %H:%M", "1/3/2024 9:05", shown_as(2024, 3, 1, 9, 5)),
        ("%-d/%-m/%Y", "1/3/2024", shown_as(2024, 3, 1)),
        ("%d-%b-%Y", "01-MARCH-2024", shown_as(2024, 3, 1)),
        ("%d %B %Y", "1 Sept 2024", shown_as(2024, 9, 1)),
        ("%b %e %Y", "Mar  1 2024", shown_as(2024, 3, 1)),
        ("%Y-%m-%d %I:%M %p", "2024-03-01 12:00 a.m.", shown_as(2024, 3, 1)),
        ("%Y-%m-%d %I:%M %p", "2024-03-01 12:00 PM", shown_as(2024, 3, 1, 12)),
        ("%Y-%m-%dT%H:%M", "2024-03-01t24:00", shown_as(2024, 3, 2)),
    ],
)
def test_real_spellings_fit(form: str, text: str, expected: datetime) -> None:
    assert shown(form, text) == expected


def test_a_fraction_has_any_number_of_digits_and_keeps_them() -> None:
    clock = TimeFormat("%Y-%m-%d %H:%M:%S.%f").read("2024-03-01 09:30:00.123456789")
    assert isinstance(clock, ClockReading)
    assert clock.fraction == "123456789"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Z", 0), ("+0100", 3600), ("-05:30", -19_800), ("+01", 3600), ("utc", 0), ("+00:44:30", 2670)],
)
def test_an_offset_is_read_in_its_spellings(zone: str, offset: int) -> None:
    clock = TimeFormat("%Y-%m-%d %H:%M %z").read(f"2024-03-01 09:30 {zone}")
    assert isinstance(clock, ClockReading)
    assert clock.offset == offset


def test_epoch_seconds_are_read_with_their_fraction() -> None:
    expected = int(datetime(2024, 3, 1, 9, 30, tzinfo=UTC).timestamp())
    assert TimeFormat("%s.%f").read(f"{expected}.250") == ClockReading(expected, "250", 0)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d/%m/%Y", "01/03/24"),
        ("%d/%m/%Y", "01/03/2024 "),
        ("%d/%m/%Y", "\u0661/03/2024"),
        ("%d%m%Y", "1112024"),
        ("%Y-%m-%d %Z", "2024-03-01 CET"),
        ("%d %b %Y", "1 März 2024"),
        ("%d.%m.%Y", "01x03x2024"),
    ],
)
def test_what_does_not_fit_is_told_from_what_cannot_be(form: str, text: str) -> None:
    assert TimeFormat(form).read(text) is rules.TIMESTAMP_FORMAT_MISMATCH


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d/%m/%Y", "30/02/2024"),
        ("%d/%m/%Y", "01/13/2024"),
        ("%d/%m/%Y %H:%M", "01/03/2024 25:00"),
        ("%d/%m/%Y %I:%M %p", "01/03/2024 13:00 PM"),
        ("%d/%m/%Y %I:%M %p", "01/03/2024 00:30 AM"),
        ("%a %d/%m/%Y", "Mon 01/03/2024"),
        ("%Y-%j", "2023-366"),
        ("%Y-%j", "2024-000"),
        ("%Y-%j", "0001-000"),
        ("%Y-%j", "9999-366"),
        ("%d/%m/%Y", "01/01/0000"),
        ("%Y-%m-%d %H:%M %z", "2024-03-01 09:30 +25:00"),
    ],
)
def test_what_fits_but_cannot_be_is_impossible(form: str, text: str) -> None:
    assert TimeFormat(form).read(text) is rules.TIMESTAMP_IMPOSSIBLE


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("%d/%Q/%Y", "%Q is unknown"),
        ("%Y-%m-%d %", "% is unknown"),
        ("%c", "differs from place to place"),
        ("%x %X", "differs from place to place"),
        ("dd.MM.yyyy", "has no directive"),
        ("%H:%M", "does not give year, month and day"),
        ("%Y-%d", "does not give year, month and day"),
        ("%Y-%m-%d %d", "gives the day twice"),
        ("%y-%m-%d %Y", "gives the year twice"),
        ("%Y-%m-%d %I:%M", "needs %I and %p together"),
        ("%Y-%m-%d %H:%M %p", "needs %I and %p together"),
        ("%Y-%m-%d %M", "gives the minute without the hour"),
        ("%Y-%m-%d %H:%S", "gives the second without the minute"),
        ("%Y-%m-%d %H:%M.%f", "gives the fraction without the second"),
        ("%Y-%m-%d %j", "by %j and by the month"),
        ("%s %Y", "mixes %s"),
        ("%H:%M:%S.%f%d/%m/%Y", "%f has no end"),
        ("%s%f", "%s has no end"),
    ],
)
def test_a_format_that_cannot_make_a_time_is_refused_and_says_why(form: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        TimeFormat(form)
    assert says in refused.value.message
    assert "--timestamp-format" in refused.value.hint or "put it last" in refused.value.hint


@given(st.text("%-YymdHIMSfzZpbBaAjsTRFDcxQ :/.T", max_size=14), st.text(max_size=14))
def test_any_format_is_compiled_or_refused_and_reads_any_text(form: str, text: str) -> None:
    try:
        made = TimeFormat(form)
    except UsageError:
        return
    made.read(text)


@given(st.text("0123456789/-.: ,aAmMpPrRtTuUeEfFiI+%#", max_size=70))
def test_whatever_is_proposed_reads_the_text(text: str) -> None:
    for form in suggest(text):
        assert isinstance(TimeFormat(form).read(text), ClockReading)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01T09:30:00.Z",
        "2024-03-01T09:30:00 CET",
        "2024-03-01 09:30+0100 UTC",
        "2024-W09-5T09:30:00",
        "1e5",
    ],
)
def test_nothing_is_proposed_that_would_pass_over_a_word(text: str) -> None:
    assert suggest(text) == ()


def test_month_names_are_english_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert shown("%b %Y %d", "May 2024 01").month == 5
            assert shown("%b %Y %d", "Dec 2024 01").month == 12
    finally:
        locale.setlocale(locale.LC_TIME, before)
