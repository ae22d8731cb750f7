"""Which cells a terminal shows, and which it masks; a pipe, a CI and reports mask all."""

from pathlib import Path

import pytest
from command_support import Desk, on_terminal
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.reporting.masking import NOTE, ends, without_query

HEADER = (
    "event,userId,email,ip,user_agent,timestamp,email_id,campaign_id,campaign_name,email_subject,email_link_url,"
    "is_unique_open,Plan,First Name,Remarks,Phone,Score"
)
OPEN = (
    "em-7",
    "cmp-9",
    "Spring Launch",
    "Hello spring",
    "Email Sent",
    "Sent",
    "05.03.24 8 Uhr",
    "maybe",
    "premium",
)
CLOSED = (
    "user-10023",
    "anna.karlsson",
    "10.20.30.",
    "Mozilla/5.0",
    "Anastasia",
    "gift for",
    "+49 170",
    "token=",
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.delenv("CI", raising=False)
    desk = Desk.at(tmp_path, monkeypatch)
    rows = [
        f"{('Email Opened', 'Email Sent', 'Sent')[i % 3]},user-10023{i},anna.karlsson{i}@example.com,10.20.30.{i},"
        f"Mozilla/5.0 (X{i}),{'2024-03-01T08:00:00Z' if i % 5 else '05.03.24 8 Uhr'},em-7,cmp-9,Spring Launch,"
        f"Hello spring,https://shop.example.com/sale?token={i},{'true' if i % 7 else 'maybe'},premium,Anastasia,"
        f"gift for {i},+49 170 99887{i:02},{i}.5"
        for i in range(60)
    ]
    desk.file("m.csv", *rows, header=HEADER)
    return desk


@pytest.mark.usefixtures("desk")
def test_inspect_on_a_terminal_shows_what_happened_and_never_who_it_was() -> None:
    code, said = on_terminal("inspect", "m.csv")
    assert code == 0
    assert [text for text in OPEN if f"“{text}”" not in said] == []
    assert [text for text in CLOSED if text in said] == []
    assert "“https://shop.example.com/sale?…”" in said
    assert "“us…30”" in said
    assert "“an…@example.com”" in said
    assert said.count(NOTE) == 1


@pytest.mark.usefixtures("desk")
def test_validate_on_a_terminal_shows_the_event_the_time_and_the_flag() -> None:
    code, said = on_terminal("validate", "m.csv")
    assert code == 1
    shown = ("“Sent”", "“Email Sent”", "“05.03.24 8 Uhr”", "“maybe”")
    assert [text for text in shown if text not in said] == []
    assert [text for text in CLOSED if text in said] == []


PROFILE = """profile = 1
[fields]
event = "event"
userId = "userId"
email_id = "email_id"
campaign_id = "campaign_id"
timestamp = "timestamp"
[properties]
plan = { column = "Plan", values = { free = "free", team = "team", partner = "partner" }, otherwise = "reject" }
score = { column = "Score", type = "number" }
flag = { column = "Flag", type = "boolean" }
note = { column = "Note", type = "number" }
"""


def test_a_wrong_number_flag_or_shared_value_is_shown_and_a_free_text_is_not(desk: Desk) -> None:
    wrong = {20: "1.5x", 30: "maybe", 40: "parner", 50: "gift for Anna"}
    rows = [
        f"Email Opened,u{i},e1,c1,2024-03-01T09:{i:02}:00Z,{wrong[i] if i == 40 else ('free', 'team')[i % 2]},"
        f"{wrong[i] if i == 20 else f'{i}.5'},{wrong[i] if i == 30 else ('yes', 'no')[i % 2]},"
        f"{wrong[i] if i == 50 else f'{10_023 + i}'}"
        for i in range(60)
    ]
    desk.file("p.csv", *rows, header="event,userId,email_id,campaign_id,timestamp,Plan,Score,Flag,Note")
    (desk.folder / "p.toml").write_text(PROFILE, encoding="utf-8")
    _, said = on_terminal("validate", "p.csv", "--profile", "p.toml")
    assert [text for text in ("“1.5x”", "“maybe”", "“parner”") if text not in said] == []
    assert "“gi…na”" in said
    out = desk.run("validate", "p.csv", "--profile", "p.toml").out
    assert [text for text in wrong.values() if text in out] == []


def test_a_person_s_id_is_masked_on_a_terminal_and_the_option_is_named_once(desk: Desk) -> None:
    rows = [f"Email Opened,customer {i} x@y,,e1,c1,2024-03-01T00:00:00Z" for i in range(3)]
    desk.file("p.csv", "Email Opened,undefined,,e1,c1,2024-03-01T00:00:00Z", *rows)
    _, said = on_terminal("validate", "p.csv")
    assert "“un…ed”" in said
    assert "“undefined”" not in said
    assert said.count("--show-values") == 1
    _, said = on_terminal("validate", "p.csv", "--show-values")
    assert "“undefined”" in said
    assert NOTE not in said


@pytest.mark.parametrize("command", ["inspect", "validate"])
@pytest.mark.parametrize("how", ["pipe", "ci", "json", "report"])
def test_pipes_ci_json_and_reports_mask_every_cell(
    how: str, command: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true" if how == "ci" else "")
    if how == "pipe":
        said = desk.run(command, "m.csv").out
    elif how == "json":
        said = on_terminal(command, "m.csv", "--json")[1]
    elif how == "report" and command == "validate":
        on_terminal(
            command, "m.csv", "--report", "text=r.txt", "--report", "sarif=r.sarif", "--report", "github=g"
        )
        said = "".join((desk.folder / name).read_text(encoding="utf-8") for name in ("r.txt", "r.sarif", "g"))
    else:
        monkeypatch.setenv("CI", "1")
        said = on_terminal(command, "m.csv")[1]
    # An event's name that many rows share is in the list of events of any inspection.
    names = ("“Sent”",) if command == "validate" else ()
    assert [
        text for text in (*names, "05.03.24", "“maybe”", "“Spring Launch”", *CLOSED) if text in said
    ] == []
    assert "99.99.99 9 xxx" in said


def test_a_column_that_is_judged_personal_is_masked_whatever_field_it_is(desk: Desk) -> None:
    header = "First Name,userId,timestamp,email_id,campaign_id"
    desk.file("n.csv", *[f"Anastasia,u{i},2024-03-01T00:00:00Z,e1,c1" for i in range(30)], header=header)
    _, said = on_terminal("validate", "n.csv", "--map", "event=First Name")
    assert "Anastasia" not in said
    assert "“An…ia”" in said


def test_an_address_in_an_open_field_is_masked(desk: Desk) -> None:
    desk.file("a.csv", *["anna.k@example.com,u1,,e1,c1,2024-03-01T00:00:00Z"] * 30)
    for command in ("validate", "inspect"):
        said = on_terminal(command, "a.csv")[1]
        assert "anna.k" not in said
        assert "“an…@example.com”" in said


@pytest.mark.parametrize(
    ("rows", "values", "is_shown"), [(1000, 50, True), (1000, 51, False), (999, 50, False), (60, 3, True)]
)
def test_a_free_column_is_shown_up_to_fifty_values_of_twenty_rows_each(
    rows: int, values: int, is_shown: bool, desk: Desk
) -> None:
    lines = [
        f"Email Opened,u{i},2024-03-01T00:00:00Z,e1,c1,word number {chr(97 + i % values % 26)}{i % values}"
        for i in range(rows)
    ]
    desk.file("f.csv", *lines, header="event,userId,timestamp,email_id,campaign_id,Tier")
    assert ("word number" in on_terminal("inspect", "f.csv")[1]) is is_shown


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://a.example/p/q?u=1#x", "https://a.example/p/q?…"),
        ("https://a.example/p#anna", "https://a.example/p#…"),
        ("https://anna:pw@a.example/p", "https://a.example/p"),
        ("https://a.example/anna@example.com", None),
        ("https://a.example/anna%40example.com", None),
        ("mailto:anna@example.com", None),
        ("https://[", None),
    ],
)
def test_of_a_link_the_query_is_left_out(link: str, shown: str | None) -> None:
    assert without_query(link) == shown


