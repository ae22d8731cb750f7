"""Each line of the three tables: a message that passes and one that fails, by the engine and by `replay --check`."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk

from inflection_cli.destination_checks.check_engine import EVERY_CALL, DestinationChecks, Level, known_tables

GONE: Final = object()
CLICKED: Final = "Email Link Clicked"
SIX: Final = (
    "Email Delivered",
    "Email Opened",
    CLICKED,
    "Email Bounced",
    "Email Marked as Spam",
    "Unsubscribed",
)
TIME: Final = "2024-03-01T09:30:00.000Z"
MISSING, WRONG, RECOMMENDED = "check-member-missing", "check-member-type", "check-member-recommended"
IGNORED, LONG = "check-member-ignored", "check-member-too-long"


def freshsuccess(call: str) -> dict[str, Any]:
    """A message that its table finds nothing wrong with, but for the two ids, of which it warns."""
    base = {"type": call, "anonymousId": "s1", "userId": "u1", "timestamp": TIME}
    if call == "group":
        return {**base, "groupId": "a1", "traits": {"name": "Acme", "createdAt": TIME}}
    more = (
        {"event": "Report Opened", "properties": {"module": "Reports"}} if call == "track" else {"traits": {}}
    )
    return {**base, **more, "context": {"groupId": "a1"}}


def email_spec(event: str = CLICKED) -> dict[str, Any]:
    names = ("email_id", "email_subject", "campaign_id", "campaign_name", "link_id", "link_url")
    properties = {name: "x" for name in names if event == CLICKED or not name.startswith("link")}
    return {"type": "track", "event": event, "userId": "u1", "timestamp": TIME, "properties": properties}


def partner(call: str) -> dict[str, Any]:
    context = {"integration": {"name": "inflection", "version": "1.0.0"}, "personId": "p1"}
    own = {"track": {"event": "Email Opened"}, "group": {"groupId": "g1"}}.get(call, {})
    return {"type": call, **own, "userId": "u1", "timestamp": TIME, "context": context}


@dataclass(frozen=True)
class Case:
    """One line of a table, for one call: a value that passes and one that fails.

    Attributes:
        table: The table.
        message: One that the table takes.
        path: The member, which is the line's name.
        passes: Values that pass; GONE is none.
        fails: Values that fail.
        code: With which problem.
        level: The line's level, which tells two lines of one member apart.
    """

    table: str
    message: dict[str, Any]
    path: str
    passes: tuple[Any, ...]
    fails: tuple[Any, ...]
    code: str
    level: str

    def __str__(self) -> str:
        event = self.message.get("event", "") if self.table == "email-spec" else ""
        return f"{self.table} {self.message['type']} {event} {self.path} {self.level}"


def placed(message: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a message with another value at a path."""
    made = deepcopy(message)
    *parents, last = path.split(".")
    inner = made
    for name in parents:
        inner = inner.setdefault(name, {})
    inner.pop(last, None)
    if value is not GONE:
        inner[last] = value
    return made


def freshsuccess_cases() -> Iterator[Case]:
    for call in ("track", "identify", "group"):
        fresh, good = "freshsuccess", freshsuccess(call)
        others = ("page", "screen", "alias")
        yield Case(fresh, good, "type", (call,), others, "check-call-refused", "required")
        yield Case(fresh, good, "anonymousId", ("s1",), (GONE, None, "", " "), MISSING, "required")
        yield Case(fresh, good, "anonymousId", (GONE,), ("s1",), "session-id-linked", "noted")
        zoned = "2024-03-01T10:30:00+01:00"
        yield Case(fresh, good, "timestamp", (zoned,), (GONE,), MISSING, "required")
        yield Case(fresh, good, "userId", ("u1",), (GONE,), MISSING, "required")
        if call != "group":
            yield Case(fresh, good, "context.groupId", ("a1",), (GONE, ""), RECOMMENDED, "recommended")
    yield from freshsuccess_members()


