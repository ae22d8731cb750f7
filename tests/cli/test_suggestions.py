"""What is suggested for a slip of the keyboard: near, free and harmless, whatever the slip."""

import os
import re
import shlex
import string
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from command_support import KEY, Desk, opened
from hypothesis import example, given
from hypothesis import strategies as st
from option_support import PLACES, WORDS

import inflection_cli
from inflection_cli.catalog import COLUMN_ALIASES, EVENTS, FIELDS
from inflection_cli.cli.usage_errors import COMMANDS, OPTIONS
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import kind_of, nearest_event
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.settings.layering import with_value
from inflection_cli.suggestions import MOST_EDITS, distance, nearest
from inflection_cli.text_faults import null_option

SKIPS_A_QUESTION = re.compile(
    r"(?<![\w-])(?:--yes|-y|--force|--resend-in-doubt|--new-destination|--all)(?![\w-])"
)
LETTERS = string.ascii_lowercase + "-_ "


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("export.csv", opened("u1"), opened("u2", 1))
    return desk


def edits(one: str, other: str) -> int:
    """Count edits as the definition has it: optimal string alignment, by its recursion."""
    if not one or not other:
        return len(one) + len(other)
    counts = [
        edits(one[1:], other) + 1,
        edits(one, other[1:]) + 1,
        edits(one[1:], other[1:]) + (one[0] != other[0]),
    ]
    if one[:2] == other[1::-1] and len(one) > 1 and len(other) > 1:
        counts.append(edits(one[2:], other[2:]) + 1)
    return min(counts)


short = st.text("abc", max_size=5)


@given(short, short, st.integers(0, 4))
@example("ab", "ba", 2)
@example("ca", "abc", 2)
def test_the_distance_is_that_of_the_definition_up_to_its_bound(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(edits(one, other), most + 1)


@given(st.text(string.ascii_letters, max_size=8), st.lists(st.text(string.ascii_letters, max_size=8)))
def test_a_suggestion_is_near_and_of_two_that_are_equally_near_none_is_made(
    word: str, words: list[str]
) -> None:
    for near in nearest(word, words, 3):
        assert distance(word.lower(), near.lower(), 9) <= min(
            MOST_EDITS, max(0, min(len(word), len(near)) - 2)
        )
    (*one,) = nearest(word, words)
    assert len(one) <= 1
    ties = [each for each in dict.fromkeys(words) if one and distance(word.lower(), each.lower()) == 0]
    assert not one or len(ties) <= 1


@st.composite
def slips(draw: st.DrawFn, words: Sequence[str]) -> str:
    """Misspell a word, once to four times."""
    word = draw(st.sampled_from(words))
    for _ in range(draw(st.integers(1, 4))):
        at, letter = draw(st.integers(0, len(word))), draw(st.sampled_from(LETTERS))
        kind = draw(st.sampled_from("adcx"))
        if kind == "a":
            word = word[:at] + letter + word[at:]
        elif kind == "d":
            word = word[:at] + word[at + 1 :]
        elif kind == "c":
            word = word[:at] + letter + word[at + 1 :]
        else:
            word = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    return word


NAMES = sorted({name for place in PLACES for name in place.option.opts if name.startswith("--")})


class AtTemporaryDesk:
    """A desk for properties, which begin anew with each example."""

    def __enter__(self) -> Desk:
        self._folder = tempfile.TemporaryDirectory()
        self._before = Path.cwd()
        folder = Path(self._folder.name)
        os.chdir(folder)
        desk = Desk(folder)
        desk.file("export.csv", opened("u1"))
        return desk

    def __exit__(self, *_: object) -> None:
        os.chdir(self._before)
        self._folder.cleanup()


@given(st.sampled_from(sorted(WORDS)), slips(NAMES))
@example(("backfill",), "--yess")
@example(("runs", "forget"), "--yse")
@example(("inspect",), "--forse")
@example(("runs", "forget"), "--al")
@example(("backfill",), "--resend-in-doub")
@example(("backfill",), "--new-destinaton")
def test_no_suggestion_for_an_option_skips_a_question_or_is_far(path: tuple[str, ...], typed: str) -> None:
    word = f"--{typed.strip('- ')}"
    known = [name for place in PLACES if place.path == path for name in place.option.opts]
    if word.partition("=")[0] in known or not word.strip("-") or "=" in word:
        return
    with AtTemporaryDesk() as desk:
        done = desk.run(*path, *WORDS[path], word)
    assert done.code == 2
    hint = done.err.partition("→")[2]
    assert not SKIPS_A_QUESTION.search(hint), done.err
    assert "Did you mean" not in done.err
    assert "Possible" not in done.err
    for near in re.findall(r"did you mean (--[\w-]+)\?", hint):
        assert edits_of(word, near) <= MOST_EDITS
        assert near in known


def edits_of(one: str, other: str) -> int:
    first, second = (word.lstrip("-").replace("_", "-").lower() for word in (one, other))
    return distance(first, second, 9)


COLUMNS = [
    *FIELDS,
    *(alias for aliases in COLUMN_ALIASES.values() for alias in aliases),
    "Plan",
    "Kundennummer",
]


@given(
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=8, unique=True),
    st.sampled_from(FIELDS),
    slips(COLUMNS),
)
@example(["event", "timestamp", "userId", "email_id"], "userId", "emailid1")
@example(["event", "timestamp", "user_agent"], "timestamp", "occured_at")
@example(["event", "time", "client_ip"], "userId", "client_i")
def test_no_suggestion_names_a_column_that_is_another_field(names: list[str], field: str, typed: str) -> None:
    options = ColumnOptions(columns={field: typed})
    try:
        lay_out(names, [], options, file="export.csv")
    except InputError as error:
        hint = error.hint
    else:
        return
    for near in re.findall(rf"did you mean --map {field}=(\S+)\?", hint):
        (column,) = shlex.split(near)
        assert distance(typed.strip().lower(), column.lower(), 9) <= MOST_EDITS
        others = [name for name in FIELDS if name != field]
        assert not any(squash(column) in {squash(one), *COLUMN_ALIASES.get(one, ())} for one in others)


hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(?:\.[a-z]{2,5}){1,2}", fullmatch=True)


@given(
    st.one_of(hosts, st.sampled_from(["127.0.0.1", "localhost", "127.8.9.1", "[::1]"])),
    st.sampled_from(["", "//", "ftp://", "htps://", "http:/", "https:", "https//", "u:p@", "https://u:p@"]),
    st.sampled_from(["", ":9911", ":80/", "/v1/x", ":99999", "?q=1", ":x", "/a#b"]),
)
def test_no_suggestion_for_an_endpoint_leads_to_another_host(host: str, before: str, after: str) -> None:
    try:
        destination = Destination(f"{before}{host}{after}", Secret("k"))
    except UsageError as error:
        said = error
    else:
        assert destination.host == host.strip("[]")
        return
    assert "u:p" not in said.message + said.hint
    for url in re.findall(r"--endpoint (\S+?)(?:;|$)", said.hint):
        if url != "https://HOST":
            assert urlsplit(url).hostname == host.strip("[]")
            assert urlsplit(url).scheme == ("https" if host[0].isalpha() and host != "localhost" else "http")
            Destination(url, Secret("k"))


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("127.0.0.1:9911", "http://127.0.0.1:9911"),
        ("localhost:8080", "http://localhost:8080"),
        ("events.shop.example", "https://events.shop.example"),
        ("ftp://gateway.example/segment", "https://gateway.example/segment"),
        ("events.eu1.segmentapis.com/v1/batch", "https://events.eu1.segmentapis.com"),
    ],
)
def test_an_endpoint_without_its_scheme_is_spelled_with_one(typed: str, url: str, desk: Desk) -> None:
    words = ("backfill", "export.csv", "--dry-run", "--write-key", "any-key", "--endpoint")
    done = desk.run(*words, typed)
    assert (done.code, f"--endpoint {url}\n" in done.err) == (2, True), done.err
    assert desk.run(*words, url).code == 0


