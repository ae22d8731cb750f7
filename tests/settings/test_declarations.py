"""Options are declared once: names, examples, refusals, layers and defaults all come of their declarations."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_support import PATIENCE_S, Desk, opened
from option_support import FLAGS, PLACES, VALUES

from inflection_cli.cli.option_values import convert_settings, read_options
from inflection_cli.cli.project_file import find_project, reporting, settle, shared, slowed
from inflection_cli.settings.declarations import (
    ALL_OPTIONS,
    Declared,
    DeliveryOptions,
    Identify,
    InputOptions,
    MessageOptions,
    Naming,
    ReportingOptions,
    TraitsStyle,
    UnknownEvents,
    WorkOptions,
    file_keys,
)
from inflection_cli.settings.layering import with_values

SRC = Path(__file__).parents[2] / "src"
GROUPS = (InputOptions, WorkOptions, MessageOptions, ReportingOptions, DeliveryOptions)
KEYS = {each.field: each for each in file_keys(*GROUPS)}
IN_PROFILES = {each.field: each for each in KEYS.values() if each.option.profile}
NEVER = {each.field: each for each in ALL_OPTIONS.values() if each.option.never}


HELP = {"--help", "--help-all"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("a.csv", opened("u1"))
    return desk


# --- declarations --------------------------------------------------------------------------------


def test_every_option_of_every_command_is_declared_and_every_declared_one_is_an_option() -> None:
    assert {place.name for place in PLACES} - HELP == set(ALL_OPTIONS)


def test_a_command_takes_an_option_as_it_is_declared() -> None:
    for place in PLACES:
        if place.name not in HELP:
            declared = ALL_OPTIONS[place.name]
            assert place.option.metavar == declared.option.metavar, str(place)
            assert place.option.opts == [place.name, *filter(None, [declared.option.short])], str(place)


def test_every_option_that_takes_a_value_has_an_example_and_no_flag_has_one() -> None:
    assert {place.name for place in VALUES if not ALL_OPTIONS[place.name].option.example} == {"--write-key"}
    flags = [ALL_OPTIONS[place.name] for place in FLAGS if place.name not in HELP]
    assert [each.flag for each in flags if each.option.example or each.option.metavar] == []


def test_what_a_file_can_never_set_is_no_key_of_one() -> None:
    assert NEVER.keys() & KEYS.keys() == set()


def test_no_file_sets_where_events_go_with_which_key_or_what_allows_and_forces() -> None:
    named = {each.field for each in ALL_OPTIONS.values() if each.field.startswith(("allow_", "max_", "new_"))}
    assert named | {
        *("write_key", "write_key_file", "region", "endpoint", "namespace", "dedup_window", "state_dir"),
        *(
            "again",
            "resend_in_doubt",
            "yes",
            "dry_run",
            "rehearse",
            "watch",
            "out",
            "rejects",
            "limit",
            "email_trait",
        ),
        *("resend_missing", "resend_count"),
        "ca_file",
        "log_file",
        "show_values",
        *("session_id", "call_type", "profile_for", "lookup_file", "cluster", "cluster_insecure"),
        *("key", "segment", "added", "changed", "removed", "ignore", "previous", "timestamp", "message_id"),
        *("generation", "name", "initial", "no_preset"),
    } == set(NEVER)
    assert [field for field, each in KEYS.items() if each.option.forces] == []
    assert {
        "force",
        "every",
        "accepted",
        "pending",
        "no_project",
        "patience",
        "no_gzip",
    } & KEYS.keys() == set()


# --- refusals ------------------------------------------------------------------------------------


def spellings(declared: list[Declared]) -> list[tuple[str, Declared]]:
    """Each option by its key, with underscores and with hyphens."""
    found = {name: each for each in declared for name in (each.flag[2:], each.flag[2:].replace("-", "_"))}
    return [*found.items()]


def refused(desk: Desk, name: str, first: str, keys: list[str], *words: str) -> list[tuple[int, str]]:
    """The faults of a settings file that has these keys: line and message."""
    text = first + "".join(f"{key} = true\n" for key in keys)
    (desk.folder / name).write_text(text, encoding="utf-8")
    done = desk.run("validate", "a.csv", "--json", *words)
    assert done.code == 2
    return [(fault["line"], fault["message"]) for fault in done.json["error"]["faults"]]


def test_a_project_file_refuses_each_forbidden_key_with_its_sentence(desk: Desk) -> None:
    every = spellings([each for each in ALL_OPTIONS.values() if each.field not in KEYS])
    for part in every[:60], every[60:]:  # of one file 100 faults are listed
        told = refused(desk, "infl-seg.toml", "", [key for key, _ in part])
        assert told == [(line, f"{key}: {each.refusal}") for line, (key, each) in enumerate(part, 1)]


def test_a_profile_refuses_each_forbidden_key_with_its_sentence(desk: Desk) -> None:
    every = spellings([*NEVER.values()])
    told = refused(
        desk, "p.toml", "profile = 1\n", [key for key, _ in every], "--profile", "p.toml", "--no-project"
    )
    rest = "; a profile says how an export is read, and nothing of where it goes"
    assert told == [(line, f"{key}: {each.refusal}{rest}") for line, (key, each) in enumerate(every, 2)]


@pytest.mark.parametrize("each", [*NEVER.values()], ids=[*NEVER])
def test_a_refusal_names_the_option_that_does_it(each: Declared) -> None:
    place = "--write-key-file" if each.field == "write_key" else each.flag
    assert place in each.refusal.partition(": ")[2]


# --- layers --------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[Any, Any, Any]] = {
    "map": (["userId=f"], None, {"userId": "p", "email": "q"}),
    "set": (["campaign_id=f"], None, {"campaign_id": "p", "ip": "q"}),
    "property": (["f"], None, ["f", "p"]),
    "trait": (["f"], None, ["f", "p"]),
    "all_traits": (True, True, True),
    "now": (True, True, True),
    "group_user": ("f", "m", "p"),
    "group_anonymous_id": ("account", "account", "account"),
    "unknown_events": (UnknownEvents.SEND, "skip", "reject"),
    "naming": (Naming.INFLECTION, "spec", "spec"),
    "identify": (Identify.ALWAYS, "never", "auto"),
    "resolve_identity": (True, True, True),
    "user_id_from": ("email", "email", "email"),
    "anonymous_id_from": ("email", "email", "email"),
    "no_event_id": (True, False, False),
    "properties_as_text": (True, True, True),
    "check": (["f"], ["m"], ["f", "p"]),
    "traits_style": (TraitsStyle.RESERVED, "snake", "snake"),
    "timezone": ("UTC", "Asia/Tokyo", "Europe/Berlin"),
    "timestamp_format": ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"),
    "zone_name": (["A=+01:00"], {"B": "+02:00"}, {"A": "+01:00", "C": "+03:00"}),
    "keep_equal_rows": (True, True, True),
    "encoding": ("utf-16", "windows-1252", "iso-8859-1"),
    "delimiter": (";", "|", "tab"),
    "records": ("f", "m", "p"),
    "skip_lines": (1, 2, 3),
    "header_line": (1, 2, 3),
    "columns": ("f", "m", "p"),
    "escape": ("/", "^", "~"),
    "sheet": ("f", "m", "p"),
    "null": (["f"], ["m"], ["f", "p"]),
    "jobs": (2, None, 3),
    "since": ("2024-01-01", None, "2024-01-03"),
    "until": ("2025-01-01", None, "2025-01-03"),
    "event_name": (["Hard=Email Bounced"], None, {"Hard": "Email Bounced", "Soft": "Email Bounced"}),
    "skip_event": (["f"], ["m"], ["f", "p"]),
    "event": (["Email Opened"], None, ["Email Clicked"]),
    "integration": (["A=true"], None, {"A": False, "B": False}),
    "context": (["a=f"], None, {"a": "p", "b": "q"}),
    "report": (["json"], None, "github"),
    "requests_per_second": (9.0, None, 7.0),
    "events_per_second": (90.0, None, 70.0),
}
"""By option: as a flag, in a profile and in the project file; None where a profile cannot set it."""

TABLES = {"zone_name"}
"""Of these the names are layered one by one."""

ADDED = {
    "map": ["userId=f", "email=q"],
    "set": ["campaign_id=f", "ip=q"],
    "property": ["f", "p"],
    "trait": ["f", "p"],
    "null": ["f", "p"],
    "event_name": ["Hard=Email Bounced", "Soft=Email Bounced"],
    "skip_event": ["f", "p"],
    "zone_name": ["A=+01:00", "C=+03:00"],
    "check": ["f", "p"],
    "integration": ["A=true", "B=false"],
    "context": ["a=f", "b=q"],
}
"""What a flag and the project file come to together, where names or entries count one by one."""


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value).lower() if isinstance(value, bool | int | float) else f"'{value}'"


def write_project(folder: Path, each: Declared) -> None:
    (folder / "infl-seg.toml").write_text(f"{each.key} = {toml(SAMPLES[each.field][2])}\n", encoding="utf-8")


def write_profile(folder: Path, each: Declared) -> None:
    table = each.option.profile.partition(".")[0]
    text = f"profile = 1\n[{table}]\n{each.profile_name} = {toml(SAMPLES[each.field][1])}\n"
    (folder / "p.toml").write_text(text, encoding="utf-8")


def effective(
    folder: Path, each: Declared, flag: Any = None, profile: str | None = None
) -> tuple[Any, dict[str, Any]]:
    """The value of an option over all layers, and what the project file set."""
    project = find_project(folder, {})
    group = next(
        group for group in GROUPS if each.field in {one.name for one in group.__dataclass_fields__.values()}
    )
    given = group(**({} if flag is None else {each.field: flag}))
    if isinstance(given, InputOptions | MessageOptions):
        reading = given if isinstance(given, InputOptions) else InputOptions()
        message = given if isinstance(given, MessageOptions) else MessageOptions()
        if profile:
            reading = with_values(reading, {"profile": str(folder / profile)})
        settled = settle(project, reading, message, {})
        options = settled.message if isinstance(given, MessageOptions) else settled.reading
        beneath = (
            getattr(settled.profile.options, each.field)
            if settled.profile and hasattr(InputOptions(), each.field)
            else None
        )
        value = getattr(options, each.field)
        return (beneath if value == each.default and beneath is not None else value), settled.took
    if isinstance(given, WorkOptions):
        work, took = shared(project, given)
        return getattr(work, each.field), took
    done, took = reporting(project, given) if isinstance(given, ReportingOptions) else slowed(project, given)
    return getattr(done, each.field), took


def as_option(each: Declared, value: Any) -> Any:
    """A value of the project file as the option has it."""
    if isinstance(value, dict):
        return [
            f"{name}={str(inner).lower() if isinstance(inner, bool) else inner}"
            for name, inner in value.items()
        ]
    if isinstance(each.default, list):
        return value if isinstance(value, list) else [value]
    return each.converted(value)


def test_each_key_of_the_files_has_samples() -> None:
    assert {*SAMPLES, "profile", "preset"} == set(KEYS)
    assert {field for field, (_, middle, _) in SAMPLES.items() if middle is not None} == set(IN_PROFILES)


@pytest.mark.parametrize("field", SAMPLES)
def test_a_flag_beats_the_project_file(tmp_path: Path, field: str) -> None:
    each, (flag, _, below) = KEYS[field], SAMPLES[field]
    write_project(tmp_path, each)
    assert effective(tmp_path, each)[0] == as_option(each, below)
    assert effective(tmp_path, each)[1] == {each.key: below}
    value, took = effective(tmp_path, each, flag)
    assert value == ADDED.get(field, flag)
    assert (each.key in took) == (field in ADDED)


@pytest.mark.parametrize("field", sorted(IN_PROFILES.keys() - TABLES))
def test_a_profile_beats_the_project_file_and_a_flag_beats_both(tmp_path: Path, field: str) -> None:
    each, (flag, middle, below) = KEYS[field], SAMPLES[field]
    write_project(tmp_path, each)
    write_profile(tmp_path, each)
    joins = each.option.joins
    value, took = effective(tmp_path, each, profile="p.toml")
    assert value == (as_option(each, below) if joins else each.converted(middle))
    assert (each.key in took) == joins
    assert effective(tmp_path, each, flag, "p.toml")[0] == ADDED.get(field, flag)


def test_values_of_a_profile_reach_what_reads_and_converts_beneath_flags(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        "profile = 1\n[input]\nencoding = 'utf-16'\ndelimiter = 'tab'\nrecords = 'm'\nnull = 'N'\n"
        "[options]\nown_ids = false\nunknown_events = 'skip'\n",
        encoding="utf-8",
    )
    reading = InputOptions(profile=str(tmp_path / "p.toml"), delimiter=";", null=["-"])
    settled = settle(None, reading, None, {})
    read = read_options(settled.reading, settled.profile)
    assert (read.encoding, read.delimiter, read.records) == ("utf-16", ";", "m")
    mapping = convert_settings(settled.reading, None, settled.profile).mapping
    assert (mapping.nulls, mapping.unknown_events) == (frozenset({"-", "N"}), "skip")
    assert not mapping.columns.own_ids


# --- owners of constants -------------------------------------------------------------------------


def edited(folder: Path, changes: Mapping[str, str]) -> Path:
    """The program's sources with texts of its declarations replaced, each of which stands there once."""
    copy = folder / "edited"
    shutil.copytree(SRC, copy, ignore=shutil.ignore_patterns("__pycache__"))
    owner = copy / "inflection_cli" / "settings" / "declarations.py"
    text = owner.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    owner.write_text(text, encoding="utf-8")
    return copy


