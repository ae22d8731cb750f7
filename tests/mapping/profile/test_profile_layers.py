"""Profiles that extend another: one rule of layers, and every way that leads nowhere refused in words."""

from pathlib import Path
from typing import Any

import pytest

from inflection_cli.errors import SettingsFileFaults, UsageError
from inflection_cli.mapping.profile import preset_files
from inflection_cli.mapping.profile.preset_files import PresetVersion, preset_names
from inflection_cli.mapping.profile.profile_file import read_profile
from inflection_cli.mapping.profile.profile_schema import Profile

BASE = """
profile = 1
[input]
records = "data"
encoding = "windows-1252"
[fields]
userId = { columns = ["a", "b"] }
event = { column = "e", values = { x = "Email Opened", y = "Link Clicked" } }
ip = "ip"
email = "mail"
timestamp = "t"
[properties]
one = "1"
two = { column = "2", type = "number" }
[columns]
drop = ["c", "d"]
[options]
user_id_from = "email"
unknown_events = "skip"
[[event]]
when = { column = "k", filled = true }
[[event]]
when = { column = "k", filled = false }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def read(text: str, name: str = "own.toml") -> Profile:
    return read_profile(write(name, f"profile = 1\n{text}"), {})


def refusal(text: str) -> str:
    """Everything that is said about a profile that is refused."""
    with pytest.raises(UsageError) as caught:
        read(text)
    faults = caught.value.faults if isinstance(caught.value, SettingsFileFaults) else ()
    return "\n".join(
        [caught.value.message, caught.value.hint or "", *(f"{n}: {words}" for n, words in faults)]
    )


def test_each_key_of_a_table_is_the_own_one_or_else_that_of_the_base() -> None:
    write("base.toml", BASE)
    found = read(
        'extends = "base.toml"\n[input]\nencoding = "utf-8"\n[fields]\nuserId = "id"\n[properties]\n'
        'two = "other"\nthree = "3"\n[options]\nunknown_events = "reject"\n[context]\nfrom = "here"\n'
    )
    base = read_profile("base.toml", {})
    assert (found.options.encoding, found.options.records) == ("utf-8", "data")
    assert (found.options.user_id_from, str(found.options.unknown_events)) == ("email", "reject")
    # A field is one key: nothing of the base's `columns` is left in it.
    assert found.fields.userId is not None
    assert (found.fields.userId.column, found.fields.userId.columns) == ("id", [])
    assert (found.fields.event, found.fields.ip) == (base.fields.event, base.fields.ip)
    assert {name: (cell.column, cell.type) for name, cell in found.properties.items()} == {
        "one": ("1", None),
        "two": ("other", None),
        "three": ("3", None),
    }
    assert (found.events, found.drop, found.context) == (base.events, base.drop, {"from": "here"})


def test_a_list_is_replaced_as_a_whole() -> None:
    write("base.toml", BASE)
    found = read('extends = "base.toml"\n[columns]\ndrop = ["z"]\n[[event]]\nname = "Email Opened"\n')
    assert found.drop == ("z",)
    assert [event.name for event in found.events] == ["Email Opened"]


def test_without_removes_keys_and_whole_tables_of_the_base() -> None:
    write("base.toml", BASE)
    found = read(
        'extends = "base.toml"\nwithout = ["fields.ip", "options.user_id_from", "event", "properties"]\n'
    )
    assert (found.fields.ip, found.options.user_id_from) == (None, None)
    assert (found.events, dict(found.properties)) == ((), {})
    assert found.fields.email is not None


def test_a_key_that_the_base_has_not_cannot_be_removed() -> None:
    write("base.toml", BASE)
    said = refusal('extends = "base.toml"\nwithout = ["event",\n "fields.ipp"]\n')
    assert "without[2]: base.toml has no fields.ipp; did you mean fields.ip?" in said


def test_layers_may_be_several_and_the_nearest_wins() -> None:
    write("sub/base.toml", BASE)
    write("sub/middle.toml", 'profile = 1\nextends = "base.toml"\n[fields]\nip = "ip2"\ncampaign_id = "c2"\n')
    found = read('extends = "sub/middle.toml"\n[fields]\ncampaign_id = "c3"\n')
    cells = {name: cell.column for name, cell in found.fields.cells.items()}
    assert (cells["ip"], cells["campaign_id"], cells["email"]) == ("ip2", "c3", "mail")


def test_the_files_of_lookup_tables_stay_where_the_base_has_them() -> None:
    table = '[lookup.campaigns]\nfile = "names.csv"\nkey = "id"\n'
    write("sub/base.toml", f"profile = 1\n{table}")
    found = read('extends = "sub/base.toml"\n')
    assert found.lookups["campaigns"].file == str(Path("sub/names.csv"))


@pytest.mark.parametrize(
    ("files", "chain"),
    [
        ({"own.toml": "own.toml"}, "own.toml"),
        ({"own.toml": "b.toml", "b.toml": "./own.toml"}, "./own.toml"),
        ({"own.toml": "b.toml", "b.toml": "c.toml", "c.toml": "b.toml"}, "b.toml"),
    ],
)
def test_a_circle_is_refused_with_the_file_that_closes_it(files: dict[str, str], chain: str) -> None:
    for name, base in files.items():
        write(name, f'profile = 1\nextends = "{base}"\n')
    said = refusal(f'extends = "{files["own.toml"]}"\n')
    assert f"extends = “{chain}” leads back to a profile that extends it" in said


def test_a_long_chain_is_refused_before_it_is_read_to_its_end() -> None:
    for number in range(40):
        write(f"p{number}.toml", f'profile = 1\nextends = "p{number + 1}.toml"\n')
    assert "extends leads through more than 8 files" in refusal('extends = "p0.toml"\n')


@pytest.mark.parametrize("named", ["../outside.toml", "/etc/hosts", "sub/../../outside.toml", "link.toml"])
def test_a_base_outside_of_the_folder_is_refused(named: str, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.toml"
    outside.write_text("secret = 1\n", encoding="utf-8")
    Path("link.toml").symlink_to(outside)
    said = refusal(f'extends = "{named}"\n')
    assert f"extends = “{named}” leads out of the profile's folder" in said
    assert "secret" not in said


def test_an_unknown_preset_is_refused_with_the_nearest_names() -> None:
    said = refusal('extends = "preset:sendgrid-event"\n')
    assert "there is no preset “sendgrid-event”" in said
    assert "did you mean sendgrid-events?" in said
    assert "infl-seg presets list" in said


@pytest.mark.parametrize(
    "name", ["", "../sendgrid-events", "sendgrid-events/../sendgrid-events", "x" * 500, "a\0b"]
)
def test_the_name_of_a_preset_is_never_a_path(name: str) -> None:
    with pytest.raises(UsageError, match="there is no preset"):
        read_profile(f"preset:{name}", {})


def test_a_fault_of_the_base_is_told_with_the_base_and_one_of_both_with_its_place() -> None:
    write("base.toml", 'profile = 1\n[fields]\nuserid = "x"\n')
    said = refusal('extends = "base.toml"\n')
    assert "the profile base.toml has a fault" in said
    write("base.toml", 'profile = 1\n[fields]\nuserId = { column = "x", hash = "sha256" }\n')
    said = refusal('extends = "base.toml"\n[time]\nzone = "Mars/Base"\n')
    assert "the profile own.toml has 2 faults" in said
    assert "(in what the profile extends)" in said
    assert "4: time.zone" in said


def test_a_file_that_extends_another_still_states_its_own_version() -> None:
    write("base.toml", BASE)
    write("own.toml", 'extends = "base.toml"\n')
    with pytest.raises(SettingsFileFaults) as caught:
        read_profile("own.toml", {})
    assert "profile" in str(caught.value.faults)


def test_the_digest_tells_of_a_change_in_any_layer() -> None:
    write("base.toml", BASE)
    first = read('extends = "base.toml"\n')
    write("base.toml", BASE + "# another\n")
    second = read('extends = "base.toml"\n')
    assert first.digest != second.digest
    assert read_profile("base.toml", {}).digest != second.digest


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_sound_profile_and_names_itself(name: str) -> None:
    found = read_profile(f"preset:{name}", {})
    assert found.preset is not None
    assert found.preset.name == name
    extended = read(f'extends = "preset:{name}"\n')
    assert extended.preset == found.preset
    assert (extended.fields, extended.events, extended.options) == (found.fields, found.events, found.options)


def test_a_preset_in_another_version_has_another_digest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = '[preset]\nversion = {n}\ntitle = "t"\npage = "https://v.example"\n[fields]\nuserId = "a"\n'
    monkeypatch.setattr(preset_files, "FOLDER", tmp_path / "presets")
    seen: list[Any] = []
    for number in (1, 2):
        write("presets/acme/preset.toml", "profile = 1\n" + head.format(n=number))
        found = read('extends = "preset:acme"\n')
        seen.append((found.preset, found.digest))
    assert [version for version, _ in seen] == [PresetVersion("acme", 1), PresetVersion("acme", 2)]
    assert seen[0][1] != seen[1][1]
