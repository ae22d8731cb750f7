"""Results of a request, and the retry policy for them.

The policy is that of Segment's newest official SDKs, but for their count of attempts: nothing is dropped.
"""

import html
import json
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

from inflection_cli.certificates import certificate_hint
from inflection_cli.segment.limits import BACKOFF_CAP_S, BACKOFF_FIRST_S, MAX_RETRY_AFTER_S

_HTML_TYPES = ("text/html", "application/xhtml")
_PAGE_CHARS = 4_096  # bounds the search in a page that was made to take long
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_FAILED = frozenset({"error", "errors", "fail", "failed", "failure"})
_NO = frozenset({"false", "0", "no"})
_EMPTY = _NO | {"", "null", "none", "ok"}
"""Texts of an `error` member that name no error."""
_FILLED = re.compile(r"\S")
_TAG = re.compile(r"<(style|script)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>", re.IGNORECASE | re.DOTALL)


class FailureKind(StrEnum):
    """Reasons why no answer came."""

    CONNECT = "connect"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    CUT = "cut"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP answer that was read; of a 5xx only the head.

    Attributes:
        status: The HTTP status.
        genuine: Whether it is such an answer as Segment gives to what it accepts; see `classify`.
        body_left: False only where the request's body certainly did not leave whole.
        retry_after: The header as it came.
        rate_limit_reset: The header X-RateLimit-Reset as it came.
        excerpt: The first words of the body as one line, or where a redirect leads; see `own_words`.
        peer: Host and port that were asked.
        body_bytes: Size of the request's body before compression.
        wire_bytes: Size of the request's body as it was sent.
    """

    status: int
    genuine: bool = True
    body_left: bool = True
    retry_after: str | None = None
    rate_limit_reset: str | None = None
    excerpt: str = ""
    peer: str = ""
    body_bytes: int = 0
    wire_bytes: int = 0

    @property
    def words(self) -> str:
        """Return status, host and port as a clause."""
        return f"HTTP {self.status} from {self.peer}" if self.peer else f"HTTP {self.status}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Request that got no answer.

    Attributes:
        kind: What broke.
        body_left: False only where the request's body certainly did not leave whole.
        detail: What happened, as a clause without secrets.
        proxy_status: The status with which a proxy refused to connect, where it did.
        unreachable: Whether the host, or the proxy, is unknown or refused the connection.
        body_bytes: Size of the request's body before compression.
        wire_bytes: Size of the request's body as it would be sent.
    """

    kind: FailureKind
    body_left: bool
    detail: str = ""
    proxy_status: int | None = None
    unreachable: bool = False
    body_bytes: int = 0
    wire_bytes: int = 0


def classify(body: bytes, *, content_type: str, is_segment: bool) -> bool:
    """Return whether a 2xx body is a collector's, not a login page.

    On Segment's own hosts it must be a JSON object that does not say no, or whose `success` is true (Segment docs,
    HTTP API: a batch is answered `{"success": true}`). Elsewhere it must not be HTML, nor JSON that is cut, nor JSON
    that says no: `false` alone, or an object, one in a list too, that `_says_no`.
    """
    text = body.decode("utf-8-sig", errors="replace")
    answers = _documents(text)
    if is_segment:
        return len(answers) == 1 and isinstance(answers[0], tuple) and _is_taken(answers[0])
    if any(map(_refuses, answers)):
        return False
    if answers and all(isinstance(answer, tuple) for answer in answers):
        return True
    is_cut = not answers and "json" in content_type.lower() and text.lstrip().startswith(("{", "["))
    return not is_cut and not _is_markup(text, content_type)


def own_words(text: str, *, content_type: str) -> str:
    """Return a response's text, or a page's title, as one line."""
    if _is_markup(text, content_type):
        text = text[:_PAGE_CHARS]
        title = _TITLE.search(text)
        text = html.unescape(_TAG.sub(" ", title[1] if title and title[1].strip() else text))
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


