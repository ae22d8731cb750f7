"""Results of a request: an answer or a failure."""

import html
import json
import re
from dataclasses import dataclass
from enum import StrEnum

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
