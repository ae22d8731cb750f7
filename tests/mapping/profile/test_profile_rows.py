"""Profiles on real files, by the real command: what goes out, what is rejected, and how it is told."""

import gzip
import json
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk, Result, rows_balance

PAYLOADS: Final = """\
profile = 1
[fields]
event = { column = "payload.kind", values = { "o" = "Email Opened", "c" = "Link Clicked" }, otherwise = "reject" }
userId = "payload.user.id"
campaign_id = { constant = "spring" }
email_id = "payload.mail"
email_link_url = "payload.links.0"
timestamp = "payload.at"
[properties]
price = { column = "payload.price", type = "number" }
big = { column = "payload.big", type = "integer" }
first = { column = "payload.first", type = "boolean" }
"""
PAYLOAD: Final = (
    '{"kind": "o", "user": {"id": "007"}, "mail": 123456789012345678901, "at": 1709285400, '
    '"price": 1.10, "big": 123456789012345678901, "first": true}'
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def run(desk: Desk, profile: str, file: str, *words: str) -> Result:
    """A dry run by a profile, its messages in `out.ndjson`."""
    (desk.folder / "old.toml").write_text(profile, encoding="utf-8")
    dry = ("--dry-run", "--out", "out.ndjson", "--json")
    return desk.run("backfill", file, "--profile", "old.toml", *dry, *words)


def payloads(desk: Desk, form: str, *cells: str) -> str:
    """A file whose one column holds JSON: as the objects of NDJSON, or as the cells of CSV."""
    if form == "ndjson":
        (desk.folder / "in.ndjson").write_text("".join(f'{{"payload": {cell}}}\n' for cell in cells), "utf-8")
        return "in.ndjson"
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    return desk.file("in.csv", *quoted, header="payload")


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_paths_lead_alike_into_nested_ndjson_and_into_json_in_a_cell(desk: Desk, form: str) -> None:
    result = run(desk, PAYLOADS, payloads(desk, form, PAYLOAD))
    assert result.code == 0
    (line,) = (desk.folder / "out.ndjson").read_bytes().splitlines()
    message = json.loads(line)
    assert (message["event"], message["userId"], message["timestamp"]) == (
        "Email Opened",
        "007",
        "2024-03-01T09:30:00.000Z",
    )
    assert message["properties"]["email_id"] == "123456789012345678901"
    assert b'"price":1.10,"big":123456789012345678901,"first":true}' in line
    assert result.json["files"][0]["columns"] == {"payload": "event"}


def test_rows_that_cannot_be_drawn_from_are_rejected_whole_with_their_own_cells(desk: Desk) -> None:
    bad = PAYLOAD.replace("1.10", '"n/a"')
    file = payloads(
        desk, "csv", PAYLOAD, bad, PAYLOAD.replace('"o"', '"x"'), "{", PAYLOAD.replace("400", "401")
    )
    result = run(desk, PAYLOADS, file, "--max-errors", "100%", "--rejects", "rejects")
    told = {(one["code"], one["line"], one["column"]) for one in result.json["problems"]}
    assert told >= {
        ("property-type", 3, "payload.price"),
        ("value-unlisted", 4, "payload.kind"),
        ("json-cell-invalid", 5, "payload.kind"),
    }
    assert result.json["rows"] == {"read": 5, "mapped": 2, "rejected": 3, "filtered": 0}
    assert rows_balance(result.json)
    kept = "".join(path.read_text(encoding="utf-8") for path in (desk.folder / "rejects").glob("*.csv"))
    assert '"' + bad.replace('"', '""') + '"' in kept
    assert len(desk.messages("out.ndjson")) == 2


WIDE: Final = """\
profile = 1
[time]
zone = "Europe/Berlin"
format = "%d.%m.%Y %H:%M"
[time.columns."Clicked"]
zone = "UTC"
format = "%Y-%m-%d %H:%M:%S"
[fields]
userId = { column = "Mail", hash = "sha256", salt_env = "INFL_SEG_SALT" }
campaign_id = { by_file = { "spring-*.csv" = "c-spring" } }
email_id = { constant = "e1" }
[properties]
plan = "Plan"
[columns]
others = "drop"
[[event]]
name = "Email Delivered"
timestamp = "Delivered"
[[event]]
name = "Email Opened"
timestamp = "Opened"
when = { column = "Opens", not_equals = ["0", ""] }
properties.opens = { column = "Opens", type = "integer" }
[[event]]
name = "Link Clicked"
timestamp = "Clicked"
fields.email_link_url = "URL"
"""
HEADER: Final = "Mail;Delivered;Opened;Opens;Clicked;URL;Plan;Secret"


def spring(desk: Desk, *rows: str) -> str:
    """One row a recipient."""
    return desk.file("spring-2024.csv", *rows, header=HEADER)


def sent(desk: Desk) -> list[tuple[Any, ...]]:
    """What was sent, as event, time and own properties."""
    own = ("plan", "opens", "email_link_url", "secret")
    return [
        (
            one["event"],
            one["timestamp"],
            {name: value for name, value in one["properties"].items() if name in own},
        )
        for one in desk.messages("out.ndjson")
    ]


def test_one_row_becomes_an_event_for_each_block_that_it_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "pepper")
    file = spring(
        desk,
        "a@x.example;01.03.2024 10:30;02.03.2024 08:00;2;2024-03-02 07:30:00;https://x.example;gold;s",
        "b@x.example;01.03.2024 10:31;;0;;;;s",
        "c@x.example;;;;;;;s",
    )
    result = run(desk, WIDE, file)
    assert result.code == 0
    assert result.json["rows"] == {"read": 3, "mapped": 2, "rejected": 0, "filtered": 1}
    assert sent(desk) == [
        ("Email Delivered", "2024-03-01T09:30:00.000Z", {"plan": "gold"}),
        ("Email Opened", "2024-03-02T07:00:00.000Z", {"plan": "gold", "opens": 2}),
        ("Link Clicked", "2024-03-02T07:30:00.000Z", {"plan": "gold", "email_link_url": "https://x.example"}),
        ("Email Delivered", "2024-03-01T09:31:00.000Z", {}),
    ]
    first = desk.messages("out.ndjson")[0]
    # Computed with: printf 'peppera@x.example' | sha256sum
    assert first["userId"] == "cbd1ed7ce9f1f33b81335c6edbb0920561f55ca8bd9821888efb69851d8d2566"
    assert first["properties"]["campaign_id"] == "c-spring"