_Members = tuple[tuple[str, object], ...]
"""A JSON object with every member that it has, also those of one name."""


def _is_taken(answer: _Members) -> bool:
    """Return whether an object on a host of Segment's accepts the batch."""
    success = [value for name, value in answer if name == "success"]
    return not _says_no(answer) or (bool(success) and all(value is True for value in success))


def _refuses(answer: object) -> bool:
    objects = answer if isinstance(answer, list) else [answer]
    return answer is False or any(isinstance(each, tuple) and _says_no(each) for each in objects)


def _says_no(answer: _Members) -> bool:
    """Return whether a member of an object states a failure."""
    return any(_denies(name.lower(), value) for name, value in answer)


def _denies(name: str, value: object) -> bool:
    word = value.strip().lower() if isinstance(value, str) else None
    match name:
        case "success" | "ok":
            return word in _NO if word is not None else value in (False, 0)
        case "error" | "errors":
            return word not in _EMPTY if word is not None else bool(value)
        case "status" | "statuscode" | "status_code":
            return word in _FAILED if word is not None else isinstance(value, int) and 400 <= value <= 599
    return False


def _documents(text: str) -> list[object]:
    """Return the documents of a text that is JSON alone, else none."""
    found: list[object] = []
    end = 0
    try:
        while start := _FILLED.search(text, end):
            answer, end = _DECODER.raw_decode(text, start.start())
            found.append(answer)
    except (ValueError, RecursionError):
        return []
    return found


def _is_markup(text: str, content_type: str) -> bool:
    if content_type.lower().lstrip().startswith(_HTML_TYPES):
        return True
    return text.removeprefix("\ufeff").lstrip().startswith("<")


_DECODER = json.JSONDecoder(object_pairs_hook=tuple)
"""Reads what strict readers refuse, such as NaN, and keeps a name that stands twice."""


_RETRIED_4XX = frozenset({408, 410, 429, 460})
_FINAL_5XX = frozenset({501, 505, 511})
_CONTENT = frozenset({400, 413})
_EPOCH_LIKE_S = 1e9


@dataclass(frozen=True, slots=True)
class Accepted:
    """Verdict: the batch was accepted."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Verdict: the batch is sent again with the same ids.

    Attributes:
        reason: What happened, in a few words.
        after_s: How long the destination asks the whole run to wait; None where it does not say.
        doubt: Whether the batch may be in nevertheless.
        unreachable: Whether the host is unknown or refused the connection.
    """

    reason: str
    after_s: float | None
    doubt: bool
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Verdict: some content is refused, so the batch is split.

    It is halved until the refused event stands alone.
    """

    status: int
    excerpt: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Verdict: another try cannot help, so the run ends.

    Attributes:
        reason: What happened, as a sentence.
        hint: What may settle it.
        doubt: Whether the batch may be in nevertheless.
        cause: What happened, as a clause without words of the destination's, which may repeat personal data.
    """

    reason: str
    hint: str
    doubt: bool
    cause: str


Verdict = Accepted | Retry | Content | Stop


def verdict(outcome: Answer | Failure, *, now: float) -> Verdict:
    """Return the verdict for a batch, from its answer or failure.

    Args:
        outcome: What came of its request.
        now: Wall clock in unix seconds, for a Retry-After that is a date.
    """
    if isinstance(outcome, Failure):
        return _of_failure(outcome)
    status = outcome.status
    if 200 <= status < 300:
        return Accepted() if outcome.genuine and outcome.body_left else _not_accepted(outcome)
    if is_retryable(status):
        wait_s = retry_after_s(outcome.retry_after, now=now)
        if wait_s is None and status == 429:
            wait_s = reset_s(outcome.rate_limit_reset)
        return Retry(outcome.words, wait_s, doubt=status != 429 and outcome.body_left)
    if status in _CONTENT:
        return Content(status, outcome.excerpt, outcome.words)
    return _final(outcome)


