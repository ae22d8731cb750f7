"""People: ids that can be nobody's, cells that stand for nothing, and what of a person only all rows show."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pipeline_support as tools
import pytest
from command_support import FAST, Desk, to
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.backfilling.plausibility import People
from inflection_cli.converting.person_columns import Seen
from inflection_cli.sandbox import Sandbox, serve

HEADER = "event,timestamp,userId,personId,campaign_id,email_id"
NULLS = [
    *(r"\N", "NULL", "null", "None", "nan", "NaN", "#N/A", "#REF!", "#NAME?", "#VALUE!", "-", "--", "(null)"),
    *("(none)", "undefined", "{{user.id}}", "%%id%%", "*|UNIQID|*", "{$id}", "${ID}", "[[id]]", "<%= id %>"),
    *("00000000-0000-0000-0000-000000000000", "0", "anonymous", "guest", "-1", "{id}", "{0}", "<id>", "[id]"),
    *("@@id@@", "#SPILL!", "#CALC!", r"\\N", "inf", "userId", "User ID", "user_id", "'NULL'", "''"),
    *("ffffffff-ffff-ffff-ffff-ffffffffffff", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
]
ODD = [
    "u1\u200b",
    "\ufeffu1",
    "u\u200d1",
    "u1\u202e",
    "\u200eu1",
    "u\u00ad1",
    "u1\U000e0041",
    "u\u00a01",
    "'0042",
    "e\u0301",
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def time(n: int) -> str:
    return f"2024-03-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z"


def put(desk: Desk, name: str, rows: Sequence[dict[str, Any]]) -> str:
    """Write the same rows as CSV, NDJSON or a JSON document, by the name's ending."""
    if name.endswith(".csv"):
        names = list(rows[0])
        cells = [[f'"{row[each]}"' for each in names] for row in rows]
        text = "".join(",".join(line) + "\n" for line in [names, *cells])
    else:
        lines = [json.dumps(row) for row in rows]
        text = "\n".join(lines) + "\n" if name.endswith(".ndjson") else f"[{', '.join(lines)}]\n"
    (desk.folder / name).write_text(text)
    return name


def row(n: int = 0, **cells: str) -> dict[str, str]:
    return {
        "event": "open",
        "timestamp": time(n),
        "userId": f"u{n}",
        "campaign_id": "c",
        "email_id": "e",
        **cells,
    }


def codes(report: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = report["problem_counts"]
    return counts


# --- one id ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["csv", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("ndjson", "json"))]
)
@pytest.mark.parametrize("word", NULLS)
def test_a_word_for_nothing_is_nobodys_id_and_gives_way_where_the_user_says_so(
    desk: Desk, word: str, kind: str
) -> None:
    file = put(desk, f"export.{kind}", [row(userId=word, personId="p1"), row(1, personId="p2")])
    told = desk.run("validate", file, "--json")
    assert (codes(told.json), told.json["rows"]["rejected"], told.code) == ({"placeholder-person": 1}, 1, 1)
    said = desk.run("validate", file, "--json", f"--null={word}")
    assert (codes(said.json), said.json["rows"]["mapped"], said.code) == ({}, 2, 0)
    out = desk.run("backfill", file, "--dry-run", "--out", "out.ndjson", f"--null={word}")
    first, _ = desk.messages("out.ndjson")
    assert (out.code, "userId" in first, first["anonymousId"]) == (0, False, "p1")


@pytest.mark.parametrize("word", ['""', '"NULL"', '"0"'])
def test_quotation_marks_make_no_id_of_a_placeholder(desk: Desk, word: str) -> None:
    file = put(desk, "export.ndjson", [row(userId=word, personId="p1")])
    told = desk.run("validate", file, "--json")
    assert (codes(told.json), told.code) == ({"placeholder-person": 1}, 1)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_the_name_of_the_column_is_nobodys_id(desk: Desk, kind: str) -> None:
    rows = [{**row(0), "Kunden-Nr": word} for word in ("kunden-nr", "KundenNr", "4711")]
    for each in rows:
        del each["userId"]
    file = put(desk, f"export.{kind}", rows)
    told = desk.run("validate", file, "--map", "userId=Kunden-Nr", "--json")
    assert codes(told.json) == {"placeholder-person": 2}
    assert "the name of its own column" in told.json["problems"][0]["message"]


