"""What a profile can express: several columns, parts of texts, lookup tables, members of two shapes."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, rows_balance, to

from inflection_cli import SandboxSettings, serve_sandbox
from inflection_cli.converting.lookup_tables import with_tables
from inflection_cli.errors import InputError
from inflection_cli.mapping.profile.profile_file import read_profile


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def sent(desk: Desk, file: str, text: str, profile: str, *words: str) -> list[dict[str, Any]]:
    """The messages of a file's text by a profile's; the run has to be in order."""
    Path(file).write_text(text, encoding="utf-8")
    Path("p.toml").write_text("profile = 1\n" + profile, encoding="utf-8")
    done = desk.run(
        "backfill", file, "--profile", "p.toml", "--dry-run", "--out", "m.ndjson", "--json", *words
    )
    assert done.code == 0, done.out
    assert rows_balance(done.json)
    return desk.messages("m.ndjson")


CATEGORY = (
    '{"event":"open","timestamp":1700000000,"uid":"u1","category":"promo"}\n'
    '{"event":"open","timestamp":1700000001,"uid":"u2","category":["promo","x"]}\n'
    '{"event":"open","timestamp":1700000002,"uid":"u3","category":17}\n'
)
OPENED = '{"event":"open","timestamp":1700000000,"uid":"u1"}\n'
OPENS = '[fields]\nevent = "event"\ntimestamp = "timestamp"\nuserId = "uid"\n'


# --- case 17 -------------------------------------------------------------------------------------


def test_a_member_that_is_text_here_and_a_list_there_is_read_by_two_columns(desk: Desk) -> None:
    found = sent(
        desk, "p.ndjson", CATEGORY, OPENS + 'campaign_id = { columns = ["category.0", "category"] }\n'
    )
    assert [each["properties"]["campaign_id"] for each in found] == ["promo", "promo", "17"]


def test_a_path_into_a_bare_text_of_json_finds_nothing(desk: Desk) -> None:
    found = sent(desk, "p.ndjson", CATEGORY, OPENS + 'campaign_id = "category.0"\nemail_id = "uid"\n')
    assert [each["properties"].get("campaign_id") for each in found] == [None, "promo", None]


def test_a_text_that_begins_as_json_and_is_broken_is_still_told(desk: Desk) -> None:
    Path("p.ndjson").write_text(CATEGORY.replace('"promo"}', '"[1"}'))
    Path("p.toml").write_text("profile = 1\n" + OPENS + 'campaign_id = "category.0"\n')
    told = desk.run("validate", "p.ndjson", "--profile", "p.toml", "--json").json
    assert [each["code"] for each in told["problems"] if each["line"] == 1] == ["json-cell-invalid"]


def test_a_cell_of_csv_that_is_no_json_is_still_told(desk: Desk) -> None:
    Path("p.csv").write_text("event,timestamp,uid,category\nopen,1700000000,u1,promo\n")
    Path("p.toml").write_text("profile = 1\n" + OPENS + 'campaign_id = "category.0"\n')
    told = desk.run("validate", "p.csv", "--profile", "p.toml", "--json").json
    assert [each["code"] for each in told["problems"] if each["line"]] == ["json-cell-invalid"]


# --- conditions on several columns ---------------------------------------------------------------

WRAPPED = (
    '{"data":{"event":"open","bot":"x"},"timestamp":1700000000,"uid":"u1"}\n'
    '{"event":"open","bot":"","timestamp":1700000001,"uid":"u2"}\n'
    '{"data":{"event":"open"},"timestamp":1700000002,"uid":"u3"}\n'
    '{"event":"sent","timestamp":1700000003,"uid":"u4"}\n'
)
NAMED = '[fields]\ntimestamp = "timestamp"\nuserId = "uid"\n[[event]]\nname = "Email Opened"\n'


@pytest.mark.parametrize(
    ("test", "people"),
    [
        ('{ columns = ["data.event", "event"], equals = "open" }', ["u1", "u2", "u3"]),
        ('{ columns = ["data.event", "event"], not_equals = "open" }', ["u4"]),
        ('{ columns = ["data.bot", "bot"], filled = true }', ["u1"]),
        ('{ columns = ["data.bot", "bot"], filled = false }', ["u2", "u3", "u4"]),
    ],
)
def test_a_condition_tests_the_first_filled_of_several_columns(
    desk: Desk, test: str, people: list[str]
) -> None:
    found = sent(desk, "p.ndjson", WRAPPED, f"{NAMED}when = {test}\n")
    assert [each["userId"] for each in found] == people


def test_a_condition_has_one_column_or_several(desk: Desk) -> None:
    Path("p.ndjson").write_text(WRAPPED)
    test = 'when = { column = "event", columns = ["event"], filled = true }\n'
    Path("p.toml").write_text("profile = 1\n" + NAMED + test)
    done = desk.run("validate", "p.ndjson", "--profile", "p.toml")
    assert done.code == 2
    assert "event[1].when: has column and columns; keep one of the two" in done.err


# --- case 18 -------------------------------------------------------------------------------------

TWO = (
    "event,when,Email,Recipient,c\nopen,2024-03-01T10:00:00Z,a@x.example,,k\n"
    "open,2024-03-01T10:00:00Z, ,b@x.example,k\n"
)
BY_EMAIL = (
    '[fields]\nevent = "event"\ntimestamp = "when"\ncampaign_id = "c"\n'
    'email = { columns = ["Email", "Recipient"] }\n[columns]\nothers = "drop"\n[options]\nuser_id_from = "email"\n'
)


def test_the_first_filled_of_several_columns_is_a_field(desk: Desk) -> None:
    found = sent(desk, "t.csv", TWO, BY_EMAIL)
    assert [each["userId"] for each in found] == ["a@x.example", "b@x.example"]


def test_both_columns_are_told_as_the_fields_sources(desk: Desk) -> None:
    sent(desk, "t.csv", TWO, BY_EMAIL)
    (file,) = desk.run("validate", "t.csv", "--profile", "p.toml", "--json").json["files"]
    assert file["columns"]["Email"] == file["columns"]["Recipient"] == "email"


@pytest.mark.parametrize("name", ["event", "userId", "email_id", "campaign_run_id", "email_link_url", "ip"])
def test_every_field_takes_several_columns_and_changes_the_one_that_counts(desk: Desk, name: str) -> None:
    rows = "event,ts,u,x,y,z\nclick,2024-03-01T10:00:00Z,u1,,b,\nclick,2024-03-01T10:01:00Z,u2,a,b,c\n"
    fields = {"event": '"event"', "timestamp": '"ts"', "userId": '"u"'}
    fields[name] = (
        '{ columns = ["x", "y"], values = { "b" = "open" } }'
        if name == "event"
        else ('{ columns = ["x", "y"], values = { "b" = "B2" } }')
    )
    text = rows.replace(",a,", ",open,") if name == "event" else rows
    found = sent(desk, "t.csv", text, "[fields]\n" + "".join(f"{k} = {v}\n" for k, v in fields.items()))
    flat = [json.dumps(each) for each in found]
    assert ("Email Opened" if name == "event" else '"B2"') in flat[0]
    assert ("Email Opened" if name == "event" else '"a"') in flat[1]


def test_an_export_may_lack_some_of_several_columns_and_not_all(desk: Desk) -> None:
    text = "event,when,Recipient,c\nopen,2024-03-01T10:00:00Z,b@x.example,k\n"
    assert sent(desk, "t.csv", text, BY_EMAIL)[0]["userId"] == "b@x.example"
    refused = desk.run(
        "validate",
        desk.file("n.csv", "open,2024-03-01T10:00:00Z,k", header="event,when,c"),
        "--profile",
        "p.toml",
    )
    assert refused.code == 4
    assert "“Email”" in refused.err
    assert "“Recipient”" in refused.err


def test_a_property_takes_several_columns_too_and_keeps_the_type(desk: Desk) -> None:
    text = '{"event":"open","timestamp":1700000000,"uid":"u1","b":["x",{"y":1.50}]}\n'
    profile = OPENS + '[properties]\ntags = { columns = ["a", "b"] }\n'
    sent(desk, "t.ndjson", text, profile)
    assert '"tags":["x",{"y":1.50}]' in Path("m.ndjson").read_text()


# --- parts of texts (case 23) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "cell", "found"),
    [
        ('split = ":", take = 1, prefix = "c"', "c59667:t93849:x", "59667"),
        ('split = ":", take = -1', "c59667:t93849:x", "x"),
        ('split = ".", take = 1', "14c5d75ce93.dfd.64b469.filter", "14c5d75ce93"),
        ('prefix = "<", suffix = ">"', "<a-b>", "a-b"),
        ('prefix = "x", otherwise = "keep"', "a-b", "a-b"),
        ('prefix = "x", otherwise = "empty"', "a-b", None),
        ('split = ":", take = 2, values = { "t" = "T" }', " c:t ", "T"),
        ('prefix = "ab", suffix = "bc", otherwise = "empty"', "abc", None),
    ],
)
def test_a_part_of_a_text_is_taken_by_a_fixed_pattern(
    desk: Desk, rule: str, cell: str, found: str | None
) -> None:
    text = f"event,timestamp,uid,k\nopen,1700000000,u1,{cell}\n"
    message = sent(
        desk, "t.csv", text, OPENS + f'email_id = "uid"\ncampaign_id = {{ column = "k", {rule} }}\n'
    )[0]
    assert message["properties"].get("campaign_id") == found


def test_a_text_that_the_pattern_does_not_fit_is_rejected_unless_said_otherwise(desk: Desk) -> None:
    Path("t.csv").write_text("event,timestamp,uid,k\nopen,1700000000,u1,17\n")
    Path("p.toml").write_text("profile = 1\n" + OPENS + 'campaign_id = { column = "k", prefix = "c" }\n')
    told = desk.run("validate", "t.csv", "--profile", "p.toml", "--json").json
    (problem,) = (each for each in told["problems"] if each["line"])
    assert (problem["code"], problem["line"], problem["column"]) == ("pattern-misfit", 2, "k")
    assert 'otherwise = "keep"' in problem["hint"]


# --- lookup tables (case 20) ---------------------------------------------------------------------

ACTIVITY = "action,ts,cid,person\nopen,2024-03-01T10:00:00Z,c1,u1\nclick,2024-03-01T10:01:00Z,c2,u2\n"
CAMPAIGNS = "id,title,sent\nc1,Spring,2024-02-01T00:00:00Z\nc2,Summer,2024-02-02T00:00:00Z\n"
JOINED = (
    '[lookup.campaigns]\nfile = "campaign.csv"\nkey = "id"\nby = "cid"\n'
    '[fields]\nevent = "action"\ntimestamp = "ts"\nuserId = "person"\ncampaign_id = "cid"\nemail_id = "cid"\n'
    'campaign_name = "campaigns.title"\n[properties]\nsent = "campaigns.sent"\n'
)


@pytest.mark.parametrize("name", ["campaign.csv", "campaign.ndjson"])
def test_a_lookup_table_adds_the_columns_of_another_file(desk: Desk, name: str) -> None:
    rows = [line.split(",") for line in CAMPAIGNS.splitlines()]
    records = "".join(json.dumps(dict(zip(rows[0], row, strict=True))) + "\n" for row in rows[1:])
    Path(name).write_text(CAMPAIGNS if name.endswith("csv") else records)
    found = sent(desk, "a.csv", ACTIVITY, JOINED.replace("campaign.csv", name))
    assert [each["properties"]["campaign_name"] for each in found] == ["Spring", "Summer"]
    assert found[1]["properties"]["sent"] == "2024-02-02T00:00:00Z"


def test_a_looked_up_column_is_a_time_a_condition_and_one_of_several_columns(desk: Desk) -> None:
    Path("campaign.csv").write_text(CAMPAIGNS)
    profile = JOINED.replace('event = "action"\ntimestamp = "ts"\n', "") + (
        '[[event]]\nname = "Email Delivered"\ntimestamp = "campaigns.sent"\n'
        'when = { column = "campaigns.title", equals = "Summer" }\n'
        'properties.label = { columns = ["campaigns.title", "cid"], prefix = "S" }\n'
    )
    (message,) = sent(desk, "a.csv", ACTIVITY, profile)
    assert (message["timestamp"], message["properties"]["label"]) == ("2024-02-02T00:00:00.000Z", "ummer")


@pytest.mark.parametrize(
    ("otherwise", "code", "problems"),
    [("warn", 0, ["lookup-key-missing"]), ("reject", 1, ["lookup-key-unknown"]), ("empty", 0, [])],
)
def test_a_key_that_the_table_lacks_is_told_with_its_line(
    desk: Desk, otherwise: str, code: int, problems: list[str]
) -> None:
    Path("campaign.csv").write_text(CAMPAIGNS.replace("c2,", "c3,"))
    Path("a.csv").write_text(ACTIVITY)
    text = JOINED.replace('by = "cid"\n', f'by = "cid"\notherwise = "{otherwise}"\n')
    Path("p.toml").write_text("profile = 1\n" + text)
    told = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert told.code == code
    found = [(each["code"], each["line"], each["column"]) for each in told.json["problems"] if each["line"]]
    assert found == [(problem, 3, "cid") for problem in problems]


def test_keys_that_are_there_twice_are_told_with_their_lines(desk: Desk) -> None:
    Path("campaign.csv").write_text(CAMPAIGNS + "c1,Autumn,\nc2,Summer,2024-02-02T00:00:00Z\nc2,Winter,\n")
    Path("a.csv").write_text(ACTIVITY)
    Path("p.toml").write_text("profile = 1\n" + JOINED)
    told = desk.run("validate", "a.csv", "--profile", "p.toml")
    assert told.code == 4
    assert (
        "campaign.csv: [lookup.campaigns] has 2 keys twice, with different cells: lines 2 and 4; 3 and 6"
        in told.err
    )


@pytest.mark.usefixtures("desk")
def test_a_table_that_is_too_large_is_refused_and_memory_is_bounded() -> None:
    Path("campaign.csv").write_text("id,title\n" + "".join(f"c{i},{'x' * 50}\n" for i in range(100)))
    Path("p.toml").write_text("profile = 1\n" + JOINED.replace('"campaigns.sent"', '"campaigns.title"'))
    profile = read_profile("p.toml", {})
    assert len(with_tables(profile, {}, most_chars=100 * 300).tables["campaigns"].rows) == 100
    with pytest.raises(InputError, match="too large to be held in memory"):
        with_tables(profile, {}, most_chars=100 * 200)


def test_lookup_names_the_file_of_a_table(desk: Desk) -> None:
    Path("b").mkdir()
    Path("b/c.csv").write_text(CAMPAIGNS)
    text = JOINED.replace('file = "campaign.csv"\n', "")
    assert (
        sent(desk, "a.csv", ACTIVITY, text, "--lookup-file", "campaigns=b/c.csv")[0]["properties"][
            "campaign_name"
        ]
        == "Spring"
    )
    for words, code, message in [
        ((), 2, "[lookup.campaigns] names no file"),
        (("--lookup-file", "campaing=b/c.csv"), 2, "did you mean --lookup-file campaigns=FILE?"),
        (("--lookup-file", "campaigns=nope.csv"), 4, "nope.csv"),
    ]:
        refused = desk.run("validate", "a.csv", "--profile", "p.toml", *words)
        assert (refused.code, message in refused.err) == (code, True), refused.err


def test_a_profile_names_no_file_outside_its_folder(desk: Desk) -> None:
    Path("sub").mkdir()
    Path("sub/p.toml").write_text("profile = 1\n" + JOINED.replace('"campaign.csv"', '"../campaign.csv"'))
    Path("campaign.csv").write_text(CAMPAIGNS)
    Path("a.csv").write_text(ACTIVITY)
    refused = desk.run("validate", "a.csv", "--profile", "sub/p.toml")
    assert refused.code == 2
    assert "leads out of the profile's folder" in refused.err


def test_a_column_that_the_table_lacks_is_told_with_the_nearest(desk: Desk) -> None:
    Path("campaign.csv").write_text(CAMPAIGNS)
    Path("a.csv").write_text(ACTIVITY)
    Path("p.toml").write_text("profile = 1\n" + JOINED.replace("campaigns.title", "campaigns.titel"))
    refused = desk.run("validate", "a.csv", "--profile", "p.toml")
    assert refused.code == 4
    assert "did you mean “title”?" in refused.err


def test_a_run_is_verified_only_with_the_table_that_it_had(desk: Desk) -> None:
    Path("campaign.csv").write_text(CAMPAIGNS)
    Path("a.csv").write_text(ACTIVITY)
    Path("p.toml").write_text("profile = 1\n" + JOINED)
    with serve_sandbox(SandboxSettings()) as sandbox:
        words = to(sandbox.url, "--map", "email_link_url=cid")
        assert desk.run("backfill", "a.csv", "--profile", "p.toml", *words).code == 0
    assert desk.run("runs", "verify", "a.csv", "--run", "last").code == 0
    Path("campaign.csv").write_text(CAMPAIGNS.replace("Spring", "Autumn"))
    changed = desk.run("runs", "verify", "a.csv", "--run", "last")
    assert changed.code == 2
    assert "lookup table" in changed.err


def test_items_of_a_list_are_changed_as_those_of_a_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "salt")
    rows = OPENED.replace("}\n", ',"to":["ada@x.example","bob@x.example"]}\n') + OPENED.replace(
        "}\n", ',"to":"ada@x.example; bob@x.example"}\n'
    ).replace("17000", "17001")
    profile = OPENS + (
        '[properties]\nto = { column = "to", separator = ";", hash = "sha256", salt_env = "INFL_SEG_SALT" }\n'
        'at = { column = "to", separator = ";", split = "@", values = { ada = "A" } }\n'
        'as_is = { column = "to", separator = ";" }\n'
    )
    found = [each["properties"] for each in sent(desk, "p.ndjson", rows, profile)]
    hashes = [sha256(f"salt{name}@x.example".encode()).hexdigest() for name in ("ada", "bob")]
    assert found == [{"to": hashes, "at": ["A", "bob"], "as_is": ["ada@x.example", "bob@x.example"]}] * 2


def test_a_list_in_json_within_a_cell_of_csv_is_no_text_to_be_split(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "salt")
    csv = "event,timestamp,uid,to\n" + "".join(
        f"open,170000000{at},u1,{cell}\n"
        for at, cell in enumerate(
            (
                '"[""a;b@x.example"", ""c@x.example""]"',
                "a@x.example; c@x.example",
                "[a@x.example;c@x.example]",
            )
        )
    )
    profile = OPENS + (
        '[properties]\nto = { column = "to", separator = ";", hash = "sha256", salt_env = "INFL_SEG_SALT" }\n'
        'as_is = { column = "to", separator = ";" }\n'
    )
    found = [each["properties"] for each in sent(desk, "p.csv", csv, profile)]
    items = (
        ["a;b@x.example", "c@x.example"],
        ["a@x.example", "c@x.example"],
        ["[a@x.example", "c@x.example]"],
    )
    assert [each["as_is"] for each in found] == list(items)
    hashes = [[sha256(f"salt{item}".encode()).hexdigest() for item in row] for row in items]
    assert [each["to"] for each in found] == hashes


def test_null_spellings_of_a_lookup_table_are_empty_and_counted(desk: Desk) -> None:
    Path("c.csv").write_text("id,title,owner\nu1,NULL,ada\n")
    profile = OPENS + (
        'campaign_name = { columns = ["c.title", "c.owner"] }\n[properties]\ntitle = "c.title"\n'
        '[input]\nnull = "NULL"\n[lookup.c]\nfile = "c.csv"\nkey = "id"\nby = "uid"\n'
    )
    assert [each["properties"] for each in sent(desk, "p.ndjson", OPENED, profile)] == [
        {"campaign_name": "ada"}
    ]
    told = desk.run("validate", "p.ndjson", "--profile", "p.toml", "--json").json
    assert told["files"][0]["emptied"] == {"title of c.csv": 1}


# --- a table that is a list in each record -------------------------------------------------------

LISTED = (
    '[input]\nrecords = ".rows?"\n[lookup.kinds]\nlist = "^.kinds"\nkey = "ref.id"\nby = "kind"\n{more}'
    '[fields]\nevent = "kinds.name"\ntimestamp = "timestamp"\nuserId = "uid"\n'
)
OF_TWO = [{"ref": {"id": 7}, "name": "open"}, {"ref": {"id": "k2"}, "name": "click"}]


def page_of(*kinds: Any, table: Any = OF_TWO) -> str:
    rows = [
        {"kind": kind, "timestamp": 1700000000 + number, "uid": f"u{number}"}
        for number, kind in enumerate(kinds)
    ]
    return json.dumps({"rows": rows, "kinds": table}) + "\n"


def test_a_list_in_the_outer_record_is_a_table_for_its_rows(desk: Desk) -> None:
    other = [{"ref": {"id": 7}, "name": "bounce"}]
    lines = page_of(7, "k2", " k2 ") + page_of("7", table=other)
    found = sent(desk, "a.ndjson", lines, LISTED.format(more=""))
    assert [each["event"] for each in found] == [
        *("Email Opened", "Link Clicked", "Link Clicked", "Email Bounced")
    ]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("k3", OF_TWO),
        ("k2", [*OF_TWO, {"ref": {"id": "k2"}, "name": "open"}]),
        ("k2", [{"ref": "k2", "name": "open"}]),
        ("k2", [{"ref": {"id": "k2"}}]),
        ("k2", "k2"),
        ("k2", None),
    ],
)
@pytest.mark.parametrize("otherwise", ["warn", "reject", "empty"])
def test_a_key_that_a_list_lacks_or_has_twice_is_told_as_of_a_file(
    desk: Desk, kind: str, table: Any, otherwise: str
) -> None:
    Path("a.ndjson").write_text(page_of(7) + page_of(kind, table=table), encoding="utf-8")
    text = LISTED.format(more=f'otherwise = "{otherwise}"\n')
    Path("p.toml").write_text(f"profile = 1\n{text}", encoding="utf-8")
    report = desk.run("validate", "a.ndjson", "--profile", "p.toml", "--json").json
    assert (report["by_event"], report["rows"]["rejected"]) == ({"Email Opened": 1}, 1)
    told = {"warn": ["lookup-key-missing", "event-missing"], "reject": ["lookup-key-unknown"]}
    wanted = told.get(otherwise, ["event-missing"])
    assert {each["code"] for each in report["problems"]} - {"campaign-id-missing"} == {*wanted}
    assert {each["line"] for each in report["problems"] if each["code"] in wanted} == {2}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('file = "c.csv"\nby = "kind"\n', "a table is a file or a list; keep one of them"),
        ("", "does not say which column holds the key of an item"),
    ],
)
def test_a_table_is_a_file_or_a_list_with_a_key(desk: Desk, more: str, fault: str) -> None:
    Path("p.toml").write_text(f'profile = 1\n[lookup.k]\nlist = "^.k"\nkey = "id"\n{more}{OPENS}')
    assert fault in desk.run("check-profile", "p.toml").err


def test_no_file_can_be_named_for_a_table_that_is_a_list(desk: Desk) -> None:
    Path("a.ndjson").write_text(page_of(7), encoding="utf-8")
    Path("p.toml").write_text("profile = 1\n" + LISTED.format(more=""), encoding="utf-8")
    refused = desk.run("validate", "a.ndjson", "--profile", "p.toml", "--lookup-file", "kinds=a.ndjson")
    assert refused.code == 2
    assert "has no table [lookup.kinds] of a file" in refused.err


def test_objects_with_and_without_the_list_stand_in_one_file(desk: Desk) -> None:
    bare = OPENED + '{"event":"open","timestamp":1700000009,"uid":"u2","rows":"x"}\n'
    within = '{"rows":[{"event":"click","timestamp":1700000000,"uid":"u3"}]}\n{"rows":[]}\n'
    found = sent(desk, "a.ndjson", bare + within, f'[input]\nrecords = ".rows?"\n{OPENS}')
    assert [(each["event"], each["userId"]) for each in found] == [
        *(("Email Opened", "u1"), ("Email Opened", "u2"), ("Link Clicked", "u3"))
    ]