def freshsuccess_members() -> Iterator[Case]:
    track, identify, group = map(freshsuccess, ("track", "identify", "group"))
    fresh = "freshsuccess"
    yield Case(fresh, track, "event", ("Any",), (GONE,), MISSING, "required")
    yield Case(fresh, track, "properties.module", ("Reports",), (GONE,), RECOMMENDED, "recommended")
    others = "properties.*"
    yield Case(fresh, track, others, (GONE,), ("x", 7, {"a": 1}), IGNORED, "ignored")
    for name in (
        *("first_name", "last_name", "email", "phone", "mobile_phone", "salutation", "title", "role"),
        *(
            "department",
            "mailing_street",
            "mailing_city",
            "mailing_state",
            "mailing_postal",
            "mailing_country",
        ),
    ):
        yield Case(fresh, identify, f"traits.{name}", ("x", GONE), (7, True, {"a": 1}), WRONG, "optional")
    yield Case(fresh, group, "groupId", ("a1",), (GONE,), MISSING, "required")
    yield Case(fresh, group, "traits.name", ("Acme",), (GONE,), MISSING, "required")
    yield Case(fresh, group, "traits.createdAt", ("2024-03-01",), (GONE,), MISSING, "required")
    yield Case(fresh, group, "traits.description", ("x" * 512, GONE), ("x" * 513,), LONG, "optional")
    for name in (
        *(
            "email",
            "phone",
            "website",
            "industry",
            "tier",
            "lifecycle_stage",
            "billing_street",
            "biling_city",
        ),
        *("billing_city", "billing_state", "billing_postal", "billing_country"),
    ):
        yield Case(fresh, group, f"traits.{name}", ("x", GONE), (7, False, ["x"]), WRONG, "optional")
    yield Case(fresh, group, "traits.employees", (7, 7.5, GONE), ("7", True), WRONG, "optional")
    yield Case(fresh, group, "traits.is_churned", (True, False, GONE), ("no", 0), WRONG, "optional")
    for message in (identify, group):
        yield Case(fresh, message, "traits.*", ("x", 7, TIME), (True, {"a": 1}, ["x"]), WRONG, "optional")


def email_spec_cases() -> Iterator[Case]:
    spec = "email-spec"
    for event in SIX:
        good = email_spec(event)
        for name in ("email_id", "email_subject", "campaign_id", "campaign_name"):
            yield Case(spec, good, f"properties.{name}", ("x",), (GONE, ""), RECOMMENDED, "recommended")
        yield Case(
            spec, good, "context.traits", ({"email": "a@example.com"}, GONE), ("x",), WRONG, "optional"
        )
        yield Case(spec, good, "context.traits.email", ("a@example.com", GONE), (7,), WRONG, "optional")
        if event not in {"Email Delivered", "Email Bounced"}:
            yield Case(spec, good, "context.ip", ("192.0.2.7", GONE), ({"a": 1},), WRONG, "optional")
            yield Case(spec, good, "context.userAgent", ("curl", GONE), (7,), WRONG, "optional")
    for name in ("link_id", "link_url"):
        yield Case(spec, email_spec(), f"properties.{name}", ("x",), (GONE,), RECOMMENDED, "recommended")
    for name in ("list_id", "list_name"):
        left = email_spec("Unsubscribed")
        yield Case(spec, left, f"properties.{name}", ("x", GONE), (7,), WRONG, "optional")
    yield Case(spec, email_spec(), "event", (CLICKED, "Any"), (GONE,), MISSING, "required")


def partner_cases() -> Iterator[Case]:
    for call in EVERY_CALL:
        good = partner(call)
        source = "partner-source"
        there = {"name": "inflection", "version": "1.0.0"}
        yield Case(source, good, "context.integration", (there,), (GONE,), MISSING, "required")
        yield Case(source, good, "context.integration.name", ("inflection",), (GONE,), MISSING, "required")
        yield Case(source, good, "context.integration.version", ("1.0.0",), (GONE,), MISSING, "required")
        yield Case(source, good, "userId", ("u1",), (GONE,), MISSING, "required")
        anonymous = {**good, "anonymousId": "p1"}
        yield Case(source, anonymous, "userId", ("u1",), (GONE,), "partner-no-user-id", "recommended")
        yield Case(source, good, "context.personId", ("p1",), (GONE,), RECOMMENDED, "recommended")
    opened = partner("track")
    yield Case("partner-source", opened, "event", ("Email Opened", "Any"), (GONE,), MISSING, "required")


CASES: Final = [*freshsuccess_cases(), *email_spec_cases(), *partner_cases()]
ERRORS: Final = [case for case in CASES if case.code in {MISSING, WRONG, LONG, "check-call-refused"}]


def told(table: str, message: dict[str, Any]) -> set[tuple[str, str | None]]:
    """The problems of a message: code and member."""
    return {(note.rule.code, note.field) for note in DestinationChecks([table]).notes(message)}


def test_every_line_of_every_table_has_a_case_and_every_case_its_line() -> None:
    lines = {
        (table.name, call, event, row.paths[0], row.level.value)
        for table in known_tables().values()
        for row in table.rows
        for call in row.calls
        if call in {"track", "identify", "group"} or table.name == "partner-source"
        for event in row.events or ("",)
    }
    of_one_event = {(name, path) for name, _, event, path, _ in lines if event}
    tested = {
        (
            case.table,
            case.message["type"],
            case.message["event"] if (case.table, case.path) in of_one_event else "",
            case.path,
            case.level,
        )
        for case in CASES
    }
    assert tested == lines