@pytest.mark.parametrize(
    "value",
    [
        *(
            "0042",
            "-12",
            "1",
            "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
            "<a1@mx.example>",
            "O'Brien",
            "müller",
        ),
        *(
            "JOÃO",
            "ffffffff-0000-4000-8000-000000000001",
            "guest42",
            "me@shop.example",
            "infinite",
            "userId7",
        ),
    ],
)
def test_an_id_that_only_resembles_a_placeholder_is_an_id(desk: Desk, value: str) -> None:
    for kind in ("csv", "ndjson"):
        told = desk.run("validate", put(desk, f"export.{kind}", [row(userId=value)]), "--json")
        assert (codes(told.json), told.code) == ({}, 0)


@pytest.mark.parametrize("word", ["0", "00", "true", "false", "test", "unknown", "guest", "-1"])
def test_a_word_that_other_columns_mean_is_emptied_in_its_own_column(desk: Desk, word: str) -> None:
    """An option that empties cells of all columns would empty `is_unique_open` as well."""
    file = put(desk, "export.csv", [row(userId=word, personId="p1", is_unique_open="true")])
    (problem,) = desk.run("validate", file, "--json").json["problems"]
    line = f'[fields] userId = {{ column = "userId", values = {{ "{word}" = "" }} }}'
    assert (line in problem["hint"], "--null" in problem["hint"]) == (True, False)
    names = ("event", "timestamp", "personId", "campaign_id", "email_id", "is_unique_open")
    fields = "".join(f'{name} = "{name}"\n' for name in names)
    (desk.folder / "p.toml").write_text(f"profile = 1\n[fields]\n{line.removeprefix('[fields] ')}\n{fields}")
    made = desk.run("backfill", file, "--profile", "p.toml", "--dry-run", "--out", "o.ndjson")
    (sent,) = desk.messages("o.ndjson")
    assert (made.code, sent["anonymousId"], "userId" in sent) == (0, "p1", False)
    assert sent["properties"]["is_unique_open"] is True


@pytest.mark.parametrize("value", [r"\N", "anonymous", "0", "u1\u200b", "'0042", "grÃ¼n", "l\ufffdst"])
def test_who_allows_implausible_people_allows_no_id_that_is_nobodys(
    desk: Desk, sandbox: Sandbox, value: str
) -> None:
    """The option is about what the counts over all rows show, such as a tester with most of the events."""
    rows = [row(i, userId="me" if i else value) for i in range(200)]
    file = put(desk, "export.csv", rows)
    told = desk.run("validate", file, "--allow-implausible-people", "--json")
    (problem,) = told.json["problems"]
    assert (problem["severity"], problem["line"], told.code) == ("error", 2, 1)
    assert "campaign" not in problem["message"]
    assert "--allow-implausible-people" not in problem["hint"]
    before = sandbox.stats()["requests"]
    sent = desk.run("backfill", file, "--allow-implausible-people", "--json", *to(sandbox.url))
    assert (sent.code, sent.json["error"]["code"]) == (8, "over-budget")
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("value", ["grÃ¼n", "l\ufffdst"])
def test_an_id_that_was_damaged_is_nobodys(desk: Desk, value: str) -> None:
    for name, cells in (("userId", {"userId": value}), ("personId", {"userId": "", "personId": value})):
        for kind in ("csv", "ndjson", "json"):
            told = desk.run("validate", put(desk, f"export.{kind}", [row(0, **cells)]), "--json")
            (problem,) = told.json["problems"]
            assert (problem["code"], problem["column"], told.code) == ("person-id-damaged", name, 1)
    for option in ("--user-id-from", "--anonymous-id-from"):
        file = put(desk, "export.csv", [row(userId="", email=f"{value}@shop.example")])
        told = desk.run("validate", file, option, "email", "--json")
        assert (codes(told.json), told.code) == ({"person-id-damaged": 1}, 1)
    file = put(desk, "export.csv", [row(email=f"{value}@shop.example")])
    assert desk.run("validate", file, "--json").code == 0


