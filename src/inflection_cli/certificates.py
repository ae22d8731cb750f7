"""Trusted certificate authorities: the system's, and those the user adds."""

import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from inflection_cli.errors import UsageError

OPTION: Final = "--ca-file"
VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables of OpenSSL, requests and curl; each adds a file or a folder."""

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep the store that this Python's OpenSSL may not know of."""


def tls_context(
    ca_file: str | None, environ: Mapping[str, str], platform: str = sys.platform
) -> ssl.SSLContext:
    """Return a context that trusts the system's and the user's authorities.

    Args:
        ca_file: A file of more authorities.
        environ: May name further files and folders, see `VARIABLES`.
        platform: As in `sys.platform`.

    Raises:
        UsageError: What the user names cannot be read, or holds no certificate.
    """
    context = _system_context(platform)
    for name, path in _added(ca_file, environ):
        _load(context, name, path)
    return context


def require_certificates(ca_file: str) -> None:
    """Check that the user's file of authorities can be used.

    Raises:
        UsageError: It cannot be read, or holds no certificate.
    """
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), OPTION, ca_file)


def certificate_hint(detail: str, address: str = "the address", server: str = "the server") -> str:
    """Return what settles a certificate that could not be verified.

    Args:
        detail: What the library says of it.
        address: What names the server.
        server: Whose certificate it is.
    """
    said = detail.lower()
    if "mismatch" in said or "not valid for" in said:
        return f"the certificate is of another name: check {address}; a proxy's login page may have answered"
    if "expired" in said or "not yet valid" in said:
        return f"check this machine's clock; else {server} needs a new certificate"
    return "behind a proxy with its own authority, trust its certificate: --ca-file FILE, or SSL_CERT_FILE"


def _load(context: ssl.SSLContext, name: str, path: str) -> None:
    is_folder = Path(path).is_dir()
    try:
        context.load_verify_locations(cafile=None if is_folder else path, capath=path if is_folder else None)
    except (OSError, ValueError) as error:
        raise _unreadable(name, path, error) from error


def _system_context(platform: str) -> ssl.SSLContext:
    if platform in {"darwin", "win32"}:
        import truststore  # noqa: PLC0415 - only where the store is no file

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Not truststore here: it reads the whole store again for each connection, in 20 to 100 ms.
    known = ssl.get_default_verify_paths()
    folder = known.openssl_capath if Path(known.openssl_capath).is_dir() else None
    files = (path for path in (known.openssl_cafile, *_BUNDLES) if Path(path).is_file())
    file = next(files, None)
    if file is None and (folder is None or not any(Path(folder).iterdir())):
        import certifi  # noqa: PLC0415 - only where the system has no store, as in small containers

        file = certifi.where()
    return ssl.create_default_context(cafile=file, capath=folder)


def _added(ca_file: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each option or variable, and the path it gives."""
    if ca_file is not None:
        yield OPTION, ca_file
    yield from ((name, environ[name]) for name in VARIABLES if environ.get(name))


def _unreadable(name: str, path: str, error: OSError | ValueError) -> UsageError:
    setting = f"{name} {path}" if name == OPTION else f"{name}={path}"
    if isinstance(error, ssl.SSLError):
        return UsageError(
            f"{setting} holds no certificate in PEM form",
            hint="give a text file with lines of BEGIN CERTIFICATE; "
            "openssl x509 -inform der -in FILE -out ca.pem converts a binary one",
        )
    reason = getattr(error, "strerror", None) or "unreadable"
    return UsageError(
        f"The certificates of {setting} cannot be read: {reason}.",
        hint=f"check the path: {setting}; without it the system's own certificates are used",
    )