DEFAULTS = {
    f"\n{name}: Final = {before}\n": f"\n{name}: Final = {after}\n"
    for name, before, after in (
        *(("REQUESTS_PER_SECOND", "50.0", "7.0"), ("EVENTS_PER_SECOND", "500.0", "3.0")),
        *(("MAX_EXPANSION", "250", "2"), ("MAX_GIGABYTES", "100", "9")),
    )
}


PROGRAM = """
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1])
from inflection_cli.cli.app import run
from inflection_cli.cli.project_schema import project_schema
from inflection_cli.mapping.profile.profile_file import profile_schema
from inflection_cli.reading.source import Limits
outputs = []
for words in json.loads(sys.argv[2]):
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        run(words)
    outputs.append(said.getvalue())
print(json.dumps([outputs, project_schema(), profile_schema(), str(Limits())]))
"""


def outputs_of(folder: Path, source: Path, *lines: str) -> tuple[list[str], Any, Any, str]:
    """What commands of a changed program say, each as one line; both its schemas, and its limits for files."""
    words = json.dumps([line.split() for line in lines])
    done = subprocess.run(
        (sys.executable, "-c", PROGRAM, str(source), words),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        check=True,
    )
    outputs, project, profile, limits = json.loads(done.stdout)
    return [" ".join(said.split()) for said in outputs], project, profile, limits


