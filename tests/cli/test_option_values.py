"""All options of all commands, with each kind of wrong value: never a send, always the name and a right example."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from command_support import KEY, Desk, Result, opened
from option_support import FLAGS, PLACES, SENDS, VALUES, WORDS, Place, commands, names_in

from inflection_cli.cli.app import _parser
from inflection_cli.cli.command_class import Command
from inflection_cli.cli.option_check import LONGEST_VALUE
from inflection_cli.cli.options import example_of
from inflection_cli.sandbox import Sandbox, serve
from inflection_cli.settings.declarations import ALL_OPTIONS
from inflection_cli.settings.layering import OPTION_NAMES, SHORT_NAMES, names_an_option

MESSAGE = (
    '{"type":"track","messageId":"m1","event":"Email Opened","userId":"u1",'
    '"timestamp":"2024-03-01T09:30:00Z","properties":{}}\n'
)
GOES_WITH = {
    "--session-id": ["--check", "freshsuccess"],
    "--table": ["--format", "sql"],
    "--lookup-file": ["--profile", "lookup.toml"],
}
"""What an option is refused without."""

MADE_BY_EXAMPLES = {
    "export.profile.toml",
    "campaign.csv",
    "lookup.toml",
    "key.txt",
    "profile.toml",
    "messages.ndjson",
    "rejects",
    "report.html",
    "run.log",
    "state",
}
HELP = ("-h", "--help", "--help-all")
"""Words that ask for help, wherever they stand."""

TAKEN: set[tuple[str, ...]] = set()
"""Examples that their commands have taken: each error of an option shows the same one."""

VARIABLES = {"SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY_FILE", "INFL_SEG_STATE_DIR", "INFL_SEG_NO_PROJECT"}


def each_option(places: list[Place]) -> list[object]:
    """Give all places, those of an option that was met already to the slow suite."""
    seen = set[str]()
    given = list[object]()
    for place in places:
        marks = [pytest.mark.slow] if place.name in seen else []
        given.append(pytest.param(place, marks=marks, id=str(place)))
        seen.add(place.name)
    return given


every_value = pytest.mark.parametrize("place", each_option(VALUES))
every_flag = pytest.mark.parametrize("place", each_option(FLAGS))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("export.csv", opened("u1"), opened("u2", 1))
    (tmp_path / "ready.ndjson").write_text(MESSAGE, encoding="utf-8")
    (tmp_path / "company-ca.pem").symlink_to(certifi.where())
    return desk


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def typed(desk: Desk, place: Place, sandbox: Sandbox, *words: str) -> Result:
    """Run a place's command with words about its option, where it would send unasked if it could."""
    given = list(WORDS[place.path])
    if place.path in SENDS:
        for option, value in (("--endpoint", sandbox.url), ("--write-key", KEY)):
            if option != place.name:
                given += [option, value]
    return desk.run(*place.path, *given, *words)


def refused(result: Result, desk: Desk, sandbox: Sandbox, before: set[str]) -> str:
    """See that a command was refused, sent nothing and wrote nothing; give what it said."""
    assert result.code == 2, result.out + result.err
    assert "Traceback" not in result.err
    assert sandbox.stats()["requests"] == 0
    assert there(desk) <= before | MADE_BY_EXAMPLES
    return result.err


def there(desk: Desk) -> set[str]:
    names = {path.name for path in desk.folder.iterdir()}
    return {name for name in names if not name.startswith("infl-seg-rejects-")}


def has_a_right_example(said: str, place: Place, desk: Desk) -> None:
    """See that the message names the option with a value which its command takes."""
    wanted = "--write-key-file" if place.name == "--write-key" else place.name
    found = re.search(rf"{wanted} ((?:'[^']*'|[^\s,;'])+)", said.partition("→")[2])
    assert found is not None, said
    taken(shlex.split(found[0]), place, desk)


def taken(example: list[str], place: Place, desk: Desk) -> None:
    """Run a place's command with an example, where it sends nothing, and see that it takes it."""
    known = (*place.path, place.name, *example)
    if known not in TAKEN:
        take(example, place, desk)
        TAKEN.add(known)


def take(example: list[str], place: Place, desk: Desk) -> None:
    (desk.folder / "key.txt").write_text(KEY, encoding="utf-8")
    if place.path in {("sandbox",), ("doctor",)}:  # one would serve until Ctrl-C, the other ask a server
        _parser().commands[place.path[0]].make_context(place.path[0], example)
        return
    safe: dict[tuple[str, ...], list[str]]
    safe = {("backfill",): ["--dry-run"], ("replay",): ["--dry-run"], ("send-test",): ["--rehearse"]}
    sent = [] if place.name in {"--added", "--segment", "--as"} else ["--added", "Joined"]
    safe |= {(name,): ["--dry-run", "--key", "userId", *sent] for name in ("diff", "sync")}
    if place.name == "--save" or place.path == ("init",):
        (desk.folder / "profile.toml").unlink(missing_ok=True)
        (desk.folder / "export.profile.toml").unlink(missing_ok=True)
    if place.name in {"--profile", "--profile-for"}:
        (desk.folder / "profile.toml").write_text("profile = 1\n", encoding="utf-8")
    if place.name == "--lookup-file":
        (desk.folder / "campaign.csv").write_text("id,title\nc1,Spring\n", encoding="utf-8")
        (desk.folder / "lookup.toml").write_text(
            "profile = 1\n[lookup.campaigns]\nkey = 'id'\n", encoding="utf-8"
        )
    words = (*safe.get(place.path, []), *GOES_WITH.get(place.name, []), *example)
    done = desk.run(*place.path, *WORDS[place.path], *words)
    idle = place.path == ("inspect",) and "decides what is sent" in done.err
    unknown = "there is no run last" in done.err
    assert done.code != 2 or idle or unknown, done.err