@pytest.mark.parametrize(
    "event",
    ["emailSubscribe", "Subscribed", "Email Subscribed", "emailSend", "Email Sent", "MessageDeliveryFailed",
     "MessageDelayed", "MessageHeld", "sms.Delivery", "Undelivered", "Blocked", "Not Opened", "Unopened",
     "pushOpened", "Unbounced", "webClick", "inAppOpen", "Resubscribed", "Unclicked"],
)  # fmt: skip
def test_no_suggestion_for_an_event_says_the_opposite_or_another_channel(event: str) -> None:
    assert nearest_event(event) is None


OTHERWISE = (
    "fail",
    "failed",
    "delay",
    "delayed",
    "held",
    "un",
    "soft",
    "not",
    "non",
    "sms",
    "push",
    "in-app",
    "web",
)


@pytest.mark.parametrize("word", OTHERWISE)
def test_no_event_is_near_a_name_with_a_negation_or_another_channel(word: str) -> None:
    names = [name for kind in EVENTS for name in (kind.name, kind.action)]
    for name in names:
        after = () if word == "un" else (f"{name} {word}", f"{name}.{word}")
        for said in (f"{word} {name}", f"{word}{name}", *after):
            meant = nearest_event(said)
            assert meant is None or kind_of(said) is not None, (said, meant)


@pytest.mark.parametrize(
    ("typed", "event"),
    [
        ("Email Opend", "Email Opened"),
        ("Email Bounecd", "Email Bounced"),
        ("Email Bonced", "Email Bounced"),
        ("unsubscibed", "Email Unsubscribed"),
    ],
)
def test_a_misspelt_event_is_still_known(typed: str, event: str) -> None:
    assert nearest_event(typed) == event


@pytest.mark.parametrize("path", sorted(WORDS), ids=" ".join)
def test_words_of_other_tools_lead_to_what_sends_nothing(path: tuple[str, ...], desk: Desk) -> None:
    known = {name.lstrip("-") for place in PLACES if place.path == path for name in place.option.opts}
    for name in OPTIONS:
        if name in known:
            continue
        done = desk.run(*path, *WORDS[path], f"--{name}" if len(name) > 1 else f"-{name}")
        assert done.code == 2
        assert OPTIONS[name] in done.err
        assert not SKIPS_A_QUESTION.search(done.err.partition("→")[2])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands_of_other_tools_lead_to_ours(name: str, desk: Desk) -> None:
    done = desk.run(name, "export.csv")
    assert done.code == 2
    assert COMMANDS[name] in done.err or re.search(r"did you mean [\w-]+\?", done.err)
    assert not SKIPS_A_QUESTION.search(done.err)
    assert "Did you mean" not in done.err


def test_the_commands_that_foreign_words_lead_to_are_there(desk: Desk) -> None:
    for hint in {*OPTIONS.values(), *COMMANDS.values()}:
        for command in re.findall(r"infl-seg ((?:runs )?[a-z][a-z-]+)", hint):
            assert desk.run(*command.split(), "--help").code == 0, hint
    names = {name for place in PLACES for name in place.option.opts} | {"--version"}
    for hint in {*OPTIONS.values(), *COMMANDS.values()}:
        assert set(re.findall(r"(?<!\S)--[a-z][a-z-]+", hint)) <= names, hint


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["backfill", "export.csv", "--resume"], "run the same command again"),
        (["backfill", "export.csv", "--tz", "UTC"], "--timezone NAME"),
        (["validate", "export.csv", "--nope"], "infl-seg validate --help shows what there is"),
        (["--verbose", "validate", "export.csv"], "options go after the command"),
    ],
)
def test_an_option_that_is_not_there_is_told_once(typed: list[str], hint: str, desk: Desk) -> None:
    done = desk.run(*typed)
    assert (done.code, hint in done.err, "did you mean" in done.err) == (2, True, False)