@pytest.mark.parametrize("field", ["userId", "personId"])
@pytest.mark.parametrize("value", ODD)
def test_an_id_that_looks_like_another_one_is_rejected_with_the_character_by_its_name(
    desk: Desk, field: str, value: str
) -> None:
    file = put(desk, "export.csv", [{**row(), "userId": "", "personId": "", field: value}])
    told = desk.run("validate", file, "--json")
    (problem,) = told.json["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("person-id-misspelled", 2, field)
    hidden = [char for char in value if not char.isascii() and not char.isalpha() and char != "\u0301"]
    assert all(f"U+{ord(char):04X}" in problem["message"] for char in hidden)
    allowed = desk.run("validate", file, "--json", "--allow-implausible-people")
    assert (codes(allowed.json), allowed.code) == ({"person-id-misspelled": 1}, 1)


def test_an_id_of_a_campaign_that_is_odd_is_a_warning(desk: Desk) -> None:
    file = put(desk, "export.csv", [row(campaign_id="NULL", email_id="e\u200b", campaign_run_id="#N/A")])
    told = desk.run("validate", file, "--json")
    assert (codes(told.json), told.code) == ({"placeholder-id": 2, "id-misspelled": 1}, 0)


def test_a_null_is_empty_in_ids_flags_links_times_and_properties(desk: Desk) -> None:
    rows = [
        row(campaign_run_id="NULL", is_unique_open="NULL", email_link_url=r"\N", Colour=" NULL ", ip="NULL"),
        row(1, timestamp="NULL", campaign_run_id="", is_unique_open="", email_link_url="", Colour="", ip=""),
    ]
    file = put(desk, "export.csv", rows)
    options = ("--null", "NULL", "--null", r"\N", "--max-errors", "1")
    assert desk.run("backfill", file, "--dry-run", "--out", "out.ndjson", *options).code == 1
    (sent,) = desk.messages("out.ndjson")
    assert sent["properties"] == {"email_id": "e", "campaign_id": "c"}
    assert "ip" not in sent["context"]
    assert codes(desk.run("validate", file, "--json", *options).json) == {"timestamp-missing": 1}


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
def test_the_plan_tells_which_cells_were_emptied(desk: Desk, kind: str) -> None:
    rows = [
        row(i, userId="0" if i % 2 else f"u{i}", personId=f"p{i}", is_unique_open=" 0 ") for i in range(9)
    ]
    file = put(desk, f"export.{kind}", rows)
    told = desk.run("validate", file, "--null", "0", "--json")
    (found,) = told.json["files"]
    assert found["emptied"] == {"is_unique_open": 9, "userId": 4}
    said = desk.run("backfill", file, "--null", "0", "--dry-run").err
    assert "13 cells emptied by --null: " in said
    assert ("userId 4" in said, "is_unique_open 9" in said) == (True, True)
    assert "emptied by" not in desk.run("backfill", file, "--null", "NULL", "--dry-run").err
    assert desk.run("validate", file, "--null", "NULL", "--json").json["files"][0]["emptied"] == {}


@pytest.mark.parametrize("filler", ["x", ""])
def test_the_plan_tells_what_was_emptied_at_the_end_of_a_path(desk: Desk, filler: str) -> None:
    """Cells that repeat are drawn one at a time and remembered, cells that do not are drawn together."""
    rows = [
        {
            **row(i, userId="", personId=""),
            "data": {"user": "NULL" if i % 2 else "u1", "more": f"{filler}{i}" if filler else ""},
        }
        for i in range(9)
    ]
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[input]\nnull = ["NULL"]\n[fields]\nevent = "event"\ntimestamp = "timestamp"\n'
        'campaign_id = "campaign_id"\nemail_id = "email_id"\nuserId = "data.user"\npersonId = { constant = "p" }\n'
    )
    file = put(desk, "export.ndjson", rows)
    told = desk.run("validate", file, "--profile", "p.toml", "--json")
    assert (told.json["files"][0]["emptied"], told.code) == ({"data.user": 4}, 0)
    said = desk.run("backfill", file, "--profile", "p.toml", "--dry-run").err
    assert "4 cells emptied by --null: data.user 4" in said


def test_the_rejects_keep_a_null_as_it_stood(desk: Desk) -> None:
    file = put(desk, "export.csv", [row(userId="NULL")])
    desk.run("backfill", file, "--dry-run", "--null", "NULL", "--rejects", "rejects")
    assert "NULL" in (desk.folder / "rejects" / "export.rejects.csv").read_text()


def test_a_profile_and_a_project_file_name_nulls_and_neither_allows_people(desk: Desk) -> None:
    file = put(desk, "export.csv", [row(userId=r"\N", personId="p1")])
    profile = desk.folder / "p.toml"
    profile.write_text("profile = 1\n[input]\nnull = ['\\N', 'NULL']\n")
    assert desk.run("validate", file, "--profile", "p.toml").code == 0
    profile.write_text("profile = 1\n[input]\nnull = ' '\n")
    assert desk.run("validate", file, "--profile", "p.toml").code == 2
    profile.write_text("profile = 1\n[options]\nallow_implausible_people = true\n")
    assert "--allow-implausible-people" in desk.run("validate", file, "--profile", "p.toml").err
    project = desk.folder / "infl-seg.toml"
    project.write_text("null = ['\\N']\n")
    told = desk.run("validate", file, "--json")
    assert (told.code, told.json["project_file"]["settings"]) == (0, {"null": [r"\N"]})
    project.write_text("allow_implausible_people = true\n")
    refused = desk.run("validate", file)
    assert (refused.code, "--allow-implausible-people" in refused.err) == (2, True)