def is_retryable(status: int) -> bool:
    """Return whether a status calls for a retry."""
    return status in _RETRIED_4XX or (500 <= status < 600 and status not in _FINAL_5XX)


def backoff_s(misses: int, draw: float) -> float:
    """Return the backoff in seconds: full jitter over an exponential bound.

    Args:
        misses: How many failures there were before this one, from 0.
        draw: A random number in [0, 1).
    """
    return draw * backoff_bound_s(misses)


def backoff_bound_s(misses: int) -> float:
    """Return the longest backoff after consecutive failures, in seconds."""
    return float(min(BACKOFF_CAP_S, BACKOFF_FIRST_S * 2 ** min(misses, 32)))


def retry_after_s(header: str | None, *, now: float) -> float | None:
    """Parse `Retry-After`: seconds or HTTP date (RFC 9110), at most 300 s.

    Zero, what lies in the past, and junk are as if the header were absent.
    """
    if header is None:
        return None
    text = header.strip()
    wait_s = _whole_seconds(text)
    if wait_s is None:
        wait_s = _seconds_to(text, now)
    return min(wait_s, MAX_RETRY_AFTER_S) if wait_s is not None and wait_s > 0 else None


def reset_s(header: str | None) -> float | None:
    """Parse `X-RateLimit-Reset`: seconds from now, at most 300 s.

    A date is ignored.
    """
    wait_s = None if header is None else _whole_seconds(header.strip())
    return min(wait_s, MAX_RETRY_AFTER_S) if wait_s is not None and 0 < wait_s < _EPOCH_LIKE_S else None


def _whole_seconds(text: str) -> float | None:
    # Twelve digits: more is no wait anyone means, and int() refuses thousands of them.
    return float(text[:12]) if text.isascii() and text.isdigit() else None


def _seconds_to(text: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _of_failure(failure: Failure) -> Retry | Stop:
    if failure.kind is FailureKind.CERTIFICATE:
        return Stop(
            f"The destination's certificate could not be verified: {failure.detail}",
            certificate_hint(failure.detail, "--endpoint", "the destination"),
            doubt=failure.body_left,
            cause=f"certificate not verified: {failure.detail}",
        )
    if failure.proxy_status is not None and not is_retryable(failure.proxy_status):
        return Stop(
            f"The proxy refused to connect: {failure.detail}",
            "check HTTPS_PROXY and its credentials, or name the host in NO_PROXY",
            doubt=failure.body_left,
            cause=failure.detail,
        )
    reason = failure.detail or failure.kind.value
    return Retry(reason, None, doubt=failure.body_left, unreachable=failure.unreachable)


def _not_accepted(answer: Answer) -> Stop:
    said = f": “{answer.excerpt}”" if answer.excerpt else "."
    return Stop(
        f"HTTP {answer.status} came back, but not in a form in which Segment accepts anything{said}",
        "a proxy's login page may have answered in place of the destination. "
        "Check the write key, --endpoint and the proxy settings",
        doubt=True,
        cause=f"{answer.words} without an acceptance",
    )


def _final(answer: Answer) -> Stop:
    status = answer.status
    # A redirect is no acceptance by anyone, and is named among what leaves events pending; only what is
    # neither that nor a final 4xx leaves a doubt.
    doubt = not 300 <= status < 500 and answer.body_left
    detail = f": {answer.excerpt}" if answer.excerpt else "."
    reason = f"The destination answered HTTP {status}{detail}"
    return Stop(reason, _hint(status), doubt=doubt, cause=answer.words)


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "check the write key: --write-key-file FILE, or SEGMENT_WRITE_KEY"
    if 300 <= status < 400:
        return "redirects are not followed, to protect the write key; set --endpoint to the final address"
    if status in {404, 405}:
        return "--endpoint takes the base address; the tool posts to URL/v1/batch"
    if status == 415:
        return "the destination may refuse compressed bodies: --no-gzip sends them uncompressed"
    if status == 511:
        return "the network asks for a login; log in, then run the same command again"
    return "check --endpoint; then run the same command again"
