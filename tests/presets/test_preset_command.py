"""`--preset`, `infl-seg presets`, and what a run remembers of a preset."""

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from command_support import CAMPAIGN, Desk, Result, opened, to
from golden_support import line
from sendgrid_events import LINES

from inflection_cli.inspecting.preset_recognition import recognise
from inflection_cli.mapping.profile import preset_files
from inflection_cli.mapping.profile.preset_files import PresetFile, preset_file
from inflection_cli.reading import ReadOptions, find
from inflection_cli.sandbox import Sandbox, Settings, serve

HERE = Path(__file__).parent
EXTENDING = 'profile = 1\nextends = "preset:sendgrid-events"\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk.at(tmp_path, monkeypatch)
    (tmp_path / "a.ndjson").write_text("".join(f"{line(each)}\n" for each in LINES), encoding="utf-8")
    return made


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings()) as running:
        yield running


@pytest.fixture
def own_presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the presets that a test may change."""
    folder = tmp_path / "presets"
    shutil.copytree(preset_files.FOLDER, folder)
    monkeypatch.setattr(preset_files, "FOLDER", folder)
    return folder


def validated(desk: Desk, *words: str) -> Result:
    return desk.run("validate", "a.ndjson", *words, "--json")


# --- the option ----------------------------------------------------------------------------------


def test_an_unknown_preset_is_refused_with_the_nearest_name(desk: Desk) -> None:
    done = desk.run("validate", "a.ndjson", "--preset", "sendgrid-event")
    assert (done.code, done.out) == (2, "")
    assert "there is no preset “sendgrid-event”" in done.err
    assert "did you mean sendgrid-events?" in done.err
    assert "klaviyo-events" in desk.run("validate", "a.ndjson", "--preset", "klaviyo").err


def test_a_preset_beside_a_profile_is_refused_unless_the_profile_extends_it(desk: Desk) -> None:
    Path("own.toml").write_text(EXTENDING, encoding="utf-8")
    Path("other.toml").write_text('profile = 1\nextends = "preset:klaviyo-events"\n', encoding="utf-8")
    Path("none.toml").write_text('profile = 1\n[fields]\nuserId = "email"\n', encoding="utf-8")
    assert validated(desk, "--preset", "sendgrid-events", "--profile", "own.toml").code == 0
    for name in ("other.toml", "none.toml"):
        refused = desk.run("validate", "a.ndjson", "--preset", "sendgrid-events", "--profile", name)
        assert refused.code == 2
        assert f"--preset sendgrid-events and --profile {name} are two mappings of one export" in refused.err
        assert 'extends = "preset:sendgrid-events"' in refused.err


def test_a_project_file_names_a_preset_in_the_place_of_a_profile(desk: Desk) -> None:
    Path("infl-seg.toml").write_text('preset = "sendgrid-events"\n', encoding="utf-8")
    report = validated(desk).json
    assert (report["exit_code"], report["rows"]["mapped"]) == (0, 7)
    assert report["profile"]["path"] == "preset:sendgrid-events"
    assert report["project_file"]["settings"] == {"preset": "sendgrid-events"}
    # A flag of the one kind beats the file's other kind.
    Path("own.toml").write_text(EXTENDING, encoding="utf-8")
    assert validated(desk, "--profile", "own.toml").json["profile"]["path"] == "own.toml"
    fields = 'userId = "email"\nevent = "event"\ntimestamp = "timestamp"\n'
    Path("none.toml").write_text(f"profile = 1\n[fields]\n{fields}", encoding="utf-8")
    assert validated(desk, "--profile", "none.toml").json["profile"]["path"] == "none.toml"
    Path("infl-seg.toml").write_text('profile = "own.toml"\n', encoding="utf-8")
    named = validated(desk, "--preset", "sendgrid-events").json
    assert named["profile"]["path"] == "preset:sendgrid-events"
    assert named["project_file"]["settings"] == {}


def test_a_project_file_with_both_is_refused(desk: Desk) -> None:
    Path("infl-seg.toml").write_text('preset = "sendgrid-events"\nprofile = "own.toml"\n', encoding="utf-8")
    refused = desk.run("validate", "a.ndjson")
    assert refused.code == 2
    assert "line 1: preset: profile is set too" in refused.err


def test_some_files_of_a_run_can_have_a_preset(desk: Desk) -> None:
    desk.file("b.csv", opened("u1"))
    report = desk.run(
        "validate", "a.ndjson", "b.csv", "--profile-for", "a.*=preset:sendgrid-events", "--json"
    ).json
    assert (report["exit_code"], report["rows"]["mapped"]) == (0, 8)
    # The preset of the run is not that of files with a profile of their own.
    Path("own.toml").write_text('profile = 1\n[time]\nzone = "UTC"\n', encoding="utf-8")
    words = ("--preset", "sendgrid-events", "--profile-for", "b.csv=own.toml")
    assert desk.run("validate", "a.ndjson", "b.csv", *words, "--json").json["rows"]["mapped"] == 8


def test_check_profile_takes_a_preset_and_a_profile_that_extends_one(desk: Desk) -> None:
    Path("own.toml").write_text(EXTENDING, encoding="utf-8")
    assert desk.run("check-profile", "own.toml", "preset:sendgrid-events").code == 0
    Path("own.toml").write_text(EXTENDING + 'without = ["fields.nothing"]\n', encoding="utf-8")
    refused = desk.run("check-profile", "own.toml")
    assert refused.code == 1
    assert "line 3: without[1]: preset:sendgrid-events has no fields.nothing" in refused.err


# --- infl-seg presets ----------------------------------------------------------------------------


def test_list_has_every_preset_with_the_page_that_it_follows(desk: Desk) -> None:
    listed, report = desk.run("presets", "list"), desk.run("presets", "list", "--json").json
    names = preset_files.preset_names()
    assert [each["name"] for each in report["presets"]] == names
    assert len(names) >= 3
    for each in report["presets"]:
        assert each["name"] in listed.out
        assert each["page"] in listed.out


def test_show_prints_the_preset_as_it_is(desk: Desk) -> None:
    text = (preset_files.FOLDER / "klaviyo-events" / "preset.toml").read_text(encoding="utf-8")
    shown, report = (
        desk.run("presets", "show", "klaviyo-events"),
        desk.run("presets", "show", "klaviyo-events", "--json"),
    )
    assert (shown.code, report.json["preset"]["profile"]) == (0, text)
    assert shown.out.startswith("klaviyo-events, version 1: Klaviyo events")
    assert all(each in shown.out for each in text.splitlines())
    assert desk.run("presets", "show", "nothing").code == 2


def test_save_writes_a_profile_and_replaces_nothing_unasked(desk: Desk) -> None:
    assert desk.run("presets", "save", "sendgrid-events").code == 0
    saved = Path("sendgrid-events.profile.toml")
    assert validated(desk, "--profile", str(saved)).json["rows"]["mapped"] == 7
    saved.write_text("mine", encoding="utf-8")
    refused = desk.run("presets", "save", "sendgrid-events")
    assert refused.code == 2
    assert saved.read_text(encoding="utf-8") == "mine"
    command = "infl-seg presets save sendgrid-events sendgrid-events.profile.toml --force"
    assert command in " ".join(refused.err.split())
    assert desk.run(*command.split()[1:], "--json").json["saved"] == str(saved)
    assert validated(desk, "--profile", str(saved)).code == 0
    Path("folder").mkdir()
    for place in ("-", "folder"):
        assert desk.run("presets", "save", "sendgrid-events", place, "--force").code == 2
    assert desk.run("presets", "save", "sendgrid-events", "folder/none/x.toml").code == 4


# --- what a run remembers ------------------------------------------------------------------------


def renumbered(folder: Path, version: int, text: str = "", instead: str = "") -> None:
    """Publish another version of the preset."""
    path = folder / "sendgrid-events" / "preset.toml"
    before = path.read_text(encoding="utf-8")
    assert f"version = {version - 1}\n" in before
    assert text in before
    path.write_text(
        before.replace(f"version = {version - 1}\n", f"version = {version}\n").replace(text, instead), "utf-8"
    )


def sent(desk: Desk, sandbox: Sandbox, *words: str) -> str:
    done = desk.run("backfill", "a.ndjson", *words, *to(sandbox.url), "--json")
    assert done.code == 0, done.err
    return str(done.json["run_id"])


def planned(desk: Desk, sandbox: Sandbox, *words: str) -> Result:
    key = [word for word in to(sandbox.url) if word != "--yes"]
    return desk.run("backfill", *words, "--dry-run", *key)


def test_a_run_keeps_the_name_and_version_of_its_preset(desk: Desk, sandbox: Sandbox) -> None:
    sent(desk, sandbox, "--preset", "sendgrid-events")
    assert "preset    sendgrid-events, version 1" in desk.run("runs", "show", "last").out
    shown = desk.run("runs", "show", "last", "--json").json["run"]
    assert shown["options"]["profile"]["preset"] == {"name": "sendgrid-events", "version": 1}
    assert desk.run("runs", "verify", "a.ndjson").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--preset", "sendgrid-events"), ("--profile", "own.toml")])
def test_another_version_of_the_preset_is_told_with_both_versions_and_the_run(
    words: tuple[str, str], desk: Desk, sandbox: Sandbox, own_presets: Path
) -> None:
    Path("own.toml").write_text(EXTENDING, encoding="utf-8")
    run_id = sent(desk, sandbox, *words)
    assert "an earlier run" not in planned(desk, sandbox, "a.ndjson", *words).err
    renumbered(own_presets, 2, 'event_id = "sg_event_id"\n', "")
    said = planned(desk, sandbox, "a.ndjson", *words)
    note = (
        f"an earlier run of this file ({run_id}) used version 1 of the preset sendgrid-events. This run uses "
        "version 2: its events could get other ids"
    )
    assert note in said.err
    assert (
        note
        in desk.run("backfill", "a.ndjson", *words, "--dry-run", "--json", *to(sandbox.url)).json[
            "bound_otherwise"
        ]
    )
    # Exports may overlap, so another file of the same preset is no reason for silence.
    Path("b.ndjson").write_bytes(Path("a.ndjson").read_bytes().splitlines(keepends=True)[-2])
    assert (
        f"an earlier run of other files ({run_id}) used version 1"
        in planned(desk, sandbox, "b.ndjson", *words).err
    )
    refused = desk.run("runs", "verify", "a.ndjson")
    assert refused.code == 2
    assert (
        "the run used the preset sendgrid-events, version 1; this program has sendgrid-events, version 2"
        in refused.err
    )


@pytest.mark.slow
def test_a_run_under_another_label_is_no_reason_for_a_note(
    desk: Desk, sandbox: Sandbox, own_presets: Path
) -> None:
    sent(desk, sandbox, "--preset", "sendgrid-events", "--again", "second")
    renumbered(own_presets, 2, 'event_id = "sg_event_id"\n', "")
    assert "an earlier run" not in planned(desk, sandbox, "a.ndjson", "--preset", "sendgrid-events").err
    words = ("a.ndjson", "--preset", "sendgrid-events", "--again", "second")
    assert "used version 1" in planned(desk, sandbox, *words).err


# --- recognition ---------------------------------------------------------------------------------

SHAPE = {"columns": ["kind", "who.id"], "values": {"kind": ["Open", "click"]}}


def acme(*shapes: Mapping[str, object], name: str = "acme") -> tuple[PresetFile, ReadOptions]:
    head = {"version": 1, "title": "Acme", "page": "https://acme.example", "recognise": [*shapes]}
    return PresetFile(name, {"preset": head}), ReadOptions()


def proposed(text: str, *presets: tuple[PresetFile, ReadOptions], name: str = "x.ndjson") -> str | None:
    Path(name).write_text(text, encoding="utf-8")
    (found,) = find([name])
    match = recognise(found, presets)
    return None if match is None else match[0].name


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('{"kind": "OPEN ", "who": {"id": 7}}', True),
        ('{"kind": "x", "who": {"id": 7}}\n{"kind": "click"}', True),
        ('{"kind": "x", "who": {"id": 7}}', False),
        ('{"kind": "open", "who": {"name": "a"}}', False),
        ('{"kind": "open", "who": "id"}', False),
        ('{"kind": "open", "who": {"id": null}}', False),
        ('{"who": {"id": 7}}', False),
        ("", False),
    ],
)
def test_a_file_is_recognised_by_all_columns_and_one_value(text: str, is_one: bool) -> None:
    assert (proposed(text, acme(SHAPE)) == "acme") is is_one


@pytest.mark.usefixtures("desk")
def test_a_column_of_csv_counts_without_a_cell_but_its_values_do_not() -> None:
    named = acme({"columns": ["kind", "note"]})
    valued = acme({"columns": ["kind"], "values": {"note": ["a"]}})
    assert proposed("kind,note\nopen,\n", named, name="x.csv") == "acme"
    assert proposed("kind,note\nopen,\n", valued, name="x.csv") is None


@pytest.mark.usefixtures("desk")
def test_any_shape_of_a_preset_is_enough_and_two_presets_are_none() -> None:
    text = '{"kind": "open", "who": {"id": 7}}'
    assert proposed(text, acme({"columns": ["other"]}, SHAPE)) == "acme"
    assert proposed(text, acme(SHAPE), acme({"columns": ["kind"]}, name="other")) is None


@pytest.mark.usefixtures("desk")
def test_a_document_without_the_keys_is_not_searched_for_a_list_of_records() -> None:
    preset, _ = acme({"columns": ["kind", "^.who"]})
    reading = ReadOptions(records="pages.items")
    page = '{"who": 1, "items": [{"kind": "open"}]}'
    assert proposed(f'{{"pages": [{page}]}}', (preset, reading)) == "acme"
    # The keys stand behind the first 64 KB: such a file may be of any size.
    assert proposed(f'{{"x": "{"y" * 70_000}", "pages": [{page}]}}', (preset, reading)) is None


def test_inspect_names_the_preset_and_the_command_in_words(desk: Desk) -> None:
    said = desk.run("inspect", "a.ndjson").out
    assert "preset    sendgrid-events: SendGrid Event Webhook" in said
    assert "the file has “sg_event_id”, “event”, “timestamp”, “email”" in said
    assert "“event” has “processed”, “deferred”, “delivered”" in said
    assert "Next: infl-seg validate FILE --preset sendgrid-events" in said
    assert desk.run("validate", "a.ndjson", "--preset", "sendgrid-events").code == 0


def test_inspect_proposes_no_preset_for_inflections_own_export_or_under_a_profile(desk: Desk) -> None:
    assert desk.run("inspect", CAMPAIGN, "--json").json["files"][0]["preset"] is None
    report = desk.run("inspect", "a.ndjson", "--preset", "sendgrid-events", "--json").json
    assert report["files"][0]["preset"] is None
    assert report["files"][0]["missing"] == []


# --- a draft of a file that a preset fits --------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["inspect a.ndjson --limit 5 --save a.profile.toml", "init a.ndjson", "init a.ndjson --no-input"]
)
def test_a_draft_extends_the_preset_that_fits_and_has_no_line_to_fill_in(words: str, desk: Desk) -> None:
    said = desk.run(*words.split()).out
    text = Path("a.profile.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {"profile": 1, "extends": "preset:sendgrid-events"}
    assert "# The preset sends the address as userId.\n" in text
    assert "it sends the address as userId" in said
    assert "The profile extends the preset sendgrid-events; --no-preset drafts every line. Next:" in said
    by_preset = validated(desk, "--preset", "sendgrid-events").json
    by_draft = validated(desk, "--profile", "a.profile.toml").json
    assert by_draft["rows"]["mapped"] == 7
    assert by_draft["by_event"] == by_preset["by_event"]
    report = desk.run(*words.split(), "--json", "--force").json
    assert (report["extends"], report["to_fill_in"]) == ("sendgrid-events", [])


@pytest.mark.parametrize("words", ["--no-preset", "--user-id-from email", "--map userId=email"])
def test_a_draft_has_every_line_where_it_is_asked_for_or_options_map_the_file(words: str, desk: Desk) -> None:
    report = desk.run("inspect", "a.ndjson", *words.split(), "--save", "a.profile.toml", "--json").json
    found = tomllib.loads(Path("a.profile.toml").read_text(encoding="utf-8"))
    assert report["extends"] is None
    assert "extends" not in found
    assert found["fields"]["event"] == "event"


def test_no_preset_looks_for_none(desk: Desk) -> None:
    assert desk.run("inspect", "a.ndjson", "--no-preset", "--json").json["files"][0]["preset"] is None
    assert "FILL IN" in Path(drafted(desk, "init", "a.ndjson", "--no-preset")).read_text(encoding="utf-8")


def drafted(desk: Desk, *words: str) -> str:
    assert desk.run(*words).code == 0
    return "a.profile.toml"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("marketo-activities", "“leadId” or “lead.id” as personId"),
        ("iterable-events", "“userId” as userId and the address as userId where a row has no other"),
        ("sfmc-tracking", "“SubscriberKey” as userId"),
    ],
)
def test_a_proposal_says_which_person_the_preset_sends(name: str, words: str, desk: Desk) -> None:
    (path, *_) = sorted((HERE / name).glob("export*"))
    assert desk.run("inspect", str(path), "--json").json["files"][0]["preset"]["person"] == words


# --- single presets ------------------------------------------------------------------------------


def test_sendgrids_own_id_of_a_person_takes_the_place_of_the_address(desk: Desk) -> None:
    Path("a.ndjson").write_text(line({**LINES[2], "user_id": "u-1"}) + "\n" + line(LINES[3]) + "\n")
    Path("own.toml").write_text(
        EXTENDING + 'without = ["fields.email", "options.user_id_from"]\n[fields]\nuserId = "user_id"\n'
    )
    words = ("--profile", "own.toml", "--max-errors", "1", "--dry-run", "--out", "m.ndjson")
    desk.run("backfill", "a.ndjson", *words)
    # Nobody is two people: without the id a row is rejected, and does not fall back on the address.
    assert [each["userId"] for each in desk.messages("m.ndjson")] == ["u-1"]
    assert preset_file("sendgrid-events").raw["options"]["user_id_from"] == "email"


def test_a_preset_may_be_named_with_its_prefix(desk: Desk) -> None:
    assert (
        desk.run("presets", "show", "preset:ses-events").out == desk.run("presets", "show", "ses-events").out
    )
    assert (
        validated(desk, "--preset", "preset:sendgrid-events").json["profile"]
        == (validated(desk, "--preset", "sendgrid-events").json["profile"])
    )
