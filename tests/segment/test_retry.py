"""The retry policy, status by status and header by header."""

import errno
import socket
import ssl
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.segment.client import cause_words
from inflection_cli.segment.response import (
    Accepted,
    Answer,
    Content,
    Failure,
    FailureKind,
    Retry,
    Stop,
    backoff_bound_s,
    backoff_s,
    classify,
    own_words,
    reset_s,
    retry_after_s,
    verdict,
)

NOW = 1_700_000_000.0
RETRIED = [408, 410, 429, 460, *(code for code in range(500, 600) if code not in {501, 505, 511})]
CONTENT = [400, 413]


@pytest.mark.parametrize("code", RETRIED)
def test_what_the_sdks_retry_is_retried_and_leaves_a_doubt_but_for_429(code: int) -> None:
    assert verdict(Answer(code), now=NOW) == Retry(f"HTTP {code}", None, doubt=code != 429)


@pytest.mark.parametrize("code", RETRIED)
def test_an_answer_that_came_before_the_body_had_left_leaves_no_doubt(code: int) -> None:
    assert verdict(Answer(code, body_left=False), now=NOW) == Retry(f"HTTP {code}", None, doubt=False)


@pytest.mark.parametrize("code", CONTENT)
def test_only_400_and_413_are_about_content(code: int) -> None:
    assert verdict(Answer(code, excerpt="too big"), now=NOW) == Content(code, "too big", f"HTTP {code}")


@given(st.integers(300, 599).filter(lambda code: code not in {*RETRIED, *CONTENT}))
def test_every_other_status_stops_the_run_and_only_a_5xx_leaves_a_doubt(code: int) -> None:
    outcome = verdict(Answer(code), now=NOW)
    assert isinstance(outcome, Stop)
    assert outcome.doubt == (code >= 500)
    assert str(code) in outcome.reason
    assert outcome.hint


@given(st.integers(200, 299))
def test_a_2xx_counts_only_when_it_is_segments_and_the_body_had_left(code: int) -> None:
    assert verdict(Answer(code), now=NOW) == Accepted()
    for false_one in (Answer(code, genuine=False), Answer(code, body_left=False)):
        outcome = verdict(false_one, now=NOW)
        assert isinstance(outcome, Stop)
        assert outcome.doubt


@pytest.mark.parametrize("body_left", [True, False])
@pytest.mark.parametrize("kind", [FailureKind.CONNECT, FailureKind.TIMEOUT, FailureKind.CUT])
def test_a_failure_of_the_network_is_retried_and_doubtful_when_the_body_left(
    kind: FailureKind, *, body_left: bool
) -> None:
    assert verdict(Failure(kind, body_left, "why"), now=NOW) == Retry("why", None, doubt=body_left)


def test_a_certificate_that_cannot_be_verified_stops_the_run() -> None:
    assert isinstance(verdict(Failure(FailureKind.CERTIFICATE, body_left=False), now=NOW), Stop)


