"""`infl-seg validate`: every kind of problem at its place, and what it says of files and columns."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from command_support import BROKEN, CAMPAIGN, SAMPLES, Desk, opened, rows_balance

ESCAPE = "\x1b"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def expected(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    return in_order(found)


def in_order(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [{name: one[name] for name in ("code", "severity", "line", "column")} for one in problems]
    return sorted(kept, key=lambda one: (one["line"] or 0, one["code"]))


@pytest.mark.parametrize(
    ("name", "file", "options", "rows"),
    [
        ("broken", "broken.csv", (), (38, 12, 26, 0)),
        ("broken-in-berlin", "broken.csv", ("--timezone", "Europe/Berlin"), (38, 13, 25, 0)),
        ("broken-lines", "broken-lines.ndjson", (), (9, 2, 7, 0)),
        ("too-long", "too-long.csv", (), None),
        ("own-ids", "own-ids.csv", (), (3, 3, 0, 0)),
    ],
)
def test_every_problem_of_a_broken_sample_is_at_its_place(
    desk: Desk, name: str, file: str, options: tuple[str, ...], rows: tuple[int, ...] | None
) -> None:
    done = desk.run("validate", str(SAMPLES / file), "--json", *options)
    report = done.json
    assert in_order(report["problems"]) == expected(name)
    assert done.code == report["exit_code"] == 1
    assert rows_balance(report)
    assert rows is None or tuple(report["rows"].values()) == rows
    assert all(one["hint"] and one["message"] for one in report["problems"])
    assert all(one["file"] for one in report["problems"] if one["line"])


def test_the_counts_by_code_add_up_to_the_problems(desk: Desk) -> None:
    report = desk.run("validate", BROKEN, "--json").json
    counts: dict[str, int] = {}
    for one in report["problems"]:
        counts[one["code"]] = counts.get(one["code"], 0) + one["count"]
    assert counts == report["problem_counts"]


def test_a_campaign_in_order_is_told_as_that(desk: Desk) -> None:
    done = desk.run("validate", CAMPAIGN)
    assert done.code == 0
    assert "400 read = 400 mapped + 0 rejected + 0 filtered" in done.out
    assert done.out.splitlines()[-1].startswith("No problems found")


def test_csv_and_ndjson_of_one_campaign_are_one_campaign(desk: Desk) -> None:
    first, second = (
        desk.run("validate", str(SAMPLES / f"spring-launch.{kind}"), "--json").json
        for kind in ("csv", "ndjson")
    )
    for name in ("rows", "events", "by_event", "time_range", "people", "problem_counts"):
        assert first[name] == second[name]


def test_the_newsletter_is_settled_by_a_zone_and_by_skipping_unknown_events(desk: Desk) -> None:
    path = str(SAMPLES / "newsletter-export.csv")
    before = desk.run("validate", path, "--json")
    after = desk.run("validate", path, "--json", "--timezone", "Europe/Berlin", "--unknown-events", "skip")
    assert (before.code, after.code) == (1, 0)
    assert before.json["problem_counts"] == {"timestamp-no-zone": 60, "event-unknown": 20}
    assert after.json["rows"] == {"read": 60, "mapped": 40, "rejected": 0, "filtered": 20}
    assert after.json["files"][0]["delimiter"] == ";"
    assert after.json["files"][0]["columns"]["Contact ID"] == "personId"


def test_a_report_says_what_each_file_was_found_to_be(desk: Desk) -> None:
    (desk.folder / "a.csv.gz").write_bytes(gzip.compress(Path(CAMPAIGN).read_bytes()))
    (file,) = desk.run("validate", "a.csv.gz", "--json").json["files"]
    assert {
        name: file[name] for name in ("path", "format", "encoding", "delimiter", "compression", "rows")
    } == {
        "path": "a.csv.gz",
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": ",",
        "compression": "gzip",
        "rows": 400,
    }


def test_globs_and_several_files_are_read_each_once_in_order(desk: Desk) -> None:
    for name, user in (("b.csv", "u2"), ("a.csv", "u1"), ("c.csv", "u3")):
        desk.file(name, opened(user))
    report = desk.run("validate", "c.csv", "[ab].csv", "./c.csv", "--json").json
    assert [file["path"] for file in report["files"]] == ["c.csv", "a.csv", "b.csv"]
    assert report["problem_counts"] == {"file-named-twice": 1}


def test_standard_input_is_read_like_a_file(desk: Desk) -> None:
    done = desk.spawn("validate", "-", "--json", stdin=gzip.compress(Path(CAMPAIGN).read_bytes()))
    assert (done.code, done.json["rows"]["mapped"], done.json["files"][0]["path"]) == (0, 400, "-")


def test_repeated_problems_show_five_places_and_a_count_of_the_rest(desk: Desk) -> None:
    name = desk.file("many.csv", *(f"Sent {n},u{n},,e1,c1,2024-03-01T09:30:00Z" for n in range(9)))
    done = desk.run("validate", name)
    places = [line for line in done.out.splitlines() if "many.csv, line" in line]
    assert len(places) == 5
    assert "and 4 more" in done.out
    assert "error event-unknown, 9 times" in done.out


def test_what_holds_for_a_column_is_said_once_with_its_count(desk: Desk) -> None:
    name = desk.file("local.csv", *(f"opened,u{n},,e1,c1,2024-03-01 09:30:00" for n in range(9)))
    done = desk.run("validate", name)
    assert done.out.count("local.csv, line") == 1
    assert "(9 rows)" in done.out
    assert "--timezone" in done.out


def test_cells_are_masked_until_they_are_asked_for(desk: Desk) -> None:
    name = desk.file("secret.csv", "Ada Lovelace,u1,,e1,c1,2024-03-01T09:30:00Z")
    for more in ((), ("--json",)):
        assert "Lovelace" not in desk.run("validate", name, *more).out
        assert "Lovelace" in desk.run("validate", name, "--show-values", *more).out


def test_a_cell_cannot_steer_the_terminal(desk: Desk) -> None:
    name = desk.file("evil.csv", f"{ESCAPE}[2J\u202egpj,u1,,e1,c1,2024-03-01T09:30:00Z")
    done = desk.run("validate", name, "--show-values")
    assert ESCAPE not in done.out
    assert "\u202e" not in done.out
    assert "\\x1b[2J" in done.out


def test_results_go_to_stdout_and_talk_to_stderr(desk: Desk) -> None:
    done = desk.run("validate", BROKEN)
    assert "error ragged-row" in done.out
    assert done.err == ""


def test_quiet_still_gives_the_result(desk: Desk) -> None:
    assert "26 of 38 rows" in desk.run("validate", BROKEN, "--quiet").out


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"event,userId,timestamp\n", "header"),
        (b"\x89PNG\r\n\x1a\n\0\0", ""),
        ("event,userId\n".encode("utf-16"), ""),
        (b"event,userId,userId,timestamp\na,b,c,d\n", "userId"),
        (b"colour,shape\nred,round\n", "event"),
        (b'[{"event": "opened"}]\n', ""),
        (gzip.compress(b"event,userId,timestamp\n" * 50, mtime=0)[:40], ""),
    ],
)
def test_a_file_that_cannot_be_what_it_claims_is_refused_whole_with_what_helps(
    desk: Desk, data: bytes, words: str
) -> None:
    (desk.folder / "odd.csv").write_bytes(data)
    done = desk.run("validate", "odd.csv", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "input")
    assert "odd.csv" in done.json["error"]["message"]
    assert words in done.json["error"]["message"]
    assert done.json["error"]["hint"]


def test_a_header_that_nobody_foresaw_is_settled_by_map_and_set(desk: Desk) -> None:
    name = desk.file("odd.csv", "u1,2024-03-01T09:30:00Z,Spring", header="Kunde,Zeitpunkt,Aktion")
    teach = [
        desk.run("validate", name, "--set", "event=Email Opened", *more)
        for more in ((), ("--map", "userId=Kunde"))
    ]
    assert [one.code for one in teach] == [4, 4]
    assert "--map timestamp=" in teach[0].err
    settled = ("--set", "event=Email Opened", "--map", "userId=Kunde", "--map", "timestamp=Zeitpunkt")
    assert (
        desk.run("validate", name, *settled, "--map", "campaign_id=Aktion", "--set", "email_id=e1").code == 0
    )


def test_filters_say_how_much_they_left_out(desk: Desk) -> None:
    until = ("--until", "2024-03-06", "--event", "opened")
    done, report = (
        desk.run("validate", CAMPAIGN, *until),
        desk.run("validate", CAMPAIGN, *until, "--json").json,
    )
    assert report["filtered_by"].keys() == {"--event", "--since/--until"}
    assert sum(report["filtered_by"].values()) == report["rows"]["filtered"] > 0
    assert f"{report['filtered_by']['--event']:,} left out by --event" in done.out
    assert report["by_event"].keys() == {"Email Opened"}


def test_a_limit_that_was_met_is_said(desk: Desk) -> None:
    assert "reading stopped after 10 rows (--limit)" in desk.run("validate", CAMPAIGN, "--limit", "10").out
    assert "--limit" not in desk.run("validate", CAMPAIGN, "--limit", "9999").out


def test_bounds_are_half_open(desk: Desk) -> None:
    name = desk.file("three.csv", *(opened("u1", minute) for minute in (29, 30, 31)))
    report = desk.run(
        "validate", name, "--json", "--since", "2024-03-01T00:30:00Z", "--until", "2024-03-01T00:31:00Z"
    ).json
    assert (report["rows"]["mapped"], report["time_range"]["first"]) == (1, "2024-03-01T00:30:00.000Z")


def test_validation_leaves_nothing_behind(desk: Desk) -> None:
    desk.run("validate", BROKEN)
    assert list(desk.folder.iterdir()) == []


def test_a_key_that_appears_late_is_told_as_one_in_the_first_rows_is(desk: Desk) -> None:
    row = '{"event":"opened","userId":"u%d","email_id":"e","campaign_id":"c","timestamp":"2024-03-01T09:30:00Z"%s}'
    late = ',"phone":"1","note":"n","event_id":"x"'
    lines = [row % (n, late if n > 1500 else "") for n in range(1503)]
    (desk.folder / "late.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = desk.run("validate", "late.ndjson", "--json")
    (file,) = done.json["files"]
    assert (file["columns"]["event_id"], file["properties"], file["left_out"]) == (
        "event_id",
        {"note": "note"},
        ["phone"],
    )
    assert done.json["problem_counts"]["column-left-out"] == 1
    # Its own ids are the export's from then on, and one of them stands for two people.
    assert done.json["problem_counts"]["own-id-conflict"] == 1


def test_rows_of_other_events_are_left_out_by_event_even_where_unknown(desk: Desk) -> None:
    name = desk.file(
        "sent.csv", opened("u1"), opened("u2").replace("Email Opened", "Sent").replace("opened", "Sent")
    )
    report = desk.run("validate", name, "--event", "opened", "--json").json
    assert (report["rows"]["mapped"], report["rows"]["filtered"], report["rows"]["rejected"]) == (1, 1, 0)


def test_bounds_with_nothing_between_them_are_a_mistake_in_the_command(desk: Desk) -> None:
    done = desk.run("validate", CAMPAIGN, "--since", "2024-03-02", "--until", "2024-03-01")
    assert done.code == 2
    assert "--until" in done.err


def test_a_lost_delimiter_before_a_cell_with_a_line_break_sends_neither_part(desk: Desk) -> None:
    header = "event,userId,email_id,campaign_id,timestamp,campaign_name,email_subject"
    row = "Email Opened,u{},e1,c1,2024-03-01T09:30:00Z"
    torn = f'{row.format(1)},Spring"Hello, all'
    name = desk.file("e.csv", torn, 'friends"', f"{row.format(2)},Spring,Hello", header=header)
    words = ("--dry-run", "--max-errors", "2", "--out", "e.ndjson")
    done = desk.run("backfill", name, *words, "--json")
    assert (done.code, done.json["rows"]["rejected"]) == (1, 2)
    assert [message["userId"] for message in desk.messages("e.ndjson")] == ["u2"]
    assert {problem["code"] for problem in done.json["problems"]} >= {"quote-in-bare-cell", "ragged-row"}