letters = st.text("abcxyzABC", min_size=1, max_size=12)
middles = st.text("abc123 +-_.:/", min_size=5, max_size=20)


@given(st.text("abc12", min_size=2, max_size=2), middles, middles, st.text("abc12", min_size=2, max_size=2))
def test_nothing_between_the_ends_of_a_masked_cell_is_seen(
    before: str, one: str, other: str, after: str
) -> None:
    assert ends(f"{before}{one}{after}") == ends(f"{before}{other}{after}")


@given(st.lists(st.sampled_from("aB3-"), max_size=8), st.lists(st.sampled_from("aB3-"), max_size=8))
def test_of_a_short_masked_cell_only_its_shape_is_seen(one: list[str], other: list[str]) -> None:
    shapes = [["9" if each == "3" else "-" if each == "-" else "x" for each in cell] for cell in (one, other)]
    assert (ends("".join(one)) == ends("".join(other))) is (shapes[0] == shapes[1])


@given(letters, letters)
def test_of_a_masked_address_two_characters_and_the_domain_are_seen(one: str, other: str) -> None:
    assert ends(f"ab{one}@example.com") == ends(f"ab{other}@example.com") == "“ab…@example.com”"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("anna@example.com", "“an…@example.com”"),
        ("an@example.com", "“…@example.com”"),
        ("12345678", "“99999999”"),
        ("123456789", "“12…89”"),
        ("user 4711 x", "“us… x”"),
        ("\u202fab cdefgh\u202ex", "“ab…\\u202ex”"),
    ],
)
def test_ends_tell_two_cells_apart(value: str, said: str) -> None:
    assert ends(value) == said