def test_a_null_at_the_end_of_a_path_is_empty_too(desk: Desk) -> None:
    record = {**row(), "who": {"id": r"\N", "person": "p1"}}
    del record["userId"]
    (desk.folder / "export.ndjson").write_text(json.dumps(record) + "\n")
    (desk.folder / "p.toml").write_text(
        "profile = 1\n[input]\nnull = '\\N'\n[fields]\nuserId = 'who.id'\npersonId = 'who.person'\n"
        "event = 'event'\ntimestamp = 'timestamp'\ncampaign_id = 'campaign_id'\nemail_id = 'email_id'\n"
    )
    out = desk.run("backfill", "export.ndjson", "--profile", "p.toml", "--dry-run", "--out", "out.ndjson")
    (sent,) = desk.messages("out.ndjson")
    assert (out.code, sent["anonymousId"], "userId" in sent) == (0, "p1", False)


@pytest.mark.parametrize("blank", ["  ", "\t", "\u00a0"])
@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
def test_a_blank_id_is_named_with_the_one_that_is_used(desk: Desk, blank: str, kind: str) -> None:
    file = put(
        desk,
        f"export.{kind}",
        [row(userId=blank, personId="p1", campaign_run_id=blank, is_unique_open=blank)],
    )
    told = desk.run("validate", file, "--json")
    said = {problem["column"]: problem["message"] for problem in told.json["problems"]}
    assert (codes(told.json), told.code) == ({"outer-space": 3}, 0)
    assert set(said) == {"userId", "campaign_run_id", "is_unique_open"}
    assert (
        said["userId"]
        == "userId is white space alone and counts as empty, so the personId of the row is used"
    )


# --- addresses ---------------------------------------------------------------------------------------


def mailed(desk: Desk, cell: str) -> str:
    return put(desk, "export.ndjson", [{**row(), "userId": "", "email": cell}])


@pytest.mark.parametrize("cell", ["B Q <b@shop.example>", '"Q, B" <b@shop.example>', "b@shop.example (B Q)"])
def test_the_address_is_taken_out_of_a_cell_with_a_name(desk: Desk, cell: str) -> None:
    for option, value in (("--user-id-from", "b@shop.example"), ("--anonymous-id-from", None)):
        made = desk.run(
            "backfill", mailed(desk, cell), option, "email", "--dry-run", "--out", "o.ndjson", "--email-trait"
        )
        (sent,) = desk.messages("o.ndjson")
        assert (made.code, "email-with-name" in made.err) == (0, True)
        assert sent["context"]["traits"]["email"] == "b@shop.example"
        assert value == sent.get("userId")
        if value is None:
            assert sent["anonymousId"] == hashlib.sha256(b"b@shop.example").hexdigest()
        (desk.folder / "o.ndjson").unlink()


@pytest.mark.parametrize(
    "cell", ["a@x.example, b@x.example", "A <a@x.example>; B <b@x.example>", "<a1@mx.x.example>"]
)
@pytest.mark.parametrize("option", [("--user-id-from", "email"), ("--anonymous-id-from", "email")])
def test_a_cell_that_names_no_one_recipient_is_rejected(
    desk: Desk, cell: str, option: tuple[str, str]
) -> None:
    told = desk.run("validate", mailed(desk, cell), *option, "--json")
    assert (codes(told.json), told.code) == ({"email-ambiguous": 1}, 1)


@pytest.mark.parametrize("option", ["user_id_from", "anonymous_id_from"])
def test_who_takes_the_address_for_the_person_is_asked_for_its_column_alone(desk: Desk, option: str) -> None:
    """A column of ids beside it would make other people than the addresses that were asked for."""
    cells = {"rcpt": "a@shop.example", "user_id": "17"}
    file = put(desk, "export.csv", [{**row(), "userId": "", **cells}])
    text = (desk.folder / file).read_text().replace("userId", "nothing")
    (desk.folder / file).write_text(text)
    (desk.folder / "p.toml").write_text(
        f'profile = 1\n[options]\n{option} = "email"\n[fields]\nevent = "event"\ntimestamp = "timestamp"\n'
    )
    refused = desk.run("validate", file, "--profile", "p.toml", "--json")
    hint = refused.json["error"]["hint"]
    assert (refused.code, "email = " in hint, "userId" in hint, "user_id" in hint) == (4, True, False, False)
    (desk.folder / file).write_text(text.replace("user_id", "number"))
    refused = desk.run("validate", file, f"--{option.replace('_', '-')}", "email", "--json")
    hint = refused.json["error"]["hint"]
    assert (refused.code, "--map email=" in hint, "userId" in hint) == (4, True, False)