@pytest.mark.parametrize("table", sorted(known_tables()))
def test_each_line_passes_what_it_asks_for_and_finds_what_it_does_not(table: str) -> None:
    judged = [
        (str(case), value, (case.code, path) in told(table, placed(case.message, path, value)), fails)
        for case in CASES
        if case.table == table
        for path in (case.path.replace("*", "other"),)
        for fails, values in ((False, case.passes), (True, case.fails))
        for value in values
    ]
    faults = [(case, value) for case, value, found, fails in judged if found is not fails]
    assert faults == []


def test_a_message_in_order_has_no_problem_but_the_link_of_its_two_ids() -> None:
    for case in CASES:
        if case.code != "partner-no-user-id":
            assert told(case.table, case.message) <= {("session-id-linked", "anonymousId")}, str(case)


def test_a_line_of_two_places_takes_either() -> None:
    message = freshsuccess("track")
    assert told("freshsuccess", {**message, "context": {}, "groupId": "a1"}) == {
        ("session-id-linked", "anonymousId")
    }
    original = {**message, "timestamp": None, "originalTimestamp": TIME}
    assert told("freshsuccess", original) == told("freshsuccess", message)
    agent = placed(email_spec(), "context.user_agent", 7)
    assert told("email-spec", agent) == {(WRONG, "context.user_agent")}
    anonymous = {**partner("page"), "userId": GONE, "anonymousId": "p1"}
    del anonymous["userId"]
    assert told("partner-source", anonymous) == {("partner-no-user-id", "userId")}


@pytest.mark.parametrize("time", ["yesterday", "01.03.2024", 1709285400])
def test_a_time_is_iso_8601(time: Any) -> None:
    assert (WRONG, "timestamp") in told("freshsuccess", {**freshsuccess("track"), "timestamp": time})
    created = placed(freshsuccess("group"), "traits.createdAt", time)
    assert (WRONG, "traits.createdAt") in told("freshsuccess", created)


@pytest.mark.parametrize(
    "name", ["Link Clicked", "link clicked", "Email Unsubscribed", "Email Reported as Spam"]
)
def test_another_name_of_an_event_of_the_spec_is_named(name: str) -> None:
    member = f"event = {name}"
    assert told("email-spec", {"type": "track", "event": name}) == {("check-event-alias", member)}
    assert told("partner-source", {**partner("track"), "event": name}) == {("partner-event-alias", member)}


@pytest.mark.parametrize("name", [*SIX, "Email Unique Opens", "Unique Link Click", "Report Opened"])
def test_a_name_of_the_spec_and_a_name_of_no_event_of_it_pass(name: str) -> None:
    assert ("check-event-alias", f"event = {name}") not in told("email-spec", email_spec(name))
    assert told("partner-source", {**partner("track"), "event": name}) == set()


def test_each_line_names_where_it_is_from() -> None:
    for table in known_tables().values():
        for row in table.rows:
            assert row.source.startswith("https://"), row


def test_levels_are_what_the_tables_have_between_them() -> None:
    assert {row.level for table in known_tables().values() for row in table.rows} == set(Level)


def refused_by_segment(message: dict[str, Any]) -> bool:
    empty = [
        name
        for name in ("userId", "anonymousId")
        if isinstance(message.get(name), str) and not message[name].strip()
    ]
    nobody = not (message.get("userId") or message.get("anonymousId"))
    needed = {"track": "event", "group": "groupId"}.get(message["type"])
    return bool(empty) or nobody or (needed is not None and not message.get(needed))


def lines_of(messages: list[dict[str, Any]]) -> str:
    return "".join(json.dumps({**message, "messageId": f"m{i}"}) + "\n" for i, message in enumerate(messages))


@pytest.mark.parametrize("table", sorted(known_tables()))
def test_replay_rejects_each_message_that_a_line_fails_and_sends_the_others(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    cases = [case for case in ERRORS if case.table == table and case.path not in {"type", "timestamp"}]
    good = [case.message for case in cases]
    bad = [
        (case, placed(case.message, case.path.replace("*", "other"), value))
        for case in cases
        for value in case.fails
    ]
    # What Segment would refuse itself is rejected before a table is asked.
    bad = [(case, message) for case, message in bad if not refused_by_segment(message)]
    (tmp_path / "good.ndjson").write_text(lines_of(good), encoding="utf-8")
    (tmp_path / "bad.ndjson").write_text(lines_of([message for _, message in bad]), encoding="utf-8")
    words = ("--check", table, "--dry-run", "--out", "out.ndjson", "--max-errors", "100%", "--json")
    done = desk.run("replay", "good.ndjson", *words).json
    assert (done["rows"]["rejected"], done["events"]["built"]) == (0, len(good))
    done = desk.run("replay", "bad.ndjson", "good.ndjson", "--rejects", "no", *words).json
    assert (done["rows"]["rejected"], done["events"]["built"]) == (len(bad), len(good))
    rejected = desk.messages("no/bad.rejects.ndjson")
    for (case, _), each in zip(bad, rejected, strict=True):
        assert case.code in each["infl_seg_code"]
