"""Results of a request: an answer or a failure."""

import html
import re
from dataclasses import dataclass
from enum import StrEnum

import orjson

_HTML_TYPES = ("text/html", "application/xhtml")
_PAGE_CHARS = 4_096  # bounds the search in a page that was made to take long
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
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
        body_bytes: Size of the request's body before compression.
        wire_bytes: Size of the request's body as it was sent.
    """

    status: int
    genuine: bool = True
    body_left: bool = True
    retry_after: str | None = None
    rate_limit_reset: str | None = None
    excerpt: str = ""
    body_bytes: int = 0
    wire_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Request that got no answer.

    Attributes:
        kind: What broke.
        body_left: False only where the request's body certainly did not leave whole.
        detail: What happened, as a clause without secrets.
        proxy_status: The status with which a proxy refused to connect, where it did.
        body_bytes: Size of the request's body before compression.
        wire_bytes: Size of the request's body as it would be sent.
    """

    kind: FailureKind
    body_left: bool
    detail: str = ""
    proxy_status: int | None = None
    body_bytes: int = 0
    wire_bytes: int = 0


def classify(body: bytes, *, content_type: str, is_segment: bool) -> bool:
    """Return whether a 2xx body is a collector's, not a login page.

    On Segment's own hosts it must be a JSON object whose `success` is not false (Segment docs, HTTP API: a
    batch is answered `{"success": true}`); elsewhere it must not be HTML, nor a JSON object that says no: by
    `success: false`, or by an `error` or `errors` with something in it.
    """
    answer = _json(body)
    if isinstance(answer, dict):
        if answer.get("success") is False:
            return False
        return is_segment or not any(_tells(answer.get(name)) for name in ("error", "errors"))
    if is_segment:
        return False
    return not _is_markup(body.decode(errors="replace"), content_type)


def own_words(text: str, *, content_type: str) -> str:
    """Return a response's text, or a page's title, as one line."""
    if _is_markup(text, content_type):
        text = text[:_PAGE_CHARS]
        title = _TITLE.search(text)
        text = html.unescape(_TAG.sub(" ", title[1] if title and title[1].strip() else text))
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _tells(member: object) -> bool:
    """Return whether an `error` member has content; 0 does not count."""
    return bool(member.strip()) if isinstance(member, str) else bool(member)


def _is_markup(text: str, content_type: str) -> bool:
    if content_type.lower().lstrip().startswith(_HTML_TYPES):
        return True
    return text.removeprefix("\ufeff").lstrip().startswith("<")


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
