"""Copy remote files once, checked by length and checksum.

`https://` is read by the standard library, since a signed link's query has to stay as it is; what a bucket holds, by
obstore, which takes credentials from the environment alone. Neither credentials nor a link's query are ever shown.
"""

import base64
import hashlib
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

from inflection_cli import rules
from inflection_cli.certificates import certificate_hint, tls_context
from inflection_cli.errors import InputError
from inflection_cli.model import Problem
from inflection_cli.reading.files.file_patterns import COUNTS, is_data, is_read_archive
from inflection_cli.reading.files.private_copy import keep_copy

if TYPE_CHECKING:
    from email.message import Message

_TIMEOUT_S: Final = 60.0
MAX_OBJECTS: Final = 1_000
_BUCKETS: Final = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl")
_MD5: Final = re.compile(r'"?([0-9a-f]{32})"?', re.ASCII)
_AGAIN: Final = "run the same command again; nothing was sent"
# RFC 9530, and RFC 3230 before it.
_DIGEST: Final = re.compile(r"sha-256=:?([A-Za-z0-9+/]{43}=)", re.IGNORECASE)
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


@dataclass(frozen=True, slots=True)
class RemoteCopy:
    """A remote file and its private copy.

    Attributes:
        path: The URL, as it may be shown.
        location: Where the copy is.
        problems: What is to be said of it.
    """

    path: str
    location: str
    problems: tuple[Problem, ...]


def remote_files(
    url: str, limits_bytes: int, environ: Mapping[str, str], ca_file: str | None = None
) -> Iterator[RemoteCopy]:
    """Yield the private copies of what a URL names, each checked.

    Args:
        url: Of a file; a bucket's may end with a slash and names all exports below it.
        limits_bytes: How many bytes each may have.
        environ: Where endpoints and certificate authorities are looked for.
        ca_file: A file of more authorities, for https.

    Raises:
        InputError: It cannot be read, is not whole, or is plain http to another machine.
        UsageError: The authorities that the user names cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() in {"http", "https"}:
        yield _web_file(parts, limits_bytes, partial(tls_context, ca_file, environ))
    elif parts.scheme.lower() in _BUCKETS:
        yield from _bucket_files(parts, limits_bytes, environ)
    else:
        raise InputError(
            f"{shown(parts)}: files are not read by {parts.scheme}",
            hint="name a local file, or one by s3:// or https://",
        )


def shown(parts: SplitResult) -> str:
    """Return a URL without user, query and fragment, to be shown."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes | None:
        """Read at most `size` bytes; return no bytes at the end."""


class _Checked:
    """Byte source that counts and digests what passes through it."""

    def __init__(self, name: str, within: _Readable) -> None:
        self._name = name
        self._within = within
        self.size = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        try:
            data = self._within.read(size) or b""
        except (OSError, HTTPException) as error:
            # Whose own text may hold what was asked for.
            raise _broken(self._name, f"{type(error).__name__} behind byte {self.size:,}") from None
        self.size += len(data)
        self.md5.update(data)
        self.sha256.update(data)
        return data


@dataclass(frozen=True, slots=True)
class _Claims:
    """Length and digests of a file, as its server names them."""

    size: int | None
    md5: str | None = None
    sha256: str | None = None

    def problems(self, name: str, read: _Checked) -> tuple[Problem, ...]:
        """Check a copy; return a warning where only its length could be.

        Raises:
            InputError: It is not what the server says.
        """
        if self.size is not None and self.size != read.size:
            raise _broken(name, f"{read.size:,} of {self.size:,} bytes came")
        for kind, said, found in (
            ("MD5", self.md5, read.md5.hexdigest()),
            ("SHA-256", self.sha256, read.sha256.hexdigest()),
        ):
            if said is not None and said != found:
                raise _broken(name, f"its {kind} is {found} and should be {said}")
        if self.md5 or self.sha256:
            return ()
        what = "its length alone" if self.size is not None else "nothing"
        return (Problem(rules.REMOTE_UNCHECKED, f"the server names {what}, and no checksum of it", name),)


def _broken(name: str, why: str) -> InputError:
    return InputError(f"{name}: did not come whole: {why}", hint=_AGAIN)


# --- https ---------------------------------------------------------------------------------------


def _web_file(parts: SplitResult, most: int, context: Callable[[], ssl.SSLContext]) -> RemoteCopy:
    name = shown(parts)
    if "@" in parts.netloc:
        raise InputError(
            f"{name}: the URL holds a user or password, which others may see",
            hint="use a signed link, or download the file and name it",
        )
    _require_safe(name, parts)
    handlers: list[urllib.request.BaseHandler] = [
        _Redirects(parts),
        urllib.request.HTTPSHandler(context=context()),
    ]
    if is_loopback(parts):
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(parts.geturl(), headers={"Accept-Encoding": "identity"})  # noqa: S310 - checked
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_S) as answer:
            read = _Checked(name, answer)
            location = keep_copy(read, name, most)
            claims = _claims(answer.headers)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(name, error) from None
    except (OSError, HTTPException, ValueError) as error:
        raise _unreached(name, error) from None
    return RemoteCopy(name, location, claims.problems(name, read))


def _require_safe(name: str, parts: SplitResult) -> None:
    """Raise if a URL is plain http to another machine."""
    if parts.scheme.lower() != "https" and not is_loopback(parts):
        raise InputError(
            f"{name}: plain http is read from this machine only, since anyone on the way can change it",
            hint="use the https:// address",
        )