def test_the_column_of_events_is_told_by_its_cells(desk: Desk) -> None:
    rows = [f"Outlook,Email Opened,2024-03-01T10:00:0{i}Z,u{i}" for i in range(4)]
    name = desk.file("strange.csv", *rows, header="Client,What happened,timestamp,userId")
    done = desk.run("validate", name)
    assert (done.code, "--map event='What happened' or" in done.err) == (4, True)
    assert desk.run("validate", name, "--map", "event=What happened").code == 0


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Client,Kind,timestamp,userId", "Outlook,Something,2024-03-01T10:00:00Z,u1"),
        ("Kind,Sort,timestamp,userId", "Opened,Clicked,2024-03-01T10:00:00Z,u1"),
        ("status,opened_at,timestamp,userId", "Opened,2024-03-02T10:00:00Z,2024-03-01T10:00:00Z,u1"),
    ],
    ids=["no column says it", "two columns say it", "a column for each event"],
)
def test_where_no_one_column_tells_the_event_none_is_named(header: str, row: str, desk: Desk) -> None:
    done = desk.run("validate", desk.file("strange.csv", row, header=header))
    assert done.code == 4
    assert "--map event=COLUMN or" in done.err
    assert "infl-seg inspect strange.csv describes the columns" in done.err


@pytest.mark.parametrize(
    ("header", "typed", "hint"),
    [
        ("event,timestamp,userId,email_id", "userId=email", "“userId” is the userId by its name"),
        (
            "event,timestamp,userId,email_id,user_agent",
            "timestamp=occured_at",
            "“timestamp” is the timestamp by its",
        ),
        (
            "event,timestamp,contact,email_id",
            "userId=emailid2",
            "give one of these names: --map userId=COLUMN",
        ),
        ("event,timestamp,Kunde,email_id", "userId=Kundde", "did you mean --map userId=Kunde?"),
    ],
)
def test_a_column_that_is_not_there_is_answered_by_one_that_is_free(
    header: str, typed: str, hint: str, desk: Desk
) -> None:
    name = desk.file("other.csv", "Email Opened,2024-03-01T10:00:00Z,u1,e1", header=header)
    done = desk.run("validate", name, "--map", typed)
    assert done.code == 4
    assert hint in done.err, done.err
    assert "email_id?" not in done.err


