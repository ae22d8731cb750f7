"""The sandbox's page over the wire: its files, its event stream, who may look, and how much is held."""

import re
import signal
import subprocess
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import orjson
import pytest
from command_support import CAMPAIGN, FAST, PATIENCE_S, Desk, command
from page_support import rows_of, sandbox_process, stream
from sandbox_support import ask, batch, connect, event, get, post

from inflection_cli.sandbox import Sandbox, Settings, serve
from inflection_cli.sandbox.discards import BODY_BOUND_BYTES, Discard
from inflection_cli.sandbox.event_window import EventWindow
from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.judge import Post, Verdict, judge
from inflection_cli.sandbox.message_replay import replayed

WATCHED = Settings(watch=True)
FILES = ("/page/page.html", "/page/page.css", "/page/page.js", "/page/icon.svg")
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>'`",
    "a\r\nevent: counts\ndata: {}\n\n",
    "\u202egnp.exe \u2028 \u2029 \x00 \x1b[2J",
    "${alert(1)} {{7*7}} javascript:alert(1)",
)


def status(sandbox: Sandbox, method: str, path: str, **headers: str) -> int:
    connection = connect(sandbox)
    try:
        return ask(connection, method, path, headers=headers).status
    finally:
        connection.close()


class Markup(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"inline {tag}")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"{tag} {name}")
            if name in {"src", "href"} and not str(value).startswith("/page/"):
                self.faults.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("path", FILES)
def test_the_pages_files_come_whole_from_the_package_under_a_strict_policy(path: str) -> None:
    with serve(WATCHED) as sandbox:
        reply = get(sandbox, path)

    assert reply.status == 200
    assert reply.body == files("inflection_cli.sandbox").joinpath(path[1:]).read_bytes()
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert b"innerHTML" not in reply.body
    assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", reply.body)


def test_the_page_has_no_inline_script_or_style_and_fetches_its_own_files_only() -> None:
    with serve(WATCHED) as sandbox:
        assert Markup(get(sandbox, "/page/page.html").body.decode()).faults == []
    assert len(Markup("<p style=a onclick=b><script>c</script><img src=//x>").faults) == 4


def test_a_browser_gets_the_page_at_the_root_and_others_the_help_text() -> None:
    with serve(WATCHED) as sandbox:
        connection = connect(sandbox)
        page = ask(connection, "GET", "/", headers={"Accept": "text/html,*/*;q=0.8"})
        text = ask(connection, "GET", "/")
        connection.close()
    assert page.body.startswith(b"<!doctype html>")
    assert text.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/page/page.html", "/page/events"])