def test_a_null_is_not_hashed_into_a_person(desk: Desk) -> None:
    told = desk.run("validate", mailed(desk, "NULL"), "--anonymous-id-from", "email", "--json")
    assert (codes(told.json).get("placeholder-person"), told.code) == (1, 1)


# --- over all rows -----------------------------------------------------------------------------------


def crowd(n: int, user: str = "900") -> list[dict[str, str]]:
    return [row(i, userId=user, email=f"p{i}@shop.example") for i in range(n)]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
def test_many_addresses_of_one_id_send_nothing_whatever_the_budget(
    desk: Desk, sandbox: Sandbox, kind: str
) -> None:
    file = put(desk, f"export.{kind}", crowd(50))
    told = desk.run("validate", file, "--json")
    assert (told.code, codes(told.json)) == (1, {"person-implausible": 1})
    assert told.json["problems"][0]["message"] == "one id has 50 different addresses, on 50 of 50 rows"
    before = sandbox.stats()["requests"]
    sent = desk.run("backfill", file, "--json", "--max-errors", "100%", *to(sandbox.url))
    assert (sent.code, sent.json["error"]["code"], sent.json["events"]["accepted"]) == (
        8,
        "person-implausible",
        0,
    )
    assert sandbox.stats()["requests"] == before
    again = desk.run("backfill", file, "--json", "--allow-implausible-people", *to(sandbox.url))
    assert (again.code, again.json["events"]["accepted"], codes(again.json)) == (0, 50, {})


def test_rows_are_not_said_to_go_where_the_people_stop_them(desk: Desk) -> None:
    """No error budget lets implausible people pass."""
    file = put(desk, "export.csv", [*crowd(150), row(999, email="x@x.example", timestamp="soon")])
    told = desk.run("validate", file)
    assert (told.code, "--max-errors" in told.out.splitlines()[-1]) == (1, False)
    assert "Until then backfill sends nothing" in told.out
    refused = desk.run("backfill", file, "--dry-run")
    assert (refused.code, "--max-errors" in refused.err.splitlines()[-1]) == (8, False)
    assert "20 rows" not in refused.err  # of a rule that does not hold here
    allowed = desk.run("validate", file, "--allow-implausible-people")
    assert (allowed.code, "--max-errors 1" in allowed.out) == (1, True)


def test_ready_messages_are_judged_as_rows_are(desk: Desk) -> None:
    file = put(desk, "export.csv", crowd(5))
    made = ("--dry-run", "--email-trait", "--allow-implausible-people", "--out", "ready.ndjson")
    assert desk.run("backfill", file, *made).code == 0
    told = desk.run("replay", "ready.ndjson", "--dry-run", "--json", "--max-errors", "100%")
    assert (told.code, codes(told.json)) == (8, {"person-implausible": 1})
    assert desk.run("replay", "ready.ndjson", "--dry-run", "--allow-implausible-people").code == 0


def test_addresses_among_the_properties_of_messages_are_counted(desk: Desk) -> None:
    lines = [
        json.dumps(
            {
                "type": "track",
                "event": "Email Opened",
                "messageId": f"m{i}",
                "userId": "900",
                "timestamp": time(i),
                "properties": {"email": f"p{i}@x.example"},
            }
        )
        for i in range(3)
    ]
    (desk.folder / "ready.ndjson").write_text("\n".join(lines))
    told = desk.run("replay", "ready.ndjson", "--dry-run", "--json")
    assert (told.code, codes(told.json)) == (8, {"person-implausible": 1})


SPELLINGS = [
    *(
        "a@x.com",
        "'a@x.com'",
        "mailto:a@x.com",
        '"Ada" a@x.com',
        "a@x.com (Ada)",
        "Ada <a@x.com>",
        " A@X.com",
    ),
    *('"a@x.com" <a@x.com>', "mailto:a@x.com?subject=1", "a@x.com, b@x.com", "c@x.com;d@x.com", "<a@x.com>"),
]


