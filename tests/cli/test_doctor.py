"""`infl-seg doctor` on loopback: what it finds, what it sends, and what it never sends."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_support import KEY, Desk, Result

from inflection_cli.cli.doctor_checks import Status, clock, room

CERTIFICATE = Path(__file__).parents[1] / "segment" / "test_client.py"
NOW = 1_700_000_000.0


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in (
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NO_PROXY",
        "no_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("https_proxy", "all_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Desk.at(tmp_path, monkeypatch)


@dataclass
class Server:
    """A server on loopback.

    Attributes:
        port: Its port.
        seen: Method, path and headers of each request.
    """

    port: int = 0
    seen: list[tuple[str, str, str]] = field(default_factory=list)


@contextlib.contextmanager
def serving(
    *, ahead_s: float = 0.0, says_date: bool = True, pem: str = "", status: int = 404
) -> Iterator[Server]:
    """Answer every request with a status and a date, over TLS where a certificate is given."""
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            found.seen.append((self.command, self.path, str(self.headers)))
            self.send_response_only(status)
            if says_date:
                self.send_header("Date", formatdate(time.time() + ahead_s, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET = do_POST = do_CONNECT = answer  # noqa: N815 - names of the standard library's

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def checks(done: Result) -> dict[str, tuple[str, str, str]]:
    """Status, message and hint of each check."""
    return {each["name"]: (each["status"], each["message"], each["hint"]) for each in done.json["checks"]}


def settings(done: Result) -> list[tuple[str, str, str]]:
    return [(each["name"], each["value"], each["origin"]) for each in done.json["settings"]]


def unknown_host(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("somebody was asked")


def test_without_a_key_and_an_endpoint_nobody_is_asked_anything(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setattr(socket.socket, "connect", nobody)
    done = desk.run("doctor", "--json")
    found = checks(done)
    assert done.code == 0
    assert found["endpoint"][:2] == ("skipped", "none is named, so no request is sent")
    assert found["write key"][0] == "skipped"
    assert not {"connection", "clock", "name", "TLS"} & found.keys()
    assert not (desk.folder / "state").exists()


def test_the_server_is_asked_once_for_its_headers_without_the_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    with serving() as server:
        done = desk.run("doctor", "--json", "--endpoint", f"http://127.0.0.1:{server.port}")
    ((method, path, headers),) = server.seen
    assert (method, path) == ("HEAD", "/")
    assert "uthorization" not in headers
    assert KEY not in headers + done.out + done.err
    found = checks(done)
    assert done.code == 0
    assert found["connection"][:2] == ("ok", "the server answers with status 404")
    assert found["clock"][0] == "ok"
    assert found["name"][:2] == ("ok", "127.0.0.1 is 127.0.0.1")
    assert found["write key"][0] == "ok"
    assert ("--write-key", f"… ({len(KEY)} characters)", "environment, SEGMENT_WRITE_KEY") in settings(done)


@pytest.mark.parametrize(("ahead_s", "way"), [(7200, "behind"), (-7200, "ahead of")])
def test_a_clock_that_is_two_hours_off_is_a_warning(ahead_s: float, way: str, desk: Desk) -> None:
    with serving(ahead_s=ahead_s) as server:
        done = desk.run("doctor", "--json", "--endpoint", f"http://127.0.0.1:{server.port}")
    status, message, hint = checks(done)["clock"]
    assert (done.code, status) == (0, "warning")
    assert f"{way} the server's" in message
    assert "NTP" in hint


@pytest.mark.parametrize(("off_s", "status"), [(0, "ok"), (60, "ok"), (61, "warning"), (-61, "warning")])
def test_a_minute_is_the_bound_of_a_clock(off_s: int, status: str) -> None:
    assert clock(formatdate(NOW, usegmt=True), NOW + off_s).status == status


@pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 Nov 2026 00:00:00 GMT"])
def test_a_server_without_a_readable_date_decides_nothing(date: str | None) -> None:
    assert clock(date, NOW).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("free", "status"),
    [(10**9, "ok"), (10**9 - 1, "warning"), (5 * 10**7, "warning"), (5 * 10**7 - 1, "error")],
)
def test_room_on_disk_is_judged_by_bytes(free: int, status: str, tmp_path: Path) -> None:
    found = room("disk", tmp_path, free)
    assert found.status == status
    assert bool(found.hint) is (status != "ok")


def test_a_certificate_is_shown_where_it_is_trusted_and_the_option_where_not(desk: Desk) -> None:
    pem = CERTIFICATE.read_text(encoding="utf-8").partition('SELF_SIGNED = """\\\n')[2].partition('"""')[0]
    (desk.folder / "server.pem").write_text(pem, encoding="utf-8")
    (desk.folder / "ca.pem").write_text(pem[pem.index("-----BEGIN CERT") :], encoding="utf-8")
    with serving(pem=str(desk.folder / "server.pem")) as server:
        url = f"https://127.0.0.1:{server.port}"
        refused = desk.run("doctor", "--json", "--endpoint", url)
        trusted = desk.run("doctor", "--json", "--endpoint", url, "--ca-file", "ca.pem")
    status, message, hint = checks(refused)["TLS"]
    assert (refused.code, status) == (1, "error")
    assert "self" in message
    assert "--ca-file" in hint
    assert checks(trusted)["TLS"][:2] == (
        "ok",
        "TLSv1.3, and its certificate is valid until Oct 28 21:11:03 2126 GMT",
    )
    assert len(server.seen) == 1


def test_a_host_that_is_not_known_ends_the_look_with_the_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    done = desk.run("doctor", "--json", "--endpoint", "https://no-such-host.invalid")
    found = checks(done)
    assert done.code == 1
    assert found["name"][:2] == ("error", "host no-such-host.invalid is not known (DNS)")
    assert "connection" not in found


def test_a_refused_connection_is_told_with_host_and_port(desk: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        done = desk.run("doctor", "--json", "--endpoint", f"http://127.0.0.1:{port}")
    assert done.code == 1
    assert checks(done)["connection"][:2] == ("error", f"connection refused by 127.0.0.1:{port}")


def test_a_proxy_is_named_without_its_password_and_asked_instead_of_the_host(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pa55@127.0.0.1:{proxy.port}")
        monkeypatch.setattr(socket, "gethostbyname", nobody)
        done = desk.run("doctor", "--json", "--endpoint", "https://collector.example")
    found = checks(done)
    assert found["proxy"][:2] == ("ok", f"http://…@127.0.0.1:{proxy.port}")
    assert "name" not in found
    assert found["connection"][0] == "error"
    assert "407" in found["connection"][1]
    assert [(method, path) for method, path, _ in proxy.seen] == [("CONNECT", "collector.example:443")]
    assert "pa55" not in done.out + done.err
    assert ("HTTPS_PROXY", f"http://…@127.0.0.1:{proxy.port}", "environment") in settings(done)


def test_a_proxy_that_cannot_be_used_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://u:pa55@p:1")
    done = desk.run("doctor", "--json", "--endpoint", "https://collector.example")
    assert (done.code, checks(done)["proxy"][0]) == (1, "error")
    assert "pa55" not in done.out + done.err


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [
        ("YOUR_WRITE_KEY", "error", "a placeholder and no key"),
        ('"quoted-key-0123456789"', "error", "the key in quotes"),
        ("k" * 20, "warning", "has 20 characters"),
    ],
)
def test_a_key_of_another_form_is_told(
    key: str, status: str, words: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    done = desk.run("doctor", "--json", "--write-key", key)
    found = checks(done)["write key"]
    assert found[0] == status
    assert words in found[1]
    assert key not in done.out + done.err


def test_a_region_and_an_endpoint_that_contradict_each_other_are_asked_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    done = desk.run("doctor", "--json", "--region", "eu", "--endpoint", "https://api.segment.io")
    assert (done.code, checks(done)["endpoint"][0]) == (1, "error")


def test_a_key_on_standard_input_is_read_once(desk: Desk) -> None:
    with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        done = desk.run("doctor", "--json", "--write-key-file", "-", "--endpoint", url, stdin=KEY.encode())
    assert (done.code, checks(done)["write key"][0]) == (0, "ok")


def test_the_state_folder_is_named_and_what_is_no_folder_is_an_error(desk: Desk) -> None:
    done = desk.run("doctor", "--json")
    assert "does not exist yet" in checks(done)["state folder"][1]
    (desk.folder / "state" / "ledgers").mkdir(parents=True)
    (desk.folder / "state" / "ledgers" / "a.sqlite3").touch()
    there = desk.run("doctor", "--json")
    assert "has 1 ledger, and can be written and locked" in checks(there)["state folder"][1]
    assert [path.name for path in (desk.folder / "state" / "ledgers").iterdir()] == ["a.sqlite3"]
    (desk.folder / "file").touch()
    wrong = desk.run("doctor", "--json", "--state-dir", "file/below")
    assert (wrong.code, checks(wrong)["state folder"][0]) == (1, "error")
    assert ("--state-dir", "file/below", "command line") in settings(wrong)


def test_every_setting_has_its_value_and_its_origin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "infl-seg.toml").write_text(
        'null = ["NULL", "no@example.com"]\n'
        'profile = "crm.toml"\nevents_per_second = 100\nunknown_events = "skip"\n[set]\nuserId = "u-secret"\n'
        '[context]\nimport = "team"\nby = "ada@example.com"\n',
        encoding="utf-8",
    )
    (desk.folder / "crm.toml").write_text(
        'profile = 1\n[time]\nzone = "Europe/Berlin"\n[options]\nunknown_events = "send"\n[context]\nimport = "crm"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("INFL_SEG_STATE_DIR", str(desk.folder / "kept"))
    done = desk.run("doctor", "--json")
    found = settings(done)
    for line in (
        ("--timezone", "Europe/Berlin", "crm.toml"),
        ("--unknown-events", "send", "crm.toml"),
        ("--events-per-second", "100.0", "infl-seg.toml"),
        ("--profile", "crm.toml", "infl-seg.toml"),
        ("--context", "import=crm", "crm.toml"),
        ("--set", "userId=…", "infl-seg.toml"),
        ("--context", "import=team, by=…", "infl-seg.toml"),
        ("--state-dir", str(desk.folder / "kept"), "environment, INFL_SEG_STATE_DIR"),
        ("--region", "us", "default"),
        ("--patience", "1h", "default"),
    ):
        assert line in found, (line, found)
    assert ("--null", "NULL, …", "infl-seg.toml") in found
    assert "u-secret" not in done.out
    assert checks(done)["settings files"][1] == "infl-seg.toml and crm.toml can be read"
    without = settings(desk.run("doctor", "--json", "--no-project"))
    assert ("--events-per-second", "500", "default") in without
    assert not [line for line in without if line[2] == "infl-seg.toml"]


def test_a_profile_with_faults_is_an_error_and_all_else_is_looked_at(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text('profile = 1\n[time]\nzone = "Berlin"\n', encoding="utf-8")
    done = desk.run("doctor", "--json", "--profile", "p.toml")
    found = checks(done)
    assert (done.code, found["settings files"][0]) == (1, "error")
    assert "time.zone" in found["settings files"][1]
    assert found["disk"][0] in {"ok", "warning"}


@pytest.mark.parametrize("width", [60, 80])
def test_its_lines_fit_the_terminal_in_whole_words(
    width: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with serving() as server:
        done = desk.run("doctor", "--endpoint", f"http://127.0.0.1:{server.port}")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= width or all(
        " " not in line.strip() for line in lines if len(line) > width
    )
    assert "Settings in force" in lines
    assert " ".join(done.out.split()).endswith("No key and no event was sent.")