@pytest.mark.slow
def test_an_edit_of_the_one_owner_of_a_default_changes_the_tool(tmp_path: Path, desk: Desk) -> None:
    desk.file("b.csv", *(opened(f"u{number}", number) for number in range(30)))
    (desk.folder / "bomb.csv").write_bytes(gzip.compress(b"event,userId\n" + b"x,y\n" * (5 << 20)))
    faulty = "requests_per_second = 8\nevents_per_second = 4\n"
    (desk.folder / "infl-seg.toml").write_text(faulty, encoding="utf-8")
    (shown, planned, refused, bound), project, _, limits = outputs_of(
        desk.folder,
        edited(tmp_path, DEFAULTS),
        "backfill --help-all",
        "backfill b.csv --dry-run --no-project",
        "validate bomb.csv --no-project",
        "validate b.csv",
    )
    for option, default in (
        *(("--requests-per-second N", "7"), ("--events-per-second N", "3")),
        *(("--max-expansion N", "2"), ("--max-bytes SIZE", "9GB")),
    ):
        assert re.search(rf"{option} [^[]*\[default: {default}\]", shown)
    assert "about 10 s at 3 events a second" in planned
    assert "2 times" in refused
    assert "requests_per_second: expected a number of at most 7" in bound
    assert "events_per_second: expected a number of at most 3" in bound
    assert project["properties"]["requests_per_second"]["maximum"] == 7
    assert limits == "Limits(max_expansion=2, max_bytes=9000000000)"


