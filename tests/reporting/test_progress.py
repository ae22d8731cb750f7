"""The progress of a delivery: what is seen of it on a narrow terminal, and what it does not claim."""

import re
from io import StringIO

import pytest
from rich.console import Console
from tiny_terminal import TinyTerminal

from inflection_cli.model import Message
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.progress import DeliveryProgress


def taken(screen: StringIO) -> str:
    """Take what was written since the last time."""
    text = screen.getvalue()
    screen.seek(0)
    screen.truncate()
    return text


def on_terminal(width: int, kind: str = "xterm") -> tuple[Speaker, StringIO]:
    speaker, screen = Speaker(), StringIO()
    speaker.err = Console(
        file=screen, width=width, height=20, force_terminal=True, highlight=False, _environ={"TERM": kind}
    )
    return speaker, screen


@pytest.fixture(autouse=True)
def _redrawn_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inflection_cli.reporting.progress_line.EVERY_S", 3_600.0)


STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "


@pytest.mark.parametrize("width", [45, 60, 80, 100, 140])
def test_the_line_and_its_pause_are_one_row_whatever_the_width(width: int) -> None:
    speaker, screen = on_terminal(width)
    terminal = TinyTerminal(width)
    with DeliveryProgress(speaker, 49_997, 500.0, lambda *_: None) as progress:
        progress.accepted(12_500)
        progress.retried("HTTP 503 from 127.0.0.1:8080", 12.0)
        progress.unconfirmed(50, "no answer from 127.0.0.1:8080 within 30 s")
        progress.paused(12.0, "HTTP 429 from 127.0.0.1:8080")
        terminal.feed(screen.getvalue())
        rows = [row for row in terminal.rows() if row]
        (line,) = [row for row in rows if "%" in row]
        assert re.search(r"paused 1[12] s", line)
        assert (": HTTP 429 from 127.0.0.1:8080" in line) == (width >= 80)
        assert "25 %" in line
        assert len(line) <= width - 5
    terminal = TinyTerminal(width)
    terminal.feed(screen.getvalue())
    assert "%" not in "".join(terminal.rows())
    assert terminal.cursor_is_shown


def test_a_narrower_window_keeps_no_copy_of_the_line() -> None:
    speaker, screen = on_terminal(120)
    terminal = TinyTerminal(120)
    with DeliveryProgress(speaker, 100, 500.0, lambda *_: None) as progress:
        progress.redraw()
        terminal.feed(taken(screen))
        for width in (60, 40, 100):
            speaker.err.width = width
            terminal.resize(width)
            progress.redraw()
            terminal.feed(taken(screen))
            assert sum("%" in row for row in terminal.rows()) == 1
            speaker.talk(f"now {width}")
            terminal.feed(taken(screen))
    terminal.feed(taken(screen))
    assert [row for row in terminal.rows() if row] == ["now 60", "now 40", "now 100"]


def test_the_echo_of_an_interruption_leaves_nothing_of_the_line() -> None:
    speaker, screen = on_terminal(80)
    terminal = TinyTerminal(80)
    with DeliveryProgress(speaker, 100, 500.0, lambda *_: None) as progress:
        progress.retried("HTTP 503 from a-host-with-a-long-name.example:8443", 1.0)
        progress.redraw()
        terminal.feed(taken(screen))
        terminal.feed("^C")
        progress.stopping(insist=False)
    terminal.feed(taken(screen))
    assert [row for row in terminal.rows() if row] == [
        "stopping: finishing what is in flight (again to stop now)"
    ]


def test_a_dumb_terminal_gets_lines_with_the_time_and_the_run() -> None:
    speaker, screen = on_terminal(120, "dumb")
    with DeliveryProgress(speaker, 10, 500.0, lambda *_: None, run_id="run-1") as progress:
        progress.paused(12.0, "HTTP 429 from api.segment.io:443")
    assert re.fullmatch(f"{STAMP}run-1 paused 12 s: HTTP 429 from api.segment.io:443\n", screen.getvalue())


def test_without_a_terminal_each_cause_is_a_line_the_first_time() -> None:
    speaker, said = Speaker(color="never"), StringIO()
    speaker.err = Console(file=said, width=200)
    with DeliveryProgress(speaker, 10, 500.0, lambda *_: None) as progress:
        progress.paused(0.4, "connection refused by 127.0.0.1:9")
        for _ in range(3):
            progress.retried("HTTP 503 from 127.0.0.1:9", 0.1)
            progress.unconfirmed(2, "the connection was reset by 127.0.0.1:9")
    assert [re.sub(f"^{STAMP}", "", line) for line in said.getvalue().splitlines()] == [
        "paused 0.4 s: connection refused by 127.0.0.1:9",
        "sent again: HTTP 503 from 127.0.0.1:9",
        "2 events unconfirmed, and not sent again: the connection was reset by 127.0.0.1:9",
    ]


def test_refusals_are_said_once_in_each_wording_five_of_a_status_and_then_counted() -> None:
    speaker, heard = Speaker(color="never"), StringIO()
    speaker.err = Console(file=heard, width=200)
    kept: list[Message] = []
    with DeliveryProgress(speaker, 20, 500.0, lambda message, _: kept.append(message)) as progress:
        for number in range(12):
            progress.refused(
                Message(number, b"", b"{}"), 400, "bad id" if number % 2 else f"bad name {number}"
            )
        progress.refused(Message(12, b"", b"{}"), 413, "")
    lines = heard.getvalue().splitlines()
    assert len(kept) == 13
    lines = [re.sub(f"^{STAMP}", "", line) for line in lines]
    assert lines[:3] == [f"refused with HTTP 400: bad {what}" for what in ("name 0", "id", "name 2")]
    assert lines[5:] == ["refused with HTTP 413", "and 7 more refused with HTTP 400"]


def test_colour_that_is_asked_for_draws_no_progress_on_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(color="always")
    with DeliveryProgress(speaker, 10, 500.0, lambda *_: None) as progress:
        progress.accepted(10)
        speaker.talk("careful", "red")
    assert capfd.readouterr().err == "\x1b[31mcareful\x1b[0m\n"
