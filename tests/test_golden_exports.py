"""Six exports of six shapes, each by its vendor's documentation: profile in, golden messages out.

The golden files come from `reference_profiles.py`, which reads the exports without any profile. The README in
tests/data/exports/ says what is there, and from which pages its forms are taken.
"""

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from command_support import FAST, Desk, Result, events_balance, rows_balance, to
from reference_profiles import EXPORTED, EXPORTS, SALTS, golden, messages, parse, write

from inflection_cli.sandbox import Settings, serve
from inflection_cli.version import __version__


class Source(NamedTuple):
    """A vendor's public page, and how many rows and messages its export has here."""

    vendor: str
    page: str
    url: str
    rows: int
    messages: int


SOURCES = {
    "mailup": Source(
        "MailUp",
        "Export of email statistics",
        "https://help.mailup.com/pages/viewpage.action?pageId=60882983&navigatingVersions=true",
        rows=15,
        messages=12,
    ),
    "tibco": Source(
        "TIBCO Loyalty",
        "File Format",
        "https://docs.tibco.com/pub/loyalty/17.1.0/doc/html_v3/GUID-C189A122-1718-4D3B-81DF-74CF6D9F60B5.html",
        rows=11,
        messages=24,
    ),
    "ses": Source(
        "Amazon SES",
        "Contents of event data that Amazon SES publishes to Firehose",
        "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/event-publishing-retrieving-firehose-contents.html",
        rows=12,
        messages=9,
    ),
    "marketo": Source(
        "Adobe Marketo Engage",
        "Bulk Activity Extract",
        "https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-activity-extract",
        rows=12,
        messages=11,
    ),
    "mailgun": Source(
        "Sinch Mailgun",
        "Events",
        "https://documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Events",
        rows=13,
        messages=10,
    ),
    "copernica": Source(
        "Copernica",
        "REST API v4: GET logfiles names",
        "https://copernica.com/en/documentation/rest-get-logfiles-names",
        rows=12,
        messages=12,
    ),
}
TWICE = {"mailgun": 1}
"""How many events an export has once more."""

each = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk.at(tmp_path, monkeypatch)
    for name, salt in SALTS.items():
        monkeypatch.setenv(name, salt)
    return made


def backfill(desk: Desk, name: str, *words: str) -> Result:
    files = [str(EXPORTS / name / file) for file in EXPORTED[name].files]
    return desk.run("backfill", *files, "--profile", str(EXPORTS / name / "profile.toml"), *words)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The parts of a message that hold nothing further, each with its path, in the order of paths."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from leaves(value[key], f"{path}.{key}" if path else key)
    else:
        yield path, write(value)


def told(made: list[dict[str, Any]]) -> list[str]:
    """Messages as lines: one for each field, beginning with the message that it is of."""
    return [
        f"{number}. {message['event']}: {path} = {leaf}"
        for number, message in enumerate(made)
        for path, leaf in leaves(message)
    ]


def expected(name: str) -> list[dict[str, Any]]:
    """The golden messages, naming this version."""
    made: list[dict[str, Any]] = [
        parse(line) for line in (EXPORTS / name / "golden.ndjson").read_bytes().splitlines()
    ]
    for message in made:
        message["context"]["library"]["version"] = __version__
    return made


@each
def test_the_golden_file_is_what_the_plain_program_gives(name: str) -> None:
    assert (EXPORTS / name / "golden.ndjson").read_text(encoding="utf-8") == golden(name)
    assert len(messages(name)) == SOURCES[name].messages


@each
def test_a_dry_run_gives_the_golden_messages_field_by_field_and_in_order(desk: Desk, name: str) -> None:
    done = backfill(desk, name, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    made = [parse(line) for line in (desk.folder / "made.ndjson").read_bytes().splitlines()]
    found, wanted = told(made), told(expected(name))
    if found != wanted:
        pytest.fail(
            "\n".join(difflib.unified_diff(wanted, found, "golden", "made", "", "", 0, "")), pytrace=False
        )


@each
def test_a_rehearsal_balances_and_rejects_nothing(desk: Desk, name: str) -> None:
    done = backfill(desk, name, "--rehearse", "--json", *FAST)
    report = done.json
    source, twice = SOURCES[name], TWICE.get(name, 0)
    assert (done.code, report["complete"]) == (0, True), done.err
    assert rows_balance(report)
    assert events_balance(report)
    assert (report["rows"]["read"], report["rows"]["rejected"]) == (source.rows, 0)
    assert report["events"]["built"] == source.messages + twice
    assert (report["events"]["accepted"], report["events"]["duplicate"]) == (source.messages, twice)


@each
def test_segment_would_discard_none_of_them(desk: Desk, name: str) -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        assert backfill(desk, name, "--json", *to(sandbox.url)).code == 0
        stats, received = sandbox.stats(), sandbox.messages()
    assert (stats["discarded"]["total"], stats["hazards"]) == (0, {})
    assert stats["unique"] == len(received) == SOURCES[name].messages


@each
def test_the_readme_names_the_vendor_the_page_and_the_numbers(name: str) -> None:
    source, text = SOURCES[name], (EXPORTS / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
    assert row.endswith(f"| {source.vendor} | {source.rows} → {source.messages} |")
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert f"“{source.page}”" in section
    assert f"<{source.url}>" in section


def test_every_export_is_here() -> None:
    folders = {path.name for path in EXPORTS.iterdir() if path.is_dir()}
    assert folders == set(SOURCES) == set(EXPORTED)
    for name, export in EXPORTED.items():
        files = {path.name for path in (EXPORTS / name).iterdir()}
        assert files == {*export.files, "profile.toml", "golden.ndjson"}


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("choose", {"first", "earliest", "latest"}),
        ("otherwise", {"reject", "empty"}),
        ("type", {"integer", "number", "boolean", "timestamp"}),
        ("filled", {"True"}),
        ("hash", {"sha256"}),
        ("others", {"drop"}),
        ("naming", {"spec"}),
        ("decimal", {","}),
    ],
)
def test_between_them_the_profiles_say_everything_that_a_key_can_say(key: str, values: set[str]) -> None:
    assert {value for found, value in said() if found == key} >= values


def test_between_them_the_profiles_use_every_kind_of_source_and_condition() -> None:
    keys = {key for key, _ in said()}
    assert keys >= {"encoding", "delimiter", "records", "zone", "format", "constant", "values", "salt_env"}
    assert keys >= {"equals", "not_equals", "columns", "drop", "unknown_events", "import", "All"}
    assert keys >= {"user_id_from", "anonymous_id_from"}
    assert any(key == "by_file" for key, _ in said())


def said() -> Iterator[tuple[str, str]]:
    """Every key of every profile with what it is set to."""
    waiting: list[Any] = [
        tomllib.loads((EXPORTS / name / "profile.toml").read_text(encoding="utf-8")) for name in SOURCES
    ]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            yield from ((key, str(value)) for key, value in one.items())
