"""What came of a request, as values."""

from dataclasses import dataclass
from enum import StrEnum

import orjson

_HTML_TYPES = ("text/html", "application/xhtml")


class FailureKind(StrEnum):
    """Why no answer came."""

    CONNECT = "connect"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    CUT = "cut"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that was read to its end, or a 5xx of which the head was.

    Attributes:
        status: The HTTP status.
        genuine: Whether it is such an answer as Segment gives to what it accepts; see `judge`.
        body_left: False only where the request's body certainly did not leave whole.
        retry_after: The header as it came.
        rate_limit_reset: The header X-RateLimit-Reset as it came.
        excerpt: The first characters of the body, or where a redirect leads.
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
    """A request without an answer.

    Attributes:
        kind: What broke.
        body_left: False only where the request's body certainly did not leave whole.
        detail: The words of the system, without secrets.
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


def judge(body: bytes, *, content_type: str, is_segment: bool) -> bool:
    """Tell whether the body of a 2xx is a collector's, not a login page of something in between.

    On Segment's own hosts it must be a JSON object whose `success` is not false (Segment docs, HTTP API: a
    batch is answered `{"success": true}`); elsewhere it must not be HTML and not say `success: false`.
    """
    answer = _json(body)
    if isinstance(answer, dict):
        return answer.get("success") is not False
    if is_segment:
        return False
    markup = body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    return not markup and not content_type.lower().lstrip().startswith(_HTML_TYPES)


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
