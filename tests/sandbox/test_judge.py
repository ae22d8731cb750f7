"""What Segment answers to a body: the limits to the byte, keys, encodings, and what it warns of."""

import gzip
import json
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_support import KEY, basic, batch, event

from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.judge import Hazard, Post, Verdict, judge
from inflection_cli.sandbox.message_store import event_bytes

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WRITTEN_JSON = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 3, "\t"]),
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]),
    }
)


def judged(body: bytes, call: str = "batch", **post: Any) -> Verdict:
    return judge(Post(call=call, wire=body, **post), SourceState())


def event_of(size: int, filler: str = "x", **dumps: Any) -> str:
    """Write an event of exactly so many bytes."""
    written = dumps or {"separators": (",", ":")}
    empty = len(json.dumps(event(properties={"note": ""}), **written).encode())
    one = len(json.dumps(filler, **written).encode()) - 2
    count, rest = divmod(size - empty, one)
    text = json.dumps(event(properties={"note": filler * count + "y" * rest}), **written)
    assert len(text.encode()) == size
    return text


def body_of(size: int) -> bytes:
    """Write a batch body of exactly so many bytes out of events far below their limit."""
    events = [event(n, properties={"note": "x" * 900}) for n in range(460)]
    short = len(batch(*events, event(460, properties={"note": ""})))
    body = batch(*events, event(460, properties={"note": "y" * (size - short)}))
    assert len(body) == size
    return body


def in_batch(*events: str) -> bytes:
    return f'{{"batch":[{",".join(events)}],"writeKey":"{KEY}"}}'.encode()


@pytest.mark.parametrize(("size", "status"), [(32_000, 200), (32_001, 400)])
@pytest.mark.parametrize("filler", ["x", "é", "\N{LINE SEPARATOR}"])
def test_an_event_may_have_32000_bytes_and_not_one_more(size: int, status: int, filler: str) -> None:
    written = event_of(size, filler, separators=(",", ":"), ensure_ascii=False)
    small = json.dumps(event(1))

    assert judged(in_batch(small, written)).status == status


@pytest.mark.parametrize(("size", "status"), [(32_000, 200), (32_001, 400)])
def test_an_event_is_weighed_as_it_was_written_with_its_spaces_and_escapes(size: int, status: int) -> None:
    written = event_of(size, "é", separators=(" ,  ", " :  "), ensure_ascii=True)

    assert judged(in_batch(written)).status == status
    assert judged(in_batch(written), authorization=basic()).status == status


@pytest.mark.parametrize(("size", "status"), [(500_000, 200), (500_001, 400)])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_body_may_have_500000_bytes_inflated_and_not_one_more(size: int, status: int, zipped: bool) -> None:
    body = body_of(size)
    wire, encoding = (gzip.compress(body), "gzip") if zipped else (body, "")

    verdict = judged(wire, encoding=encoding)

    assert verdict.status == status
    assert verdict.body_bytes == size
    assert verdict.events == 461


@pytest.mark.parametrize(("count", "accepted"), [(2_500, 2_500), (2_501, 0)])
def test_over_2500_events_is_a_200_and_none_goes_through(count: int, accepted: int) -> None:
    verdict = judged(batch(*[{"type": "page", "userId": "u"}] * count))

    assert verdict.status == 200
    assert len(verdict.accepted) == accepted


@pytest.mark.parametrize(("size", "status"), [(32_000, 200), (32_001, 400)])
def test_a_single_call_may_have_32000_bytes(size: int, status: int) -> None:
    assert judged(event_of(size).encode(), "track", authorization=basic()).status == status


def test_a_body_far_over_its_bound_is_a_413() -> None:
    assert judged(b" " * 8_000_001).status == 413


def test_a_zip_bomb_is_inflated_no_further_than_the_bound() -> None:
    bomb = gzip.compress(b"0" * 20_000_000)

    verdict = judged(bomb, encoding="gzip")

    assert verdict.status == 413
    assert verdict.body_bytes == 8_000_001


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"no gzip",
        gzip.compress(batch(event()))[:-1],
        gzip.compress(batch(event())) + b"more",
        zlib.compress(batch(event())),
    ],
)
def test_what_is_no_whole_gzip_is_a_400(wire: bytes) -> None:
    assert judged(wire, encoding="gzip").status == 400


def test_an_unknown_content_encoding_is_a_400() -> None:
    assert judged(batch(event()), encoding="br").status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"batch"',
        b'{"batch":[',
        b'{"batch":{}}',
        b'{"batch":[NaN]}',
        b'{"batch":["\xff"]}',
        b'{"batch":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_json_object_with_an_array_is_a_400(body: bytes) -> None:
    assert judged(body, authorization=basic()).status == 400


def test_nesting_deeper_than_can_be_followed_is_a_400_and_no_crash() -> None:
    deep = b'{"batch":[{"x":' + b"[" * 1_010 + b"]" * 1_010 + b"}]}"

    verdict = judge(Post(call="batch", wire=deep, authorization=basic()), SourceState(), verbatim=True)

    assert verdict.status == 400