def test_without_watching_there_is_no_page(path: str) -> None:
    with serve() as sandbox:
        assert get(sandbox, path).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", path) for path in ("/", "/stats", "/messages", "/page/page.html", "/page/events")]
    + [("POST", "/reset")],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "evil.example:localhost"},
        {"Host": "localhost@evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_arrived_is_shown_to_no_other_site(method: str, path: str, headers: dict[str, str]) -> None:
    with serve(Settings(watch=True, keep_messages=True)) as sandbox:
        assert status(sandbox, method, path, **headers) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9000"])
def test_names_of_this_machine_are_answered_under_any_port(host: str) -> None:
    with serve(WATCHED) as sandbox:
        assert status(sandbox, "GET", "/stats", Host=host, Origin=f"http://{host}") == 200


def test_each_event_is_told_with_what_segment_would_do_with_it() -> None:
    settings = Settings(watch=True, script=(None, None, None, "503", "ack-503"))
    with serve(settings) as sandbox:
        post(sandbox, batch(event(1), event(2, userId=None), event(1), "no object"))
        post(sandbox, batch(event(3, properties={"note": "x" * 32_000})))
        post(sandbox, b"{no json")
        post(sandbox, batch(event(4)))
        post(sandbox, batch(event(5)))
        rows = rows_of(sandbox.url, 8)

    told = [(row[2], row[3]) for row in rows]
    assert told == [
        ("accepted", ""),
        ("discarded", "no user or anonymous id"),
        ("duplicate", "its messageId came before"),
        ("discarded", "not an object"),
        ("refused", "status 400: Exceed payload limit: an event is over 32000 bytes"),
        ("refused", "status 400: not a JSON object, or its `batch` is not an array"),
        ("lost", "the fault 503 befell its request"),
        ("accepted", "answered with the fault ack-503"),
    ]
    assert [row[0] for row in rows] == list(range(1, 9))
    assert rows[0][4:8] == ["track", "Email Opened", "u1", "2024-03-01T09:30:00.000Z"]
    assert orjson.loads(rows[0][8]) == event(1)


def test_a_batch_over_2500_events_is_shown_as_discarded() -> None:
    with serve(WATCHED) as sandbox:
        post(sandbox, batch(*[{"type": "track"}] * 2501))
        rows = rows_of(sandbox.url, 2501)
    assert {(row[2], row[3]) for row in rows} == {("discarded", "batch over 2500 events")}


def test_json_is_shown_as_it_came() -> None:
    body = b'{"writeKey":"a-key","batch":[{"type":"identify", "userId":"u", "n":123456789012345678901.50}]}'
    with serve(WATCHED) as sandbox:
        post(sandbox, body)
        (row,) = rows_of(sandbox.url, 1)
    assert row[8] == '{"type":"identify", "userId":"u", "n":123456789012345678901.50}'


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_hostile_cell_stays_text_in_one_line_of_the_stream(cell: str) -> None:
    hostile = event(1, event=cell, userId=cell, messageId=cell[:99], properties={cell: cell}, timestamp=cell)
    with serve(WATCHED) as sandbox:
        post(sandbox, batch(hostile))
        (row,) = rows_of(sandbox.url, 1)
        page = get(sandbox, "/page/page.html").body
    assert row[5:8] == [cell, cell, cell]
    assert orjson.loads(row[8]) == hostile
    assert cell.encode() not in page


def test_a_browser_that_comes_back_goes_on_where_it_was_and_a_reset_starts_again() -> None:
    with serve(WATCHED) as sandbox:
        post(sandbox, batch(event(1), event(2)))
        generation = sandbox._server._window.generation if sandbox._server._window else ""
        post(sandbox, batch(event(3)))
        assert [row[0] for row in rows_of(sandbox.url, 1, Last_Event_ID=f"{generation}-2")] == [3]
        assert len(rows_of(sandbox.url, 3, Last_Event_ID="another-2")) == 3
        with stream(sandbox.url) as events:
            kinds = [next(events)[0], next(events)[0]]
            sandbox.forget()
            post(sandbox, batch(event(1)))
            kinds += [kind for kind, _ in (next(events), next(events), next(events)) if kind != "counts"]
    assert kinds == ["begin", "events", "begin", "events"]


def test_counts_of_requests_faults_and_outcomes_are_sent() -> None:
    with serve(Settings(watch=True, script=("503", None))) as sandbox:
        post(sandbox, batch(event(1)))
        post(sandbox, batch(event(1), event(2, userId="")))
        with stream(sandbox.url) as events:
            counts = next(data for kind, data in events if kind == "counts")
    assert counts == {"requests": 2, "faults": 1, "accepted": 1, "discarded": 1, "lost": 1, "dropped": 0}


def verdict(number: int, size: int = 0) -> Verdict:
    body = batch(event(number, properties={"note": "x" * size}))
    return judge(Post(call="batch", wire=body), SourceState(), watched=True)


def test_the_window_holds_the_latest_events_and_counts_what_it_dropped() -> None:
    window = EventWindow(most_events=10, clock=lambda: 5.0)
    for number in range(25):
        window.add(verdict(number), [0])
    assert [row.number for row in window.after(0)] == list(range(16, 26))
    assert [row.number for row in window.after(23)] == [24, 25]
    assert window.after(25) == []
    assert window.dropped == 15
    assert window.outcomes == {"accepted": 25}
    assert window.after(24)[0].arrived_ms == 5000


def test_the_window_holds_no_more_bytes_than_it_says() -> None:
    window = EventWindow(most_bytes=50_000)
    for number in range(25):
        window.add(verdict(number, 10_000), [0])
    assert sum(len(row.text) for row in window.after(0)) <= 50_000
    assert len(window.after(0)) == 4


def test_every_reason_to_discard_is_told_in_words() -> None:
    window = EventWindow()
    for reason in Discard:
        window.add(Verdict(status=200, batch=[{}], raw=[b"{}"], reasons=[reason]), [])
    assert [row.why for row in window.after(0)] == [reason.replace("-", " ") for reason in Discard]


def test_a_dry_runs_messages_are_replayed_onto_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    assert desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "out.ndjson").code == 0
    lines = Path("out.ndjson").read_bytes().splitlines()[:20]
    Path("few.ndjson").write_bytes(b"\n".join([*lines, b"{broken", lines[0], b""]))
    with sandbox_process("--replay", "few.ndjson") as (_, url):
        rows = rows_of(url, 22)
    assert [row[2] for row in rows] == ["accepted"] * 20 + ["refused", "duplicate"]
    assert [row[8].encode() for row in rows[:20]] == lines
    assert (rows[20][3], rows[20][8]) == ("status 400: line 21 is no JSON", "{broken")