def found(rows: list[dict[str, str]], **options: Any) -> dict[str, int]:
    names = list(dict.fromkeys(name for each in rows for name in each))
    data = tools.csv_of([tuple(each.get(name, "") for name in names) for each in rows], names)
    return tools.outcome(data, tools.mapped_by(**options) if options else None).codes


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (crowd(2), False),
        (crowd(3), True),
        ([row(i, userId=f"x{i % 2}", email="ABC"[i % 3] + "@shop.example") for i in range(5)], True),
        ([row(i, userId="x", email="aA"[i % 2] + "@shop.example") for i in range(9)], False),
        ([row(i, userId=f"{i % 9}@shop.example", email=f"{i % 9}@shop.example") for i in range(99)], False),
        ([row(i, userId="e7", email_id="e7") for i in range(19)], False),
        ([row(i, userId="e7", email_id="e7") for i in range(20)], True),
        ([row(i, userId="c7", campaign_id="c7") for i in range(20)], True),
        ([row(i, userId=f"r{i}", campaign_run_id=f"r{i}") for i in range(20)], True),
        ([row(i, userId="e7" if i else "u", email_id="e7") for i in range(21)], True),
        ([row(i, userId="e7" if i > 1 else "u", email_id="e7") for i in range(39)], False),
        ([row(i, userId="e7" if i > 1 else "u", email_id="e7") for i in range(40)], True),
        ([row(i, userId="e7" if i % 50 else "u", email_id="e7") for i in range(4000)], True),
        ([row(i, userId="p@x.example" if i % 5 else "u") for i in range(250)], False),
        ([row(i, userId="p@x.example") for i in range(250)], True),
        ([row(i, userId="u", email=mail) for i, mail in enumerate(SPELLINGS)], False),
        (
            [row(i, userId="u", email=mail) for i, mail in enumerate([*SPELLINGS, "b@x.com", "'c@x.com'"])],
            True,
        ),
        (
            [row(i, userId="u", email=mail) for i, mail in enumerate(["o'brien@x.com", "d'brien@x.com"])],
            False,
        ),
        ([row(i, userId="u", email=f"o{i}'brien@x.com") for i in range(3)], True),
        ([row(i, userId="u", first=f"p{i}@x.com", mail2="b@x.com") for i in range(3)], True),
        ([row(i, userId=f"u{i}", first=f"p{i}@x.com", mail2=f"q{i % 3}@x.com") for i in range(9)], False),
        ([row(i, userId="u", recipient=f"p{i}@x.com", first="b@x.com") for i in range(3)], True),
        ([row(i, userId=f"p{i}@x.example", email_id=f"p{i}@x.example") for i in range(40)], False),
        ([row(i, userId="u" if i % 2 else f"u{i}") for i in range(200)], False),
        ([row(i, userId="u" if i % 2 or not i else f"u{i}") for i in range(200)], True),
        ([row(i, userId="u") for i in range(199)], False),
        ([row(i, userId="u") for i in range(200)], True),
    ],
)
def test_an_implausible_person_is_told_from_a_plausible_one(rows: list[dict[str, str]], said: bool) -> None:
    assert ("person-implausible" in found(rows)) is said
    assert "person-implausible" not in found(rows, allow_implausible=True)


def test_a_persons_own_address_may_have_most_of_the_rows(desk: Desk) -> None:
    """An export of one tester: many rows of one address are that person's."""
    rows = [row(i, userId="", email="me@x.example" if i % 5 else "you@x.example") for i in range(250)]
    told = desk.run("validate", put(desk, "export.csv", rows), "--user-id-from", "email", "--json")
    assert (codes(told.json), told.code) == ({}, 0)


@pytest.mark.parametrize("kind", ["ndjson", "json"])
@pytest.mark.parametrize("inside", [{"recipient": "p{}@x.example"}, {"a": {"mailbox": "P <p{}@x.example>"}}])
def test_addresses_inside_of_members_are_counted(desk: Desk, kind: str, inside: dict[str, Any]) -> None:
    rows: list[Any] = [row(i, userId="900") for i in range(5)]
    for i, each in enumerate(rows):
        each["data"] = json.loads(json.dumps(inside).replace("{}", str(i)))
    told = desk.run("validate", put(desk, f"export.{kind}", rows), "--json")
    assert told.json["problems"][0]["message"] == "one id has 5 different addresses, on 5 of 5 rows"
    for i, each in enumerate(rows):
        each["userId"] = f"u{i}"
    told = desk.run("validate", put(desk, f"export.{kind}", rows), "--json")
    assert "person-implausible" not in codes(told.json)


