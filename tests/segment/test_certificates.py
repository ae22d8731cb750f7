"""Whose certificates are trusted: the system's, and those that the user adds; on the command and on TLS itself."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from command_support import Desk, Result, opened, to
from test_client import SELF_SIGNED

from inflection_cli.certificates import tls_context
from inflection_cli.errors import UsageError

CERTIFICATE = SELF_SIGNED[SELF_SIGNED.index("-----BEGIN CERTIFICATE") :]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    return Desk.at(tmp_path, monkeypatch)


@contextmanager
def collector(folder: Path) -> Iterator[str]:
    """Run a collector over TLS on 127.0.0.1 that accepts everything; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            """Keep silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Keep silent about clients that do not trust the certificate."""

    (folder / "server.pem").write_text(SELF_SIGNED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def sent(desk: Desk, url: str, *words: str) -> Result:
    return desk.run("backfill", desk.file("a.csv", opened("u1")), *to(url, *words))


def test_an_unknown_authority_is_refused_with_the_option_that_adds_it(desk: Desk) -> None:
    with collector(desk.folder) as url:
        done = sent(desk, url)
    assert done.code == 5
    assert "--ca-file FILE, or SSL_CERT_FILE" in done.err
    assert f"{url.removeprefix('https://')}: self" in done.err


def test_the_option_adds_an_authority(desk: Desk) -> None:
    with collector(desk.folder) as url:
        done = sent(desk, url, "--ca-file", "ca.pem")
    assert (done.code, "1 accepted" in done.out) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_each_variable_adds_an_authority(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(desk.folder / "ca.pem"))
    with collector(desk.folder) as url:
        assert sent(desk, url).code == 0


def test_the_option_reaches_send_test_too(desk: Desk) -> None:
    key = ("--write-key", "test-write-key-0123456789abcdefg")
    with collector(desk.folder) as url:
        assert desk.run("send-test", "--endpoint", url, *key, "--ca-file", "ca.pem").code == 0


def test_what_is_added_replaces_nothing_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    before = tls_context(None, {}, "linux").cert_store_stats()["x509_ca"]
    added = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    assert tls_context(None, added, "linux").cert_store_stats()["x509_ca"] == before + 1
    assert tls_context(str(tmp_path / "ca.pem"), {}, "linux").cert_store_stats()["x509_ca"] == before + 1


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_handshake_wants_an_authority_that_is_known(platform: str, desk: Desk) -> None:
    def greet(ca_file: str | None) -> None:
        context = tls_context(ca_file, {}, platform)
        with socket.create_connection((address.hostname, address.port)) as connection:
            context.wrap_socket(connection, server_hostname="127.0.0.1").close()

    with collector(desk.folder) as url:
        address = urlsplit(url)
        greet("ca.pem")
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(None)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_certificates_and_names_are_checked_on_every_system(platform: str) -> None:
    context = tls_context(None, {}, platform)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_system_without_a_store_trusts_the_list_that_python_has(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ssl.DefaultVerifyPaths("", "", "SSL_CERT_FILE", "/nowhere/a", "SSL_CERT_DIR", "/nowhere/b")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr("inflection_cli.certificates._BUNDLES", ())
    assert tls_context(None, {}, "linux").cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read: No such file"), ("hello", "holds no certificate in PEM form")],
)
def test_a_file_that_will_not_do_is_named_with_its_option(text: str | None, words: str, desk: Desk) -> None:
    if text is not None:
        (desk.folder / "bad.pem").write_text(text)
    done = sent(desk, "https://127.0.0.1:9", "--ca-file", "bad.pem")
    assert done.code == 2
    assert "--ca-file bad.pem" in done.err
    assert words in done.err


def test_a_variable_that_will_not_do_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"CURL_CA_BUNDLE=.*gone\.pem"):
        tls_context(None, {"CURL_CA_BUNDLE": str(tmp_path / "gone.pem")})


def test_the_project_file_cannot_say_whom_to_trust(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('ca_file = "ca.pem"\n')
    done = desk.run("validate", desk.file("a.csv", opened("u1")))
    assert done.code == 2
    assert "--ca-file FILE" in done.err


@pytest.mark.parametrize("words", [("--dry-run",), ("--yes", "--endpoint", "https://127.0.0.1:9")])
def test_a_file_of_authorities_is_checked_before_any_file_is_read(desk: Desk, words: tuple[str, ...]) -> None:
    done = desk.run("backfill", "nowhere.csv", *words, "--ca-file", "none.pem", "--write-key", "k" * 32)
    assert done.code == 2
    assert "--ca-file none.pem cannot be read: No such file" in done.err