def test_a_proxy_that_wants_a_password_stops_the_run_and_one_that_is_busy_does_not() -> None:
    wants = Failure(FailureKind.PROXY, body_left=False, detail="407 Authentication", proxy_status=407)
    busy = Failure(FailureKind.PROXY, body_left=False, detail="503 Busy", proxy_status=503)
    assert isinstance(verdict(wants, now=NOW), Stop)
    assert isinstance(verdict(busy, now=NOW), Retry)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("300", 300),
        ("301", 300),
        ("9" * 5_000, 300),
        (formatdate(NOW + 20, usegmt=True), 20),
        (formatdate(NOW + 9_999, usegmt=True), 300),
        (formatdate(NOW, usegmt=True), None),
        (formatdate(NOW - 20, usegmt=True), None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0667", None),
        ("3, 4", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_whole_seconds_or_a_date_and_otherwise_as_if_absent(
    header: str | None, wait_s: float | None
) -> None:
    assert retry_after_s(header, now=NOW) == wait_s


@given(st.text())
def test_no_text_in_retry_after_breaks_anything(header: str) -> None:
    wait_s = retry_after_s(header, now=NOW)
    assert wait_s is None or 0 < wait_s <= 300


def test_the_rate_limits_reset_stands_in_on_429_alone() -> None:
    assert verdict(Answer(429, rate_limit_reset="9"), now=NOW) == Retry("HTTP 429", 9, doubt=False)
    assert verdict(Answer(429, retry_after="2", rate_limit_reset="9"), now=NOW) == Retry(
        "HTTP 429", 2, doubt=False
    )
    assert verdict(Answer(503, rate_limit_reset="9"), now=NOW) == Retry("HTTP 503", None, doubt=True)
    assert reset_s("1700000009") is None


def test_retry_after_counts_on_every_status_that_is_retried() -> None:
    for code in RETRIED:
        outcome = verdict(Answer(code, retry_after="4"), now=NOW)
        assert isinstance(outcome, Retry)
        assert outcome.after_s == 4


def test_backoff_doubles_from_half_a_second_to_a_minute_with_full_jitter() -> None:
    assert [backoff_bound_s(n) for n in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff_bound_s(10_000) == 60
    assert backoff_s(3, 0.0) == 0
    assert backoff_s(3, 0.25) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "on_segment", "elsewhere"),
    [
        (b'{"success": true}', "application/json", True, True),
        (b"{}", "text/plain", True, True),
        (b'{"success": false}', "application/json", False, False),
        (b'\n{"success":false,"x":1}', "text/html", False, False),
        (b"", "", False, True),
        (b"OK", "text/plain", False, True),
        (b"[]", "application/json", False, True),
        (b"true", "application/json", False, True),
        (b"<!DOCTYPE html><p>Log in", "text/html; charset=utf-8", False, False),
        (b"  <html>", "application/json", False, False),
        (b"\xef\xbb\xbf<html>", "", False, False),
        (b"hello", "TEXT/HTML", False, False),
        (b"[" * 100_000, "application/json", False, False),
        (b"[" * 100_000, "text/plain", False, True),
        (b"\xff\xfe", "", False, True),
        (b'{"status":0,"error":"token, missing or empty"}', "application/json", False, False),
        (b'{"error":{"code":1}}', "application/json", False, False),
        (b'{"errors":["x"]}', "application/json", False, False),
        (b'{"error":true}', "application/json", False, False),
        (b'{"error":null,"errors":[]}', "application/json", True, True),
        (b'{"error":"","errors":{}}', "application/json", True, True),
        (b'{"error":false,"errors":0}', "application/json", True, True),
        (b'{"status":1,"error":" "}', "application/json", True, True),
        (b'{"status":0}', "application/json", True, True),
        (b'{"success":true,"error":"one event was odd"}', "application/json", True, False),
        (b'[{"error":"x"}]', "application/json", False, False),
        (b'[{"status":200},{"status":400}]', "application/json", False, False),
        (b"false", "application/json", False, False),
        (b" false\n", "", False, False),
        (b'{"success":"false"}', "application/json", False, False),
        (b'{"success":"No"}', "application/json", False, False),
        (b'{"success":0}', "application/json", False, False),
        (b'{"Success":false}', "application/json", False, False),
        (b'{"ok":false}', "application/json", False, False),
        (b'{"status":"error","message":"no"}', "application/json", False, False),
        (b'{"status":"Failed"}', "application/json", False, False),
        (b'{"statusCode":401,"message":"no"}', "application/json", False, False),
        (b'\xef\xbb\xbf{"success":false}', "application/json", False, False),
        (b'{"success":false,"x":NaN}', "application/json", False, False),
        (b'{"success":false,"x":"\xff"}', "application/json", False, False),
        (b'{"success":false,"success":true}', "application/json", False, False),
        (b'{"success":true,"success":false}', "application/json", False, False),
        (b'{"success":true}\n{"success":false}\n', "application/x-ndjson", False, False),
        (b'{"success": fal', "application/json", False, False),
        (b'[{"id":1},', "application/vnd.api+json; charset=utf-8", False, False),
        (b'{"success":1}', "application/json", True, True),
        (b'{"success":"true","status":"ok"}', "application/json", True, True),
        (b'{"success":null}', "application/json", True, True),
        (b'{"status":"success","error":"none"}', "application/json", True, True),
        (b'{"status":200,"error":"0","errors":"null"}', "application/json", True, True),
        (b'{"status":"accepted","message":"no error"}', "application/json", True, True),
        (b'{"success":true,"x":NaN}', "application/json", True, True),
        (b'\xef\xbb\xbf{"success":true}', "application/json", True, True),
        (b'[{"success":true},{"success":true}]', "application/json", False, True),
        (b'{"success":true}\n{"success":true}\n', "application/x-ndjson", False, True),
        (b'"ok"', "application/json", False, True),
        (b"ok", "application/json", False, True),
        (b"", "application/json", False, True),
        (b"null", "application/json", False, True),
        (b"0", "text/plain", False, True),
        (b"{accepted}", "text/plain", False, True),
    ],
)
def test_an_acceptance_is_told_from_a_login_page(
    body: bytes, content_type: str, *, on_segment: bool, elsewhere: bool
) -> None:
    assert classify(body, content_type=content_type, is_segment=True) is on_segment
    assert classify(body, content_type=content_type, is_segment=False) is elsewhere


@pytest.mark.parametrize(
    ("text", "content_type", "words"),
    [
        ('{"error": "no\\u001b"}', "application/json", '{"error": "no\\u001b"}'),
        ("no\x1b[31m\r\nsuch\u202e key", "text/plain", "no [31m such key"),
        ("<html><head><title>\n Sign\tin </title>", "text/html", "Sign in"),
        ("<html><style>p {}</style><p>Hotel &amp; more</p><script>x<y</script>", "", "Hotel & more"),
        ("<title></title><h1>Log in</h1>", "text/html", "Log in"),
        ("<" * 100_000, "text/html", "<" * 4_096),
        ("<script" * 20_000, "text/html", ""),
    ],
)
def test_an_answers_own_words_are_one_line_that_can_be_printed(
    text: str, content_type: str, words: str
) -> None:
    assert own_words(text, content_type=content_type) == words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "host h.example is not known (DNS)",
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure"),
            "host h.example could not be looked up now (DNS: Temporary failure)",
        ),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused by h.example:443"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "the connection was reset by h.example:443"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to h.example:443"),
        (ssl.SSLError(1, "x"), "h.example:443 does not speak TLS as expected (connection ended)"),
    ],
)
def test_a_cause_is_found_behind_what_a_library_made_of_it(error: Exception, words: str) -> None:
    wrapped = RuntimeError("All connection attempts failed")
    wrapped.__cause__ = ExceptionGroup("several", [ValueError("x"), error])
    assert cause_words(wrapped, host="h.example", peer="h.example:443") == words


def test_a_refusal_behind_a_200_is_told_in_the_destinations_own_words() -> None:
    outcome = verdict(Answer(200, genuine=False, excerpt="workspace suspended"), now=NOW)
    assert isinstance(outcome, Stop)
    assert "“workspace suspended”" in outcome.reason
    assert "workspace" not in outcome.cause