def test_lines_that_are_no_messages_are_shown_and_join_no_others(tmp_path: Path) -> None:
    good = orjson.dumps({"type": "track", "event": "A", "userId": "u", "messageId": "m"})
    halves = b'{"type":"track","event":"B', b'","userId":"u","messageId":"n"}'
    long = b'{"a":"' + b"x" * BODY_BOUND_BYTES + good
    file = tmp_path / "odd.ndjson"
    file.write_bytes(b"\n".join([good, *halves, b"", good + b"," + good, long, b"not json at all", b"[1]"]))
    window = EventWindow()
    for verdict in replayed(file, SourceState()):
        window.add(verdict, range(len(verdict.accepted)))
    rows = window.after(0)
    assert [(row.outcome, row.why) for row in rows] == [
        ("accepted", ""),
        ("refused", "status 400: line 2 is no JSON"),
        ("refused", "status 400: line 3 is no JSON"),
        ("refused", "status 400: line 5 is no JSON"),
        ("refused", "status 400: line 6 has more than 8,000,000 bytes"),
        ("refused", "status 400: line 7 is no JSON"),
        ("discarded", rows[-1].why),
    ]
    assert [row.text for row in rows][:4] == [good, *halves, good + b"," + good]
    assert rows[5].text == b"not json at all"


def test_a_replay_that_is_not_there_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Desk.at(tmp_path, monkeypatch).run("sandbox", "--port", "0", "--replay", "nowhere.ndjson")
    assert done.code == 2
    assert "nowhere.ndjson: No such file" in done.err


@pytest.mark.slow
def test_a_rehearsal_is_watched_until_a_signal_and_ends_with_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Desk.at(tmp_path, monkeypatch)
    words = command("backfill", CAMPAIGN, "--rehearse", "--watch", "--json", *FAST)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = iter(process.stderr.readline, "")
        url = next(match[1] for line in told if (match := re.search(r"watch it in .*(http://\S+)/", line)))
        rows = rows_of(url, 414)
        assert any("until Ctrl-C" in line for line in told)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert orjson.loads(out)["events"]["accepted"] == len(rows) == 414


def test_watching_without_a_rehearsal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Desk.at(tmp_path, monkeypatch).run("backfill", CAMPAIGN, "--watch", "--dry-run")
    assert done.code == 2
    assert "add --rehearse" in done.err