def is_loopback(parts: SplitResult) -> bool:
    """Return whether a URL's host is this machine."""
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to https, and on this machine to itself."""

    def __init__(self, origin: SplitResult) -> None:
        self._origin = origin

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        target = urlsplit(newurl)
        if target.scheme != "https" and not (is_loopback(target) and is_loopback(self._origin)):
            fp.close()
            raise InputError(
                f"{shown(self._origin)}: the server redirects to {shown(target)}, which is not https",
                hint="name the address of the file itself",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _claims(headers: "Message") -> _Claims:
    length = headers.get("Content-Length", "")
    md5 = headers.get("Content-MD5")
    google = re.search(r"md5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    md5 = md5 or (google.group(1) if google else None)
    digest = _DIGEST.search(headers.get("Content-Digest", "") + headers.get("Digest", ""))
    return _Claims(
        int(length) if length.isdecimal() else None,
        base64.b64decode(md5).hex() if md5 else None,
        base64.b64decode(digest.group(1)).hex() if digest else None,
    )


def _unreached(name: str, error: Exception) -> InputError:
    """Return the error for a server that gave no answer."""
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, ssl.SSLCertVerificationError):
        detail = reason.verify_message
        return InputError(
            f"{name}: the server's certificate could not be verified: {detail}", hint=certificate_hint(detail)
        )
    words = getattr(reason, "strerror", None) or (
        reason if isinstance(reason, str) else type(reason).__name__
    )
    return InputError(f"{name}: cannot be read: {words}", hint=f"check the address; {_AGAIN}")


def _refused(name: str, error: urllib.error.HTTPError) -> InputError:
    hint = {
        401: "the address needs a sign-in; use a signed link",
        403: "a signed link may have run out: make a new one",
        404: "check the address",
    }
    return InputError(f"{name}: the server answers {error.code}", hint=hint.get(error.code, _AGAIN))


# --- buckets -------------------------------------------------------------------------------------


def _bucket_files(parts: SplitResult, most: int, environ: Mapping[str, str]) -> Iterator[RemoteCopy]:
    name = shown(parts)
    try:
        import obstore  # noqa: PLC0415 - a library of its own, which few need
        from obstore.store import from_url  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        raise InputError(
            f"{name}: is in a bucket, and what reads those is not installed",
            hint='install it: pip install "infl-seg[remote]"',
        ) from error
    key = parts.path.lstrip("/")
    try:
        store = from_url(
            f"{parts.scheme}://{parts.netloc}",
            client_options={
                "allow_http": _endpoint_is_here(name, environ),
                "timeout": timedelta(seconds=_TIMEOUT_S),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=_TIMEOUT_S)},
        )
        keys = [key] if key and not key.endswith("/") else _listed(name, obstore.list(store, key or None))
        for each in keys:
            yield _object(f"{parts.scheme}://{parts.netloc}/{each}", store, each, most)
    except (obstore.exceptions.BaseError, OSError) as error:
        raise _unread(name, error) from None


def _endpoint_is_here(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether a store's endpoint is plain http on this machine.

    Raises:
        InputError: It is plain http on another one.
    """
    endpoint = next((environ[variable] for variable in _ENDPOINTS if environ.get(variable)), "")
    if not endpoint.lower().startswith("http://"):
        return False
    if not is_loopback(urlsplit(endpoint)):
        raise InputError(
            f"{name}: the environment names an endpoint of plain http on another machine",
            hint="use its https:// address, in AWS_ENDPOINT_URL",
        )
    return True


def _listed(name: str, pages: Any) -> list[str]:
    """Return the keys of the exports below a prefix."""
    keys: list[str] = []
    for page in pages:
        keys += [each["path"] for each in page if is_data(each["path"]) or is_read_archive(each["path"])]
        if len(keys) > MAX_OBJECTS:
            raise InputError(f"{name}: holds more than {MAX_OBJECTS:,} files", hint="name a prefix of fewer")
    if not keys:
        raise InputError(f"{name}: holds no file to read", hint=COUNTS)
    return sorted(keys)


class _Pieces:
    """Byte source of an object that comes in pieces."""

    def __init__(self, found: Any) -> None:
        self._pieces = iter(found.stream())

    def read(self, _: int) -> bytes:
        return bytes(next(self._pieces, b""))


def _object(name: str, store: Any, key: str, most: int) -> RemoteCopy:
    """Copy an object of a bucket, and check it.

    Its ETag is its MD5, unless it came in parts or is encrypted with a key.

    Raises:
        InputError: It did not come whole.
    """
    import obstore  # noqa: PLC0415 - see above

    found = obstore.get(store, key)
    size, tag = found.meta["size"], _MD5.fullmatch(found.meta.get("e_tag") or "")
    read = _Checked(name, _Pieces(found))
    location = keep_copy(read, name, most)
    digest = tag.group(1) if tag else None
    if digest is not None and digest != read.md5.hexdigest() and size == read.size:
        again = _Checked(name, _Pieces(obstore.get(store, key)))
        while again.read(0):
            pass
        if again.sha256.digest() != read.sha256.digest():
            raise _broken(name, "two readings of it differ, and its MD5 is not the one that the bucket names")
        digest = None
    return RemoteCopy(name, location, _Claims(size, digest).problems(name, read))


def _unread(name: str, error: Exception) -> InputError:
    """Return the error for an object, without the library's own text.

    That may hold an access key.
    """
    kind = type(error).__name__
    if kind in {"NotFoundError", "FileNotFoundError"}:
        return InputError(f"{name}: no such file in the bucket", hint="check its name")
    if kind in {"PermissionDeniedError", "PermissionError", "UnauthenticatedError"}:
        return InputError(
            f"{name}: may not be read with the credentials of the environment",
            hint="set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or a role that may read it",
        )
    return InputError(
        f"{name}: cannot be read: no store answers there as S3 does",
        hint="check credentials, region and endpoint in the environment: AWS_REGION, AWS_ENDPOINT_URL",
    )