@every_value
@pytest.mark.parametrize("step", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_an_option_that_stands_where_a_value_is_due_is_refused_by_both_names(
    place: Place, step: int, desk: Desk, sandbox: Sandbox
) -> None:
    before = there(desk)
    others = [
        *(name for name in names_in(place.path)[len(place.name) % step :: step] if name not in HELP),
        "--dry-run=true",
        "--no-such-option",
        "--",
        "-n",
        "\u2014dry-run",
        "-dry-run",
    ]
    for other in others:
        said = refused(typed(desk, place, sandbox, place.name, other), desk, sandbox, before)
        assert f"{place.name} has no value" in said
        known = place.name != "--write-key" or names_an_option(other)  # no part of a key is repeated
        assert (other.partition("=")[0].lstrip("-\u2014") in said) or not known
    has_a_right_example(said, place, desk)


@every_value
def test_an_option_without_a_value_at_the_end_or_with_an_empty_one_is_refused(
    place: Place, desk: Desk, sandbox: Sandbox
) -> None:
    before = there(desk)
    for words in ([place.name], [place.name, ""], [f"{place.name}="]):
        said = refused(typed(desk, place, sandbox, *words), desk, sandbox, before)
        assert re.search(rf"{place.name} (has no value|is empty)", said)
        has_a_right_example(said, place, desk)


@every_value
def test_a_value_that_is_too_large_is_refused(place: Place, desk: Desk, sandbox: Sandbox) -> None:
    before = there(desk)
    values = ["v" * (LONGEST_VALUE + 1)]
    if place.name in NUMBERS:
        values += ["9" * 30 + NUMBERS[place.name]]
    for value in values:
        said = refused(typed(desk, place, sandbox, place.name, value), desk, sandbox, before)
        assert place.name in said
        has_a_right_example(said, place, desk)


NUMBERS = {
    name: re.sub(r"^[\d.]+", "", each.option.example or "")
    for name, each in ALL_OPTIONS.items()
    if re.fullmatch(r"\d+(?:%|GB|ms|[hs])?", each.option.example or "")
}
"""Options that take a number, with the unit behind it."""


@pytest.mark.parametrize("place", [place for place in VALUES if place.name in NUMBERS], ids=str)
@pytest.mark.parametrize(
    "unit", ["parsec", *(pytest.param(unit, marks=pytest.mark.slow) for unit in ("k", "x", " 1"))]
)
def test_a_number_with_a_wrong_unit_is_refused(place: Place, unit: str, desk: Desk, sandbox: Sandbox) -> None:
    before = there(desk)
    number = re.match(r"\d+", str(ALL_OPTIONS[place.name].option.example))
    assert number is not None
    said = refused(typed(desk, place, sandbox, place.name, number[0] + unit), desk, sandbox, before)
    assert place.name in said
    has_a_right_example(said, place, desk)


@every_flag
@pytest.mark.parametrize(
    "word", ["true", *(pytest.param(word, marks=pytest.mark.slow) for word in ("no", "false", "1"))]
)
def test_a_value_after_a_flag_is_refused(place: Place, word: str, desk: Desk, sandbox: Sandbox) -> None:
    before = there(desk)
    for name in place.option.opts:
        joined = [] if len(name) == 2 else [[f"{name}={word}"]]
        apart = [] if name in HELP else [[name, word]]  # a word beside it leaves the help as it is
        for words in (*apart, *joined):
            said = refused(typed(desk, place, sandbox, *words), desk, sandbox, before)
            assert f"{name} takes no value" in said


def test_the_walk_finds_all_commands_and_each_is_of_the_kind_that_refuses() -> None:
    found = dict(commands())
    assert set(found) == set(WORDS)
    assert [path for path, command in found.items() if not isinstance(command, Command)] == []
    assert len(VALUES) > 100
    assert all(place.option.nargs == 1 for place in VALUES)


def test_the_names_by_which_a_value_is_known_for_an_option_are_those_of_all_options() -> None:
    names = {name for place in PLACES for name in place.option.opts}
    names |= {"--version"}
    assert {name for name in names if len(name) > 2} == OPTION_NAMES
    assert {name for name in names if len(name) == 2} <= SHORT_NAMES


@every_value
def test_the_example_of_an_option_is_a_value_that_it_takes(place: Place, desk: Desk) -> None:
    taken(shlex.split(example_of(place.option)), place, desk)


def test_a_value_that_is_joined_may_be_called_like_an_option(desk: Desk, sandbox: Sandbox) -> None:
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, "--write-key", KEY, "--dry-run")
    assert desk.run(*words, "--again=--dry-run", "--out=-y").code == 0
    assert (desk.folder / "-y").exists()


