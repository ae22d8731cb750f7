"""Given a file by https, its server's certificate is checked on real TLS, by authorities that the user may add."""

import base64
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_support import HEADER, Desk, opened
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inflection_cli.reading import forget_copies

DATA = "\n".join((HEADER, opened("u1"), opened("u2", 1), "")).encode()
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("files.example")


def certificate(
    folder: Path, place: x509.GeneralName = HERE, days: tuple[int, int] = (-9_000, 9_000)
) -> None:
    """Write a self-signed certificate and its key: `ca.pem` for who trusts it, `server.pem` for the server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up by a test")])
    start, end = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=each) for each in days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(made)
    (folder / "server.pem").write_bytes(private + made)


@contextmanager
def served(folder: Path, headers: dict[str, str] | None = None) -> Iterator[str]:
    """Serve the file over TLS on 127.0.0.1; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": str(len(DATA)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(DATA)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass  # a client that trusts nobody here ends the connection

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/a.csv"
        finally:
            server.shutdown()
            thread.join()
            forget_copies()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    certificate(tmp_path)
    return Desk.at(tmp_path, monkeypatch)


def test_a_file_is_read_from_a_server_whose_authority_the_user_adds(desk: Desk) -> None:
    with served(desk.folder) as url:
        found = desk.run("validate", url, "--ca-file", "ca.pem", "--json")
    assert (found.code, found.json["rows"]["mapped"]) == (0, 2), found.err


@pytest.mark.slow
def test_every_command_that_reads_files_takes_the_authority(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(desk.folder) as url:
        trusted = (url, "--ca-file", "ca.pem")
        assert desk.run("inspect", *trusted).code == 0
        assert desk.run("backfill", *trusted, "--dry-run", "--out", "m.ndjson").code == 0
        assert len(desk.messages("m.ndjson")) == 2
        refused = desk.run("replay", *trusted, "--dry-run")
        assert (refused.code, "holds no record" in refused.err) == (4, True)
        desk.file("old.csv", opened("u1"))
        assert (
            desk.run("diff", "old.csv", url, "--key", "userId", "--ca-file", "ca.pem", "--dry-run").code != 4
        )
        for variable in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(variable, "ca.pem")
            assert desk.run("validate", url).code == 0
            monkeypatch.delenv(variable)


def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_option(desk: Desk) -> None:
    with served(desk.folder) as url:
        found = desk.run("validate", f"{url}?sig=secret", "--json")
    error = found.json["error"]
    assert found.code == 4
    assert error["message"].startswith(f"{url}: the server's certificate could not be verified: self")
    assert "--ca-file FILE" in error["hint"]
    assert "secret" not in found.out + found.err


WRONG: dict[str, tuple[x509.GeneralName, tuple[int, int], str]] = {
    "of another name": (ELSEWHERE, (-9_000, 9_000), "of another name: check the address"),
    "that has expired": (HERE, (-9_000, -8_000), "check this machine's clock"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate_is_refused_though_its_authority_is_trusted(desk: Desk, name: str) -> None:
    place, days, hint = WRONG[name]
    certificate(desk.folder, place, days)
    with served(desk.folder) as url:
        found = desk.run("validate", url, "--ca-file", "ca.pem")
    assert found.code == 4
    assert "certificate could not be verified" in found.err
    assert hint in " ".join(found.err.split())


CLAIMS = {
    "a length": ({"Content-Length": str(len(DATA) + 7), "Connection": "close"}, "bytes came"),
    "a checksum": ({"Content-MD5": base64.b64encode(hashlib.md5(b"x").digest()).decode()}, "its MD5 is"),
    "a digest": (
        {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(b'x').digest()).decode()}:"},
        "its SHA-256 is",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_what_did_not_come_whole_over_tls_is_refused(desk: Desk, name: str) -> None:
    headers, message = CLAIMS[name]
    with served(desk.folder, headers) as url:
        found = desk.run("validate", url, "--ca-file", "ca.pem")
    assert (found.code, message in found.err, "did not come whole" in found.err) == (4, True, True)


def test_authorities_that_cannot_be_read_are_a_matter_of_usage(desk: Desk) -> None:
    Path("bad.pem").write_text("no certificate")
    with served(desk.folder) as url:
        found = desk.run("validate", url, "--ca-file", "bad.pem")
    assert (found.code, "--ca-file bad.pem holds no certificate" in found.err) == (2, True)