def test_a_row_with_one_event_that_cannot_be_read_is_rejected_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "pepper")
    file = spring(
        desk, "a@x.example;01.03.2024 10:30;02.03.2024 08:00;many;;;;", "b@x.example;01.03.2024 10:31;;;;;;"
    )
    result = run(desk, WIDE, file, "--max-errors", "100%")
    assert [(one["code"], one["line"], one["column"]) for one in result.json["problems"]] == [
        ("property-type", 2, "Opens")
    ]
    assert [one[0] for one in sent(desk)] == ["Email Delivered"]


def test_a_profile_for_another_export_is_refused_with_everything_that_is_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "pepper")
    result = run(desk, WIDE, payloads(desk, "csv", PAYLOAD))
    assert result.code == 4
    assert "old.toml seems to be a profile for another export" in result.json["error"]["message"]
    assert "infl-seg inspect" in result.json["error"]["hint"]


BY_FILE: Final = """\
profile = 1
[fields]
event = { by_file = { "*-opens.csv" = "Email Opened", "*" = "Unsubscribed" } }
userId = "userId"
email_id = "email_id"
campaign_id = "campaign_id"
timestamp = "timestamp"
"""


def opens(desk: Desk, *times: str) -> str:
    """A file whose name says what its rows are."""
    rows = [f"u{i},e1,c1,{time}" for i, time in enumerate(times)]
    return desk.file("may-opens.csv", *rows, header="userId,email_id,campaign_id,timestamp")


@pytest.mark.parametrize("times_rejected", [1, 2])
def test_fixed_rejects_have_the_event_that_the_name_of_their_file_stood_for(
    desk: Desk, times_rejected: int
) -> None:
    file = opens(desk, "2024-03-01T09:30:00Z", "bad")
    for _ in range(times_rejected):
        folder = run(desk, BY_FILE, file, "--max-errors", "100%").json["rejects"]
        (rejects,) = (desk.folder / folder).glob("*")
        # Whatever the user calls what was fixed, its first column says where it comes from.
        file = str(rejects.rename(rejects.with_name("fixed.csv")))
    fixed = Path(file).read_text(encoding="utf-8").replace(",bad", ",2024-03-01T09:30:00Z")
    Path(file).write_text(fixed, encoding="utf-8")
    assert run(desk, BY_FILE, file).json["by_event"] == {"Email Opened": 1}


def test_rejects_of_files_that_stand_for_different_events_are_not_taken_for_one(desk: Desk) -> None:
    header = "infl_seg_file,infl_seg_line,infl_seg_code,infl_seg_reason,userId,email_id,campaign_id,timestamp"
    rows = [f"{name},2,x,x,u1,e1,c1,2024-03-01T09:30:00Z" for name in ("may-opens.csv", "may-leavers.csv")]
    result = run(desk, BY_FILE, desk.file("both.csv", *rows, header=header))
    assert result.code == 4
    assert "holds rejected rows of 2 files" in result.json["error"]["message"]


