"""Each reason for which Segment drops an event behind a 200."""

from typing import Any

import pytest
from sandbox_support import KEY, basic, batch, event

from inflection_cli.sandbox.discards import Discard, discard_reason
from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.judge import Post, judge

EVENTS: list[tuple[Discard, Any]] = [
    (Discard.NOT_AN_OBJECT, "track"),
    (Discard.NOT_AN_OBJECT, None),
    (Discard.NOT_AN_OBJECT, [1]),
    (Discard.TYPE_UNKNOWN, event(type=None)),
    (Discard.TYPE_UNKNOWN, event(type="Track")),
    (Discard.TYPE_UNKNOWN, event(type=["track"])),
    (Discard.NO_ID, event(userId=None)),
    (Discard.NO_ID, {**event(), "userId": None, "anonymousId": None}),
    (Discard.ID_EMPTY, event(userId="")),
    (Discard.ID_EMPTY, event(anonymousId="")),
    (Discard.ID_NOT_A_STRING, event(userId=7)),
    (Discard.ID_NOT_A_STRING, event(userId=0)),
    (Discard.ID_NOT_A_STRING, event(userId=None, anonymousId=False)),
    (Discard.ID_NOT_A_STRING, event(anonymousId={"id": "a"})),
    (Discard.MESSAGE_ID_NOT_A_STRING, event(messageId=12)),
    (Discard.MESSAGE_ID_TOO_LONG, event(messageId="m" * 100)),
    (Discard.EVENT_MISSING, event(event=None)),
    (Discard.EVENT_MISSING, event(event="")),
    (Discard.EVENT_NOT_A_STRING, event(event=3)),
    (Discard.EVENT_NOT_A_STRING, event(event=False)),
    (Discard.PROPERTIES_NOT_AN_OBJECT, event(properties="a=b")),
    (Discard.PROPERTIES_NOT_AN_OBJECT, event(properties=[])),
    (Discard.TRAITS_NOT_AN_OBJECT, event(type="identify", event=None, traits=[1])),
    (Discard.PAGE_NAME_INVALID, event(type="page", event=None, name="")),
    (Discard.PAGE_NAME_INVALID, event(type="page", event=None, name=1)),
    (Discard.PAGE_CATEGORY_INVALID, event(type="page", event=None, category="")),
    (Discard.PAGE_CATEGORY_INVALID, event(type="page", event=None, category={})),
    (Discard.GROUP_ID_INVALID, event(type="group", event=None)),
    (Discard.GROUP_ID_INVALID, event(type="group", event=None, groupId="")),
    (Discard.GROUP_ID_INVALID, event(type="group", event=None, groupId=7)),
]

GOOD: list[dict[str, Any]] = [
    event(),
    event(userId=None, anonymousId="p1"),
    {**event(anonymousId="p1"), "userId": None},
    event(properties=None),
    event(messageId=None),
    event(messageId="m" * 99),
    event(type="identify", event=None, traits={"plan": "x"}),
    event(type="page", event=None),
    event(type="page", event=None, name="Home", category="Docs"),
    event(type="screen", event=None, name=""),
    event(type="group", event=None, groupId="g"),
    event(type="alias", event=None, previousId="p"),
]

REQUESTS: list[tuple[Discard, list[Any], SourceState, int]] = [
    (Discard.BATCH_EMPTY, [], SourceState(), 1),
    (Discard.BATCH_OVER_LIMIT, [event(n) for n in range(2_501)], SourceState(), 2_501),
    (Discard.SOURCE_DISABLED, [event(1), event(2)], SourceState(disabled=True), 2),
    (Discard.WRITE_KEY_UNKNOWN, [event(1), event(2)], SourceState(write_key="another-key"), 2),
    (Discard.EVENT_BLOCKED, [event(1)], SourceState(blocked_events=frozenset({"Email Opened"})), 1),
]


@pytest.mark.parametrize(("reason", "dropped"), EVENTS)
def test_an_event_is_dropped_for_the_reason_it_gives(reason: Discard, dropped: Any) -> None:
    assert discard_reason(dropped) is reason


@pytest.mark.parametrize("good", GOOD)
def test_an_event_that_segment_lets_through_has_no_reason(good: dict[str, Any]) -> None:
    assert discard_reason(good) is None


@pytest.mark.parametrize(("reason", "events", "source", "count"), REQUESTS)
def test_a_whole_request_is_dropped_behind_a_200(
    reason: Discard, events: list[Any], source: SourceState, count: int
) -> None:
    verdict = judge(Post(call="batch", wire=batch(*events), authorization=basic()), source)

    assert verdict.status == 200
    assert verdict.discarded == {reason: count}
    assert not verdict.accepted


def test_every_reason_is_shown_by_one_of_these_tests() -> None:
    assert {reason for reason, _ in EVENTS} | {row[0] for row in REQUESTS} == set(Discard)


def test_the_other_events_of_a_batch_still_go_through() -> None:
    mixed = [event(1), event(2, userId=""), event(3), "no event", event(4, event=None)]

    verdict = judge(Post(call="batch", wire=batch(*mixed)), SourceState())

    assert [one["messageId"] for one in verdict.accepted] == ["id-1", "id-3"]
    assert verdict.events == 5
    assert verdict.discarded == {
        Discard.ID_EMPTY: 1,
        Discard.NOT_AN_OBJECT: 1,
        Discard.EVENT_MISSING: 1,
    }


def test_the_key_that_the_source_knows_goes_through() -> None:
    verdict = judge(Post(call="batch", wire=batch(event())), SourceState(write_key=KEY))

    assert len(verdict.accepted) == 1


def test_a_blocked_name_leaves_the_others_alone() -> None:
    source = SourceState(blocked_events=frozenset({"Email Bounced"}))
    events = [event(1), event(2, event="Email Bounced"), event(3, event=["Email Bounced"])]

    verdict = judge(Post(call="batch", wire=batch(*events)), source)

    assert [one["messageId"] for one in verdict.accepted] == ["id-1"]
    assert verdict.discarded == {Discard.EVENT_BLOCKED: 1, Discard.EVENT_NOT_A_STRING: 1}