ONE_MORE = {
    "    limit: int | None = option(": """    trial: str | None = option(
        None, "Try it.", metavar="WORD", example="w", profile="input", profile_help="A trial. As `--trial`."
    )
    limit: int | None = option("""
}


def test_one_declaration_is_all_that_a_new_option_needs_to_be_typed_written_layered_and_explained(
    tmp_path: Path, desk: Desk
) -> None:
    (desk.folder / "p.toml").write_text("profile = 1\n[input]\ntrial = 'p'\n", encoding="utf-8")
    (desk.folder / "q.toml").write_text("profile = 1\n[input]\ntrial = 1\n", encoding="utf-8")
    (desk.folder / "infl-seg.toml").write_text("trial = 'x'\n", encoding="utf-8")
    outputs, project, profile, _ = outputs_of(
        desk.folder,
        edited(tmp_path, ONE_MORE),
        "validate --help-all",
        "validate a.csv",
        "validate a.csv --trial y",
        "validate a.csv --profile p.toml",
        "validate a.csv --profile q.toml",
        "validate a.csv --trial --map",
        "validate a.csv --timezone --trial",
        "validate a.csv --triall y",
    )
    idle = "project infl-seg.toml sets nothing that the command or the profile does not say"
    for said, expected in zip(
        outputs,
        (
            *("--trial WORD Try it.", "project infl-seg.toml sets trial = x", idle, idle),
            *(
                "input.trial: expected text, found a number",
                "--trial has no value: the option --map follows it",
            ),
            *("--timezone has no value: the option --trial follows it", "did you mean --trial?"),
        ),
        strict=True,
    ):
        assert expected in said
    assert "for example --trial w" in outputs[5]
    declared = {"description": "A trial. As `--trial`.", "minLength": 1, "type": "string"}
    assert project["properties"]["trial"] == profile["$defs"]["Input"]["properties"]["trial"] == declared