@pytest.mark.parametrize("words", [["--limit", "-5"], ["--max-errors", "-1"], ["--patience", "-3h"]])
def test_a_negative_number_is_a_value_and_refused_as_one(words: list[str], desk: Desk) -> None:
    done = desk.run("backfill", "export.csv", "--dry-run", *words)
    assert (done.code, "has no value" in done.err) == (2, False)
    assert words[0] in done.err


@pytest.mark.parametrize("words", [["--again", "-"], ["--again", "-5"], ["--again", "-.5"], ["--out", "-5"]])
def test_a_hyphen_alone_or_before_a_digit_is_a_value(words: list[str], desk: Desk) -> None:
    assert desk.run("backfill", "export.csv", "--dry-run", *words).code == 0


@pytest.mark.parametrize("word", ["\u2014dry-run", "\u2013-dry-run", "-dry-run", "\u2212y", "-yes"])
def test_dashes_that_a_text_program_made_are_told(word: str, desk: Desk, sandbox: Sandbox) -> None:
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, "--write-key", KEY, "--yes")
    said = refused(desk.run(*words, word), desk, sandbox, there(desk))
    assert f"{word} is not an option" in said


def test_an_option_behind_the_end_of_options_is_no_file(desk: Desk, sandbox: Sandbox) -> None:
    (desk.folder / "--dry-run").write_text((desk.folder / "export.csv").read_text(), encoding="utf-8")
    words = (
        "backfill",
        "--endpoint",
        sandbox.url,
        "--write-key",
        KEY,
        "--yes",
        "--",
        "export.csv",
        "--dry-run",
    )
    assert "--dry-run is after --" in refused(desk.run(*words), desk, sandbox, there(desk))


@pytest.mark.parametrize("variable", sorted(VARIABLES))
@pytest.mark.parametrize("value", ["--dry-run", " --yes=true", "-y", "\u2014rehearse"])
def test_a_variable_that_holds_an_option_is_refused(
    variable: str, value: str, desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    before = there(desk)
    done = desk.run("backfill", "export.csv", "--endpoint", sandbox.url, "--yes")
    assert f"{variable} holds the option" in refused(done, desk, sandbox, before)
    assert desk.run("explain").code == 0


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('timezone = "--dry-run"', "timezone"),
        ('event = ["Email Opened", "--yes"]', "event[2]"),
        ('profile = "-y"', "profile"),
        ('[map]\nuserId = "\u2014dry-run"', "map.userId"),
        ('[context]\nimport = "--again=x"', "context.import"),
    ],
)
def test_an_option_for_a_value_of_the_project_file_is_refused_with_its_key(
    line: str, key: str, desk: Desk
) -> None:
    (desk.folder / "infl-seg.toml").write_text(f"{line}\n", encoding="utf-8")
    done = desk.run("validate", "export.csv")
    assert done.code == 2
    assert re.search(rf"{re.escape(key)}: is the option -", done.err), done.err


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('[time]\nzone = "--dry-run"', "time.zone"),
        ('[fields]\nuserId = "--map"', "fields.userId"),
        ('[fields]\ncampaign_id = { constant = "--limit" }', "fields.campaign_id.constant"),
        ('[options]\nuser_id_from = "-q"', "options.user_id_from"),
        ('[columns]\ndrop = ["--out=x"]', "columns.drop[1]"),
    ],
)
def test_an_option_for_a_value_of_a_profile_is_refused_with_its_key(line: str, key: str, desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(f"profile = 1\n{line}\n", encoding="utf-8")
    done = desk.run("validate", "export.csv", "--profile", "p.toml", "--json")
    assert done.code == 2
    assert f"{key}: is the option -" in done.json["error"]["message"]


def test_what_a_cell_holds_may_be_a_letter_with_a_hyphen(desk: Desk) -> None:
    fields = 'event = "event"\ntimestamp = "timestamp"\nuserId = "userId"'
    campaign = 'campaign_id = { column = "campaign_id", values = { "c1" = "-n" } }'
    profile = f"profile = 1\n[fields]\n{fields}\n{campaign}\n"
    (desk.folder / "p.toml").write_text(profile, encoding="utf-8")
    assert desk.run("validate", "export.csv", "--profile", "p.toml").code == 0


@pytest.mark.parametrize("name", ["--set", "--context", "--group-user", "--again", "--skip-event", "--null"])
def test_bytes_that_are_no_text_are_a_usage_error(desk: Desk, name: str) -> None:
    done = desk.run("backfill", "a.csv", "--dry-run", "--no-project", name, "ip=\udcff")
    assert (done.code, f"{name} has a value with bytes that are not UTF-8" in done.err) == (2, True), done.err


def test_the_name_of_a_file_may_have_any_bytes(desk: Desk) -> None:
    done = desk.run("validate", "a.csv", "--no-project", "--profile", "\udcff.toml")
    assert "UTF-8" not in done.err
