"""Personal values are shown on a terminal only: typed ones, and those that a destination's answer repeats."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from collector_support import Answer, collecting
from command_support import Desk, Result, opened, to

from inflection_cli.cli.usage_errors import kept_command, redacted, redacted_error
from inflection_cli.errors import UsageError
from inflection_cli.sandbox import serve
from inflection_cli.segment.echoes import without_echoes

PERSON = "user-4711"
ADDRESS = "ada@example.com"
NO_PERSON = "event,email_id,campaign_id,timestamp"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["--set", "userId=o'neil 7"], "--set 'userId=…'"),
        (["--set=email=a@b.example"], "'--set=email=…'"),
        (["--set", "campaign_id=c-1"], "--set campaign_id=c-1"),
        (["--group-user", "u-9"], "--group-user '…'"),
        (["--group-user=u-9"], "'--group-user=…'"),
        (
            ["--context", "import=spring", "--context", "phone=1"],
            "--context import=spring --context 'phone=…'",
        ),
        (["--context", f"by={ADDRESS}"], "--context 'by=…'"),
        (["--null", "N/A", "--null", ADDRESS], "--null N/A --null '…'"),
        ([f"--null={ADDRESS}"], "'--null=…'"),
        (["--write-key", "k", "--", "userId=x"], "--write-key … userId=x"),
    ],
)
def test_what_is_kept_of_a_command_has_no_personal_value(typed: list[str], kept: str) -> None:
    assert kept_command(["x", "validate", "a.csv", *typed]) == f"infl-seg validate a.csv {kept}"


def test_an_error_has_its_words_again_once_it_is_reported() -> None:
    argv = ["x", "--set", f"userId={PERSON}", "--group-user", "7"]
    error = UsageError(f"--set userId={PERSON} is odd", hint=f"not {PERSON}; --group-user 7 of 17")
    with redacted_error(error, argv):
        assert (error.message, error.hint) == ("--set userId=… is odd", "not …; --group-user … of 17")
    assert PERSON in error.message + error.hint
    assert redacted({"a": [PERSON, 1], "b": {"c": None}}, argv) == {"a": ["…", 1], "b": {"c": None}}


@pytest.mark.parametrize("option", ["--set userId=…", "--context by=…", "--group-user …"])
def test_what_stands_for_a_value_is_no_value(desk: Desk, option: str) -> None:
    done = desk.run("backfill", desk.file("a.csv", opened("u1")), "--dry-run", *option.split())
    assert done.code == 2
    assert "stands for a value that is not shown" in done.err


def everything(desk: Desk, done: Result) -> str:
    """All that a command left: its two streams, log, reports and what the ledger says of the run."""
    files = ["run.log", "r.html", "r.xml", "r.json"]
    written = [(desk.folder / name).read_text(encoding="utf-8") for name in files]
    return "".join([done.out, done.err, *written, desk.run("runs", "list", "--json").out])


REPORTS = (
    "--log-file",
    "run.log",
    *(f"--report={form}" for form in ("html=r.html", "junit=r.xml", "json=r.json")),
)


def test_typed_values_are_in_no_report_log_or_pipe(desk: Desk) -> None:
    rows = [f"Email Opened,e{n},c1,2024-03-01T00:00:00Z" for n in range(150)]
    file = desk.file("a.csv", *rows, "Email Opened,e1,c1,no", header=NO_PERSON)
    values = ("--set", f"userId={PERSON}", "--context", f"by={ADDRESS}", "--null", ADDRESS)
    with serve() as sandbox:
        words = ("--endpoint", sandbox.url, "--write-key", "test-write-key-0123456789abcdefg", "--json")
        over = desk.run("backfill", file, *values, *words, "--yes", *REPORTS)
        assert (over.code, "--max-errors 1" in over.json["error"]["hint"]) == (8, True)
        left = everything(desk, over)
        unasked = desk.run("backfill", file, *values, *words, "--max-errors", "1", *REPORTS)
        assert (unasked.code, "--yes" in unasked.json["error"]["hint"]) == (2, True)
        left += everything(desk, unasked)
        sent = desk.run("backfill", file, *values, *words, "--max-errors", "1", "--yes", *REPORTS)
        assert sent.json["events"]["accepted"] == 150
        left += everything(desk, sent) + desk.run("runs", "show", "last", "--json").out
    assert "userId=…" in left
    assert PERSON not in left
    assert ADDRESS not in left


@contextmanager
def repeating(status: int) -> Iterator[str]:
    """Run a collector that refuses everything, and repeats all of it."""

    def answer(_: object, body: bytes) -> Answer:
        (one, *_rest) = json.loads(body)["batch"]
        return status, "text/plain", f"bad timestamp of {one['userId']}: {json.dumps(one)}"

    with collecting(answer) as url:
        yield url


@pytest.mark.parametrize("status", [400, 401])
def test_what_a_destination_repeats_of_people_is_masked(desk: Desk, status: int) -> None:
    file = desk.file("a.csv", f"Email Opened,{PERSON},,e1,c-20240401,2024-03-01T00:00:00Z")
    with repeating(status) as url:
        done = desk.run("backfill", file, *to(url), "--no-gzip", "--json", *REPORTS)
    left = everything(desk, done)
    assert done.code in {1, 5}
    assert "bad timestamp of xxxx-9999" in left
    assert PERSON not in left
    assert "c-20240401" not in done.err


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("userId Ünal-7 unknown", "userId xxxx-9 unknown"),
        (r'{"userId": "\u00dcnal-7"}', r'{"userId": "\x99xxxxx-9"}'),
        ("about ada@exam", "about xxx@xxxx"),
        ("traits.name ADA is odd", "traits.name xxx is odd"),
        ("in c-2024: 12345678901234567890", "in x-9999: 99999999999999999999"),
        ("spring is no event of infl-seg", "spring is no event of infl-seg"),
    ],
)
def test_words_of_messages_are_masked_in_an_answer(said: str, shown: str) -> None:
    message = (
        '{"type":"track","event":"Email Opened","userId":"Ünal-7","properties":{"campaign_id":"c-2024","n":true,'
        '"campaign_name":"spring sale"},"context":{"library":{"name":"infl-seg"},"traits":{"email":"ada@example.com",'
        '"name":"Ada","number":[12345678901234567890]}}}'
    )
    assert without_echoes(said, [b'{"type":"track"}', message.encode()]) == shown


def test_messages_too_deep_for_a_parser_are_words_all_the_same() -> None:
    deep = '{"traits":' + "[" * 2000 + f'"{ADDRESS}"' + "]" * 2000 + "}"
    assert without_echoes(f"no {ADDRESS}", [deep.encode()]) == "no xxx@xxxxxxx.xxx"