def test_a_profile_is_told_of_no_column_that_is_another_field(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text('profile = 1\n[fields]\nuserId = "emailidd"\n', encoding="utf-8")
    name = desk.file(
        "other.csv", "Email Opened,2024-03-01T10:00:00Z,e1,c", header="event,timestamp,email_id,contact"
    )
    done = desk.run("validate", name, "--profile", "p.toml")
    assert done.code == 4
    assert "did you mean" not in done.err


@pytest.mark.parametrize(
    ("header", "userid", "timestamp"),
    [
        ("id,copied,created,lead,event", "lead", "COLUMN"),
        ("id,created,lead,event", "lead", "created"),
        ("id,created,event", "COLUMN", "created"),
    ],
)
def test_inspect_proposes_a_column_where_there_is_one_alone_and_none_that_numbers_the_rows(
    header: str, userid: str, timestamp: str, desk: Desk
) -> None:
    cells = {
        "id": "e{}",
        "copied": "2024-03-09T00:00:0{}Z",
        "created": "2024-03-01T10:00:0{}Z",
        "event": "open",
    }
    rows = [
        ",".join(
            cells.get(name, "7{}").format(number % 2 if name == "lead" else number)
            for name in header.split(",")
        )
        for number in range(5)
    ]
    done = desk.run("inspect", desk.file("export2.csv", *rows, header=header))
    assert f"--map timestamp={timestamp} " in done.out, done.out
    assert f"--map userId={userid} " in done.out, done.out


def test_no_other_module_compares_words_by_a_measure_of_its_own() -> None:
    sources = Path(inflection_cli.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if "difflib" in path.read_text(encoding="utf-8")] == []


def test_a_value_that_begins_with_a_hyphen_is_joined_to_its_option() -> None:
    assert null_option("--").startswith("--null=--,")
    assert null_option("NULL").startswith("--null NULL,")
    assert with_value("--namespace", "--dry-run") == "--namespace=--dry-run"
    assert with_value("--namespace", "my crm") == "--namespace 'my crm'"


def test_the_hint_on_a_cell_that_begins_with_a_hyphen_works_as_it_stands(desk: Desk) -> None:
    desk.file("e.csv", "Email Opened,--,p1,e1,c1,2024-03-01T09:30:00Z")
    refused = desk.run("validate", "e.csv")
    assert (refused.code, "--null=--" in refused.out + refused.err) == (1, True)
    assert desk.run("validate", "e.csv", "--null=--").code == 0


def words_of(hint: str, command: str) -> list[str]:
    """The words of a command of ours within a hint, as a shell takes them apart."""
    found = re.search(rf"infl-seg ({command} [^;)]*?)(?:$| says | sends |;)", hint, re.MULTILINE)
    assert found is not None, hint
    return shlex.split(found[1])


def test_a_column_that_begins_with_a_hyphen_is_named_so_that_it_works(desk: Desk) -> None:
    header = "event,userId,email_id,campaign_id,timestamp,-Phone"
    desk.file("e.csv", "Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,15555550100", header=header)
    told = desk.run("validate", "e.csv").err + desk.run("validate", "e.csv").out
    assert "to send it: --property=-Phone" in told
    refused = desk.run("validate", "e.csv", "--property=-Phon")
    assert "did you mean --property=-Phone?" in refused.err
    sent = desk.run("backfill", "e.csv", "--dry-run", "--out", "o.ndjson", "--property=-Phone")
    assert (sent.code, desk.messages("o.ndjson")[0]["properties"]["phone"]) == (0, "15555550100")


def test_a_file_that_begins_with_a_hyphen_is_named_so_that_it_works(desk: Desk) -> None:
    desk.file("-e.csv", opened("u1"))
    refused = desk.run("validate", "--map", "campaign_run_id=nothing", "--", "-e.csv")
    assert desk.run(*words_of(refused.err, "inspect")).code == 0
    missing = desk.run("validate", "./-e.cvs")
    assert "did you mean ./-e.csv?" in missing.err
    desk.file("-good.csv", opened("u1"))
    asked = desk.run("backfill", "--endpoint", "http://127.0.0.1:9", "--write-key", KEY, "--", "-good.csv")
    again = words_of(asked.err, "backfill")
    assert (asked.code, again[-1], "./-good.csv" in again, "--" in again) == (2, "--yes", True, False)
    assert "--save=-p.toml --force" in saved_twice(desk)


def saved_twice(desk: Desk) -> str:
    """What is said where a draft would replace another one whose name begins with a hyphen."""
    desk.file("g.csv", opened("u1"))
    assert desk.run("inspect", "g.csv", "--save=-p.toml").code == 0
    return desk.run("inspect", "g.csv", "--save=-p.toml").err


def test_a_place_for_output_that_begins_with_a_hyphen_is_named_so_that_it_works(desk: Desk) -> None:
    desk.file("g.csv", opened("u1"))
    told = desk.run("backfill", "g.csv", "--dry-run", "--out=-new/m.ndjson").err
    assert "mkdir -p ./-new makes it" in told
    (desk.folder / "-r").write_text("")
    assert "--rejects=-r-rejects" in desk.run("backfill", "g.csv", "--dry-run", "--rejects=-r").err