def test_who_maps_the_emails_id_to_the_person_is_told(desk: Desk) -> None:
    file = put(desk, "export.csv", [row(i, userId=f"u{i}", email_id=f"e{i % 3}") for i in range(20)])
    told = desk.run("validate", file, "--map", "userId=email_id", "--json")
    assert (codes(told.json)["person-implausible"], told.code) == (1, 1)


def test_what_no_file_shows_alone_all_files_together_show(desk: Desk) -> None:
    files = [
        put(desk, f"{day}.csv", [row(i + 100 * day, userId="u") for i in range(100)]) for day in range(2)
    ]
    told = desk.run("validate", *files, "--json")
    (problem,) = told.json["problems"]
    assert (problem["code"], problem["file"], problem["message"]) == (
        "person-implausible",
        None,
        "in all files together, one person has 200 of 200 rows",
    )


def test_each_event_of_a_profile_is_judged_alone(desk: Desk) -> None:
    rows = [row(i, userId=f"u{i % 60}", mail=f"m{i % 60}@x.example", owner="o1") for i in range(240)]
    for each in rows[:20]:
        each["event"] = "bounce"
    file = put(desk, "export.csv", rows)
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\ntimestamp = "timestamp"\nemail = "mail"\ncampaign_id = "campaign_id"\n'
        'email_id = "email_id"\n[[event]]\nname = "Email Opened"\nfields = { userId = "userId" }\n'
        'when = { column = "event", equals = "open" }\n[[event]]\nname = "Email Bounced"\n'
        'fields = { userId = "owner" }\nwhen = { column = "event", equals = "bounce" }\n'
    )
    told = desk.run("validate", file, "--profile", "p.toml", "--json")
    (problem,) = [each for each in told.json["problems"] if each["code"] == "person-implausible"]
    assert problem["message"] == "one id has 20 different addresses, on 20 of 20 rows"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(i, contact_id=f"k{i % 199}") for i in range(199)], False),
        ([row(i, contact_id=f"k{i % 159}") for i in range(200)], True),
        ([row(i, contact_id=f"k{i % 161}") for i in range(200)], False),
        ([row(i, email=f"k{i % 100}@x.example") for i in range(200)], True),
        ([row(i, contact_id=f"k{i % 9}", userId=f"u{i % 199}") for i in range(200)], False),
        ([row(i) for i in range(400)], False),
    ],
)
def test_ids_that_never_repeat_are_told_where_something_beside_them_does(
    rows: list[dict[str, str]], said: bool
) -> None:
    assert ("person-never-repeats" in found(rows)) is said


people = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["", "p", "q"]),
        st.sampled_from(["", "1@x.example", "2@x.example", "3@x.example", "4@x.example"]),
        st.integers(1, 90),
    ),
    min_size=1,
    max_size=8,
)


@tools.some
@given(people, st.integers(300, 4000), st.randoms())
def test_what_is_said_of_people_is_exact_whatever_the_chunks(
    groups: list[tuple[str, str, str, int]], chunk_bytes: int, dice: Any
) -> None:
    rows = [(user, person, address) for user, person, address, count in groups for _ in range(count)]
    dice.shuffle(rows)
    data = tools.csv_of(
        [("open", time(i), *each, "e", "c") for i, each in enumerate(rows)],
        ("event", "timestamp", "userId", "personId", "email", "email_id", "campaign_id"),
    )
    said = [
        [(p.rule.code, p.message) for p in tools.outcome(data, chunk_bytes=size).told]
        for size in (chunk_bytes, 1 << 16)
    ]
    assert said[0] == said[1]
    addresses: dict[str, set[str]] = {}
    for user, _, address in rows:
        addresses.setdefault(user, set()).update({address} - {""})
    crowded = [user for user, mails in addresses.items() if len(mails) >= 3]
    most = Counter(user for user, _, _ in rows).most_common(1)[0][1]
    heavy = len(rows) >= 200 and 2 * most > len(rows)
    messages = " ".join(message for code, message in said[0] if code == "person-implausible")
    assert ("different addresses" in messages) is bool(crowded)
    assert (f"one person has {most:,} of {len(rows):,} rows" in messages) is heavy