def test_a_packed_file_has_the_event_that_its_name_stood_for_before_it_was_packed(desk: Desk) -> None:
    plain = desk.folder / opens(desk, "2024-03-01T09:30:00Z")
    packed = plain.with_name("may-opens.csv.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert run(desk, BY_FILE, packed.name).json["by_event"] == {"Email Opened": 1}


BOUNCING: Final = """\
profile = 1
[fields]
userId = "user.id"
event = "kind"
timestamp = "at"
[properties]
reason = "bounce.reason"
"""


def objects(desk: Desk, *lines: str) -> str:
    """A file of NDJSON."""
    (desk.folder / "in.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return "in.ndjson"


def opened(number: int, more: str = "") -> str:
    """An opening with further members."""
    return f'{{"kind": "opened", "user": {{"id": "u{number}"}}, "at": {1709285400 + number}{more}}}'


def test_an_export_without_a_bounce_needs_none_of_its_keys_and_one_warning_says_so(desk: Desk) -> None:
    result = run(desk, BOUNCING, objects(desk, opened(1), opened(2)))
    (told,) = [one for one in result.json["problems"] if one["code"] == "profile-column-missing"]
    assert (result.code, told["severity"], told["line"], told["count"]) == (0, "warning", None, 1)
    assert "“bounce.reason” (properties.reason)" in told["message"]
    assert "the first 2 records" in told["message"]
    assert len(desk.messages("out.ndjson")) == 2


def test_a_key_that_the_profile_names_takes_effect_from_where_it_first_appears(desk: Desk) -> None:
    lines = [opened(number) for number in range(1_000)]
    result = run(desk, BOUNCING, objects(desk, *lines, opened(1_000, ', "bounce": {"reason": "full"}')))
    sent_reasons = [message["properties"].get("reason") for message in desk.messages("out.ndjson")]
    assert (result.code, sent_reasons) == (0, [None] * 1_000 + ["full"])
    assert result.json["files"][0]["fields"]["userId"] == ["user.id"]
    assert result.json["files"][0]["properties"] == {"bounce.reason": "reason"}


@pytest.mark.parametrize(
    ("late", "path"),
    [("bounce.reason", "bounce.reason"), ("user.id", "user.id"), ("Kind", None), ("event", None)],
)
def test_a_late_key_never_changes_what_a_field_or_property_is(
    desk: Desk, late: str, path: str | None
) -> None:
    lines = [opened(number, ', "bounce": {"reason": "full"}') for number in range(1_000)]
    result = run(desk, BOUNCING, objects(desk, *lines, opened(1_000, f', "{late}": "x"')))
    assert result.code == (0 if path is None else 4)
    if path is not None:
        assert f"line 1001: the key “{late}” appears first here" in result.json["error"]["message"]
        assert f"“{path}” of the profile" in result.json["error"]["message"]
        quoted = BOUNCING.replace('"bounce.reason"', "'\"bounce\".reason'").replace(
            '"user.id"', "'\"user\".id'"
        )
        assert run(desk, quoted, "in.ndjson").code == 0


def test_files_of_one_run_may_differ_in_what_a_profile_names(desk: Desk) -> None:
    said = (
        BOUNCING.replace("user.id", "user").replace("bounce.reason", "Reason")
        + '[columns]\ndrop = ["Secret"]\n'
    )
    desk.file("opens.csv", "opened,u1,1709285400,s", header="kind,user,at,Secret")
    bounces = desk.file("bounces.csv", "bounced,u1,1709285401,full", header="kind,user,at,Reason")
    both = run(desk, said, "opens.csv", bounces)
    assert (both.code, len(desk.messages("out.ndjson"))) == (0, 2)
    assert both.json["problem_counts"]["profile-column-missing"] == 2
    alone = run(desk, said, bounces)
    assert alone.code == 4
    assert "lacks a column that old.toml names: “Secret” (columns.drop)" in alone.json["error"]["message"]


ZONED: Final = """\
profile = 1
[time]
zone = "Europe/Berlin"
[time.columns.clicked]
zone = "UTC"
[fields]
userId = "user"
campaign_id = { constant = "c" }
[[event]]
name = "Email Opened"
timestamp = "opened"
[[event]]
name = "Link Clicked"
timestamp = "clicked"
"""


def hours(desk: Desk) -> list[str]:
    """The hours at which events are sent to have been."""
    return [message["timestamp"][11:13] for message in desk.messages("out.ndjson")]


def test_a_typed_zone_beats_the_profile_s_and_a_project_file_s_is_beneath_both(desk: Desk) -> None:
    file = desk.file("in.csv", "u1,2024-03-01 10:00,2024-03-01 10:00", header="user,opened,clicked")
    run(desk, ZONED, file)
    assert hours(desk) == ["09", "10"]
    run(desk, ZONED, file, "--timezone", "America/New_York")
    assert hours(desk) == ["15", "15"]
    (desk.folder / "infl-seg.toml").write_text('timezone = "Asia/Tokyo"\n', encoding="utf-8")
    run(desk, ZONED, file)
    assert hours(desk) == ["09", "10"]
    run(desk, ZONED.replace('[time]\nzone = "Europe/Berlin"\n', ""), file)
    assert hours(desk) == ["01", "10"]


def test_the_plan_shows_each_use_of_a_column_with_where_it_is_taken_from(desk: Desk) -> None:
    file = payloads(desk, "csv", PAYLOAD)
    (desk.folder / "old.toml").write_text(PAYLOADS + 'copy = "payload.mail"\n', encoding="utf-8")
    told = desk.run("validate", file, "--profile", "old.toml").out
    assert "event from “payload.kind”, userId from “payload.user.id”, email_id from “payload.mail”" in told
    assert "price (number) from “payload.price”, big (integer) from “payload.big”" in told
    assert "copy from “payload.mail”" in told
    assert "payload, payload" not in told


def test_a_run_of_which_no_event_is_left_says_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "pepper")
    file = spring(desk, "c@x.example;;;;;;;s", "d@x.example;;;;;;;s", "a@x.example;01.03.2024 10:30;;;;;;s")
    (desk.folder / "old.toml").write_text(WIDE, encoding="utf-8")
    words = (file, "--profile", "old.toml", "--since", "2025-01-01T00:00:00Z")
    last = desk.run("validate", *words).out.strip().splitlines()[-1]
    reasons = "3 read, 2 left out, as no [[event]] of the profile applies, 1 left out by --since/--until"
    assert last.startswith(f"Nothing would be sent: no row became an event: {reasons}")
    assert "No problems found" not in last
    assert (
        reasons
        in desk.run("backfill", *words, "--dry-run").err + desk.run("backfill", *words, "--dry-run").out
    )


def test_a_cell_that_cannot_be_drawn_is_the_one_thing_told_of_its_row(desk: Desk) -> None:
    result = run(desk, PAYLOADS, payloads(desk, "csv", PAYLOAD, "{"), "--max-errors", "1")
    assert [one["code"] for one in result.json["problems"] if one["line"] == 3] == ["json-cell-invalid"]


def test_a_profile_s_line_is_named_where_an_essential_is_missing(desk: Desk) -> None:
    file = desk.file("in.csv", "opened,u1,1709285400", header="event,userId,timestamp")
    result = run(desk, "profile = 1\n", file)
    told = next(one for one in result.json["problems"] if one["code"] == "campaign-id-missing")
    assert "--set campaign_id=VALUE" in told["hint"]
    assert '[fields] campaign_id = "COLUMN"' in told["hint"]


def test_what_a_filter_leaves_out_is_not_judged(desk: Desk) -> None:
    file = desk.file("in.csv", "Sent,u1,e1,c1,no time", header="event,userId,email_id,campaign_id,timestamp")
    rows = desk.run("validate", str(file), "--unknown-events", "skip", "--json").json["rows"]
    assert rows == {"read": 1, "mapped": 0, "rejected": 0, "filtered": 1}


def test_one_bad_event_rejects_the_row_with_the_good_one_that_it_holds(desk: Desk) -> None:
    header = "userId,email_id,campaign_id,Delivered,Opened"
    file = desk.file("in.csv", "u1,e1,c1,1709285400,soon", "u2,e1,c1,1709285400,", header=header)
    blocks = [f'[[event]]\nname = "Email {name}"\ntimestamp = "{name}"\n' for name in ("Delivered", "Opened")]
    result = run(desk, "profile = 1\n" + "".join(blocks), file, "--max-errors", "1")
    assert result.json["rows"] == {"read": 2, "mapped": 1, "rejected": 1, "filtered": 0}
    assert result.json["by_event"] == {"Email Delivered": 1}
    assert [(one["code"], one["line"], one["column"]) for one in result.json["problems"]] == [
        ("timestamp-unreadable", 2, "Opened")
    ]