@pytest.mark.parametrize("call", ["batch", "import", "track"])
@pytest.mark.parametrize(
    ("authorization", "in_body", "status"),
    [
        (basic(), None, 200),
        ("", KEY, 200),
        ("basic " + basic()[6:], None, 200),
        (basic("some-other-key-of-32-characters!:"), None, 200),
        ("Bearer token", KEY, 200),
        (basic(":"), KEY, 200),
        ("", None, 400),
        ("", "", 400),
        ("", "abc", 400),
        ("", 1234567, 400),
        (basic(":"), None, 400),
        (basic("abc:"), None, 400),
        ("Basic %%%", None, 400),
        ("Basic é", None, 400),
    ],
)
def test_only_an_empty_or_very_short_key_is_a_400(
    call: str, authorization: str, in_body: object, status: int
) -> None:
    document: dict[str, Any] = event() if call == "track" else {"batch": [event()]}
    if in_body is not None:
        document["writeKey"] = in_body

    assert judged(orjson.dumps(document), call, authorization=authorization).status == status


def test_the_path_of_a_single_call_is_its_type_and_its_key_is_no_part_of_it() -> None:
    body = orjson.dumps({**event(type=None), "writeKey": KEY})

    verdict = judge(Post(call="track", wire=body), SourceState(), verbatim=True)

    assert verdict.accepted == [event()]
    assert KEY.encode() not in verdict.encoded[0]


@pytest.mark.parametrize(
    ("hazard", "body", "post"),
    [
        (Hazard.BATCH_SENT_AT, batch(event(), sentAt="2024-03-01T09:30:00Z"), {}),
        (Hazard.BATCH_TIMESTAMP, batch(event(), timestamp="2024-03-01T09:30:00Z"), {}),
        (Hazard.EVENT_SENT_AT, batch(event(sentAt="2024-03-01T09:30:00Z")), {}),
        (Hazard.TIMESTAMP_MISSING, batch(event(timestamp=None)), {}),
        (Hazard.MESSAGE_ID_MISSING, batch(event(messageId=None)), {}),
        (Hazard.KEYS_DIFFER, batch(event()), {"authorization": basic("other-key:")}),
        (Hazard.KEY_WITHOUT_COLON, batch(event()), {"authorization": basic(KEY)}),
        (Hazard.CONTENT_TYPE, batch(event()), {"content_type": "text/plain"}),
    ],
)
def test_a_hazard_is_counted_though_the_event_goes_through(
    hazard: Hazard, body: bytes, post: dict[str, str]
) -> None:
    verdict = judged(body, **post)

    assert verdict.hazards == {hazard: 1}
    assert len(verdict.accepted) == 1


def test_a_well_made_request_has_no_hazards() -> None:
    verdict = judged(batch(event()), authorization=basic(), content_type="application/json; charset=utf-8")

    assert verdict.hazards == {}
    assert verdict.discarded == {}


def test_of_two_batches_in_one_body_the_last_one_counts_for_the_bytes_too() -> None:
    body = b'{"batch": [{"a": 1}], "batch" : [ {"b" : 2} , {} ] , "x":[{"c":3}]}'

    assert event_bytes(body) == [b'{"b" : 2}', b"{}"]


def test_a_body_without_an_array_has_no_event_bytes() -> None:
    assert event_bytes(b'{"batch": [1]\n,"batch":null}') == []
    assert event_bytes(b" { } ") == []


@given(st.lists(ANY_JSON, max_size=5), ANY_JSON, WRITTEN_JSON)
def test_the_bytes_of_an_event_are_those_that_stood_in_the_body(
    events: list[Any], other: Any, written: dict[str, Any]
) -> None:
    body = json.dumps({"first": other, "batch": events, "last": other}, **written)

    slices = event_bytes(body.encode())

    assert [json.loads(one) for one in slices] == events
    rest = body.encode()
    for one in slices:
        rest = rest[rest.index(one) + len(one) :]
        assert one == one.strip()


def test_numbers_are_kept_digit_by_digit() -> None:
    spelled = event_bytes(b'{"batch":[1.10, -0, 1E5, 123456789012345678901]}')
    long = event_bytes(b'{"batch":[' + b"9" * 5_000 + b"]}")

    assert spelled == [b"1.10", b"-0", b"1E5", b"123456789012345678901"]
    assert long == [b"9" * 5_000]


@pytest.mark.parametrize("separators", [(",", ":"), (" , ", ": ")])
def test_only_accepted_events_give_their_bytes(separators: tuple[str, str]) -> None:
    events = [event(1), event(2, userId=""), event(3, properties={"n": 1.5})]
    texts = [json.dumps(one, separators=separators).encode() for one in events]
    body = json.dumps({"batch": events, "writeKey": KEY}, separators=separators).encode()

    verdict = judge(Post(call="batch", wire=body), SourceState(), verbatim=True)

    assert verdict.encoded == [texts[0], texts[2]]