def test_counts_are_exact_beyond_what_is_held_in_memory() -> None:
    gathered, size = People(), 1_000
    for start in range(0, 60_000, size):
        numbers = range(start, start + size)
        users = ["boss" if n % 2 or n < 10 else f"u{n}" for n in numbers]
        mails = [f"m{n}@x.example" if n % 2 else "" for n in numbers]
        gathered.add("a.csv", Seen(0, users, [f"p{n % 7_000}" for n in numbers], mails))
    assert gathered.count() == (7_000, 29_996)
    (group,) = gathered.groups
    assert (group.rows, group.heaviest, group.crowded, group.most_addresses) == (60_000, 30_005, 1, 30_000)
    assert (group.crowded_rows, group.repeats) == (30_005, True)


def test_one_person_in_a_large_file_takes_no_memory() -> None:
    gathered = People()
    for _ in range(200):
        gathered.add("a.csv", Seen(0, ["boss"] * 1_000, ["p"] * 1_000))
    assert gathered.count() == (1, 1)
    assert gathered.whole.heaviest == 200_000


# --- texts -------------------------------------------------------------------------------------------


def test_a_damaged_text_is_told_once_a_column_with_its_line_and_the_encoding(desk: Desk) -> None:
    rows = [row(i, Colour="blue" if i < 2 else "grÃ¼n", campaign_name="l\ufffdst") for i in range(5)]
    file = put(desk, "export.csv", rows)
    told = desk.run("validate", file, "--json")
    said = {each["column"]: (each["line"], each["code"]) for each in told.json["problems"]}
    assert said == {"Colour": (4, "text-damaged"), "campaign_name": (2, "text-damaged")}
    assert codes(told.json) == {"text-damaged": 8}
    (desk.folder / "utf8.csv").write_text(
        (desk.folder / file).read_text().replace("grÃ¼n", "grün").replace("\ufffd", "a"), encoding="utf-8"
    )
    read = desk.run("validate", "utf8.csv", "--encoding", "latin-1", "--json")
    assert "--encoding utf-8" in read.json["problems"][0]["hint"]


@pytest.mark.parametrize(
    "text", ["Frühling", "NÃO", "“CAFÉ”", "«Â»", "Grüße \u2013 „Österreich“…", "São João™", "Привет", "日本"]
)
def test_sound_text_is_not_called_damaged(text: str) -> None:
    assert found([row(Colour=text, campaign_name=text)]) == {}


@given(
    st.text(
        st.characters(min_codepoint=0xA1, max_codepoint=0x17F, exclude_categories=["Cf"]),
        min_size=3,
        max_size=9,
    )
)
def test_text_decoded_twice_is_found(text: str) -> None:
    twice = text.encode().decode("latin-1")
    if sum("\u00c0" <= char <= "\u00ff" for char in text) >= 1:
        tail = {char.encode()[1] for char in text if "\u00c0" <= char <= "\u00ff"}
        told = "text-damaged" in found([row(campaign_name=twice)])
        assert told or tail <= {0x85, 0x92, 0x94, 0x96, 0x97, 0xBB}


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u3000"])
def test_any_space_of_unicode_in_a_time_is_a_space(desk: Desk, space: str) -> None:
    file = put(desk, "export.csv", [row(timestamp=f"3/14/2024, 8:00:00{space}AM")])
    form = ("--timezone", "UTC", "--timestamp-format", "%m/%d/%Y, %I:%M:%S %p")
    assert desk.run("validate", file, *form).code == 0
    assert (
        desk.run("validate", put(desk, "iso.csv", [row(timestamp=f"2024-03-14{space}08:00:00Z")])).code == 0
    )


def test_a_character_nobody_sees_is_named_wherever_it_decides(desk: Desk) -> None:
    rows = [
        row(event="Email Opened\u200b"),
        row(1, event="Odd\U000e0069"),
        row(2, timestamp="\u200e2024-03-01T09:30:00Z"),
    ]
    told = desk.run("validate", put(desk, "export.csv", rows), "--json", "--show-values")
    said = {each["code"]: each["message"] for each in told.json["problems"]}
    assert "U+200B (zero width space) as character 13 of 13" in said["invisible-character"]
    assert "U+E0069" in said["event-unknown"]
    assert "U+200E" in said["timestamp-unreadable"]
    assert "\U000e0069" not in told.out
    assert "\U000e0069" not in desk.run("validate", "export.csv", "--show-values").out


def test_a_real_rehearsal_of_plausible_people_goes_through(desk: Desk) -> None:
    file = put(
        desk, "export.csv", [row(i, userId=f"u{i % 90}", email=f"m{i % 90}@x.example") for i in range(300)]
    )
    done = desk.run("backfill", file, "--rehearse", "--json", *FAST)
    assert (done.code, done.json["events"]["accepted"], codes(done.json)) == (0, 300, {})
