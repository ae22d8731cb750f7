"""The progress of a delivery: what is seen of it on a narrow terminal, and what it does not claim."""

import re
from io import StringIO

import pytest
from rich.console import Console

from inflection_cli.model import Message
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.progress import DeliveryProgress

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(width: int, kind: str = "xterm") -> tuple[Speaker, StringIO]:
    speaker, screen = Speaker(), StringIO()
    speaker.err = Console(
        file=screen, width=width, height=20, force_terminal=True, highlight=False, _environ={"TERM": kind}
    )
    return speaker, screen


@pytest.mark.parametrize("width", [60, 80, 120])
def test_bar_and_pause_are_seen_whole_whatever_the_width(width: int) -> None:
    speaker, screen = on_terminal(width)
    with DeliveryProgress(speaker, 49_997, 500.0, lambda _: None) as progress:
        progress.accepted(12_500)
        progress.retried("HTTP 429", 12.0)
        progress.paused(12.0, "HTTP 429")
    seen = " ".join(ESCAPES.sub("", screen.getvalue()).replace("━", " ").replace("╺", " ").split())
    assert "paused 12 s by Segment (429)" in seen
    assert "━━━━" in screen.getvalue()


def test_a_dumb_terminal_gets_lines_and_no_bar() -> None:
    speaker, screen = on_terminal(120, "dumb")
    with DeliveryProgress(speaker, 10, 500.0, lambda _: None) as progress:
        progress.paused(12.0, "HTTP 429")
    assert screen.getvalue() == "paused 12 s by Segment (429)\n"


def test_without_a_terminal_a_pause_is_a_line() -> None:
    speaker, said = Speaker(color="never"), StringIO()
    speaker.err = Console(file=said, width=200)
    with DeliveryProgress(speaker, 10, 500.0, lambda _: None) as progress:
        progress.paused(0.4, "connect: refused")
    assert said.getvalue() == "paused 0.4 s: connect: refused\n"


def test_refusals_are_said_once_in_each_wording_five_of_a_status_and_then_counted() -> None:
    speaker, heard = Speaker(color="never"), StringIO()
    speaker.err = Console(file=heard, width=200)
    kept: list[Message] = []
    with DeliveryProgress(speaker, 20, 500.0, kept.append) as progress:
        for number in range(12):
            progress.refused(
                Message(number, b"", b"{}"), 400, "bad id" if number % 2 else f"bad name {number}"
            )
        progress.refused(Message(12, b"", b"{}"), 413, "")
    lines = heard.getvalue().splitlines()
    assert len(kept) == 13
    assert lines[:3] == [f"refused with HTTP 400: bad {what}" for what in ("name 0", "id", "name 2")]
    assert lines[5:] == ["refused with HTTP 413", "and 7 more refused with HTTP 400"]


def test_colour_that_is_asked_for_draws_no_progress_on_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(color="always")
    with DeliveryProgress(speaker, 10, 500.0, lambda _: None) as progress:
        progress.accepted(10)
        speaker.talk("careful", "red")
    assert capfd.readouterr().err == "\x1b[31mcareful\x1b[0m\n"
