"""Profiles and project files that came with somebody's pull request: what they cannot do, seen on every stream."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import KEY, Desk, Result, opened

from inflection_cli.sandbox import Sandbox, Settings, serve

SECRET = "hunter2-of-another-file"
FORMATS = ("text", "json", "github", "junit", "sarif")
HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
# Escape codes, a carriage return, a line's end, marks that turn text around; commands of CI runners; markup.
NASTY = (
    "\\u001b]0;owned\\u0007\\u001b[2K\\rall well\\u009b31m\\u202Ever\\u2066\\u2028x\\n::error file=a.csv::forged",
    "::set-output name=a::b ##[error]forged",
    "</system-out><failure>forged</failure>",
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    (tmp_path / "repo").mkdir()
    desk = Desk.at(tmp_path / "repo", monkeypatch)
    desk.file("a.csv", opened("u1"), opened("u2", 3))
    return desk


def write(desk: Desk, name: str, text: str) -> None:
    (desk.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (desk.folder / name).write_text(text, encoding="utf-8")


def every_way(desk: Desk, *words: str) -> Iterator[Result]:
    """The same validation, told in every form there is."""
    yield desk.run("validate", "a.csv", "--verbose", *words)
    yield desk.run("validate", "a.csv", "--json", *words)
    for form in FORMATS:
        yield desk.run("validate", "a.csv", "--report", form, *words)


def assert_harmless(done: Result) -> None:
    """No stream steers a terminal or gives a CI runner a command of somebody else's."""
    for stream in (done.out, done.err):
        assert not HARMFUL.search(stream), stream
        assert "##[" not in stream
        for line in re.split(r"[\n\r]", stream):
            forged = line.lstrip().startswith("::") and "title=infl-seg" not in line.partition("::")[2][:200]
            assert not forged, line
    assert "Traceback" not in done.err
    assert "<failure>forged" not in done.out or not done.out.startswith("<?xml")


# --- the key, and where it goes ------------------------------------------------------------------


@pytest.fixture
def evil() -> Iterator[Sandbox]:
    with serve(Settings()) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ["infl-seg.toml", "p.toml"])
@pytest.mark.parametrize(
    "text",
    [
        "endpoint = '{url}'",
        "'endpoint' = '{url}'",
        "[options]\nendpoint = '{url}'",
        "[destination]\nendpoint = '{url}'",
        "region = '{url}'",
        "HTTPS_PROXY = '{url}'",
        "[set]\nendpoint = '{url}'",
        "context = {{ endpoint = '{url}' }}\nwrite-key-file = '/etc/passwd'",
    ],
)
def test_no_file_sends_the_key_elsewhere(
    desk: Desk, evil: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    write(
        desk,
        name,
        text.format(url=evil.url) if name != "p.toml" else f"profile = 1\n{text.format(url=evil.url)}",
    )
    words = ("--profile", "p.toml") if name == "p.toml" else ()
    with serve(Settings()) as meant:
        done = desk.run("backfill", "a.csv", "--endpoint", meant.url, "--yes", *words)
        assert done.code == 2
        assert KEY not in done.out + done.err
        assert (meant.stats()["requests"], evil.stats()["requests"]) == (0, 0)


@pytest.mark.parametrize("word", ["SEGMENT_WRITE_KEY", "AWS_SECRET_ACCESS_KEY", "INFL_SEG_SALT\\nX"])
def test_no_profile_hashes_a_secret_of_the_environment_into_ids(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    write(
        desk,
        "p.toml",
        f'profile = 1\n[fields]\nuserId = {{ column = "userId", hash = "sha256", salt_env = "{word}" }}',
    )
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 2
        assert SECRET not in done.out + done.err
        assert_harmless(done)


def test_a_salt_is_on_no_stream(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", SECRET)
    field = '{ column = "userId", hash = "sha256", salt_env = "INFL_SEG_SALT" }'
    named = 'event = "event"\ntimestamp = "timestamp"\n'
    write(desk, "p.toml", f"profile = 1\n[fields]\nuserId = {field}\n{named}")
    for done in every_way(desk, "--profile", "p.toml", "--show-values"):
        assert done.code == 0
        assert SECRET not in done.out + done.err
    write(desk, "p.toml", f"profile = 1\n[fields]\nuserId = {field}\nx = {field}")
    for done in every_way(desk, "--profile", "p.toml", "--show-values"):
        assert done.code == 2
        assert SECRET not in done.out + done.err


# --- other files ---------------------------------------------------------------------------------


@pytest.fixture
def outside(desk: Desk) -> Path:
    """A file beside the repository, which is a sound profile but for a secret in it."""
    path = desk.folder.parent / "outside.toml"
    path.write_text(f"profile = 1\n[time]\nzone = '{SECRET}'\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("way", ["above", "absolute", "link", "linked folder", "home", "nul"])
def test_a_project_file_names_no_profile_outside_its_folder(desk: Desk, outside: Path, way: str) -> None:
    named = {
        "above": "../outside.toml",
        "absolute": str(outside),
        "link": "link.toml",
        "linked folder": "folder/outside.toml",
        "home": "~/outside.toml",
        "nul": "p\\u0000.toml",
    }[way]
    (desk.folder / "link.toml").symlink_to(outside)
    (desk.folder / "folder").symlink_to(outside.parent)
    write(desk, "infl-seg.toml", f'profile = "{named}"')
    for done in every_way(desk):
        assert done.code == 2
        assert SECRET not in done.out + done.err
        assert_harmless(done)
    said = desk.run("validate", "a.csv").err
    assert "leads out of the project file's folder" in said or way in {"home", "nul"}


def test_a_project_file_that_is_a_link_to_elsewhere_is_not_read(desk: Desk, outside: Path) -> None:
    (desk.folder / "infl-seg.toml").symlink_to(outside)
    done = desk.run("validate", "a.csv")
    assert (done.code, "is a link that leads out of its folder" in done.err) == (2, True)
    assert SECRET not in done.out + done.err
    assert desk.run("validate", "a.csv", "--no-project").code == 0


@pytest.mark.parametrize(
    "content", [f"password: {SECRET}", f"[default]\naws_secret = {SECRET}", f"{SECRET}\n"]
)
def test_a_profile_that_is_a_link_to_another_file_shows_nothing_of_it(desk: Desk, content: str) -> None:
    other = desk.folder.parent / "other"
    other.write_text(content, encoding="utf-8")
    (desk.folder / "p.toml").symlink_to(other)
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 2
        assert SECRET not in done.out + done.err


@pytest.mark.slow
def test_a_pipe_or_a_device_is_refused_at_once(desk: Desk) -> None:
    os.mkfifo(desk.folder / "pipe.toml")
    for name in ("pipe.toml", "/dev/zero", "."):
        assert desk.run("validate", "a.csv", "--profile", name).code == 2
    os.mkfifo(desk.folder / "infl-seg.toml")
    done = desk.spawn("validate", "a.csv")
    assert (done.code, "is not a file" in done.err) == (2, True)


# --- lies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nasty", NASTY)
def test_no_name_or_value_of_a_file_steers_a_terminal_or_forges_a_line(desk: Desk, nasty: str) -> None:
    write(
        desk,
        "p.toml",
        f'profile = 1\n"{nasty}" = 1\n[fields]\nuserId = "{nasty}"\nevent = {{ constant = "{nasty}" }}\n'
        f'[time]\nzone = "{nasty}"\nformat = "%{nasty}"\n[input]\nencoding = "{nasty}"\n'
        f'[properties]\n"{nasty}" = {{ constant = "x", type = "{nasty}" }}\n'
        f'[[event]]\nname = "{nasty}"\nwhen = {{ column = "x", equals = 1 }}\n',
    )
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 2
        assert_harmless(done)


@pytest.mark.parametrize("nasty", NASTY)
def test_what_a_project_file_sets_is_shown_harmless(desk: Desk, nasty: str) -> None:
    write(desk, "infl-seg.toml", f'event = ["Email Opened", "{nasty}"]\n[set]\ncampaign_name = "{nasty}"\n')
    for done in every_way(desk):
        assert done.code == 0, done.err
        assert_harmless(done)
        assert not any(line.lstrip().startswith("::error") for line in done.out.splitlines())


@pytest.mark.parametrize("nasty", NASTY)
def test_columns_and_events_that_a_profile_names_are_shown_harmless(desk: Desk, nasty: str) -> None:
    write(
        desk,
        "p.toml",
        'profile = 1\n[fields]\nuserId = "userId"\ntimestamp = "timestamp"\n'
        f'campaign_name = {{ constant = "{nasty}" }}\n[properties]\n'
        f'"a{nasty}" = {{ constant = "x" }}\n[[event]]\nname = "{nasty}"\n[options]\nunknown_events = "send"\n'
        f'[context]\n"{nasty}" = "x"\n[integrations]\n"{nasty}" = false\n',
    )
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 0, done.err
        assert_harmless(done)
    write(desk, "p.toml", f'profile = 1\n[fields]\nuserId = "{nasty}"\n')
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 4
        assert_harmless(done)


def test_a_file_of_names_without_end_is_cut_short_everywhere(desk: Desk) -> None:
    long = "n" * 50_000
    write(
        desk,
        "p.toml",
        f'profile = 1\n{long} = 1\n[fields]\nevent = {{ constant = "{long}" }}\n[time]\nzone = "{long}"',
    )
    for done in every_way(desk, "--profile", "p.toml"):
        assert done.code == 2
        assert "n" * 1_001 not in done.out + done.err
    listed = ", ".join(f'"{n}{"p" * 50}"' for n in range(1_000))
    write(
        desk, "infl-seg.toml", f"property = [{listed}]\n[context]\n{long} = '{long}'\n[set]\nip = '{long}'\n"
    )
    assert desk.run("validate", "a.csv").code == 4
    write(
        desk,
        "infl-seg.toml",
        f"event = ['{long}', {listed}]\n[set]\nip = '{long[:9000]}'\n[map]\nuserId = 'userId'\n",
    )
    done = desk.run("validate", "a.csv")
    assert (done.code, len(done.out) < 5_000) == (0, True)
    assert f"{'n' * 59}…, 0{'p' * 50}" in done.out
    assert "and 996 more" in done.out


def test_nothing_long_hides_what_leaves_rows_out(desk: Desk) -> None:
    long = "n" * 900
    fields = (
        "email_id",
        "campaign_name",
        "campaign_run_id",
        "email_subject",
        "ip",
        "user_agent",
        "email_link_url",
    )
    write(
        desk,
        "infl-seg.toml",
        f"timestamp_format = '%Y-%m-%dT%H:%M:%SZ{'-' * 150}'\nuntil = '1999-01-01'\nevent = 'Email Bounced'\n"
        "[set]\n" + "".join(f"{name} = '{long}'\n" for name in fields),
    )
    (line,) = [
        line for line in desk.run("validate", "a.csv").out.splitlines() if line.startswith("  project ")
    ]
    assert "sets until = 1999-01-01; event = Email Bounced; " in line


def test_rows_that_a_project_file_leaves_out_are_told_in_every_form(desk: Desk) -> None:
    desk.file("a.csv", "Nonsense,u1,,e1,c1,2024-03-01T00:00:00Z")
    assert desk.run("validate", "a.csv").code == 1
    write(desk, "infl-seg.toml", 'unknown_events = "skip"\nevent = ["Email Bounced"]\n')
    for done in every_way(desk):
        assert done.code == 0
        said = done.out.replace('"read": 1', "1 read").replace('"filtered": 1', "1 filtered")
        assert "1 read" in said
        assert "1 filtered" in said
        assert "Email Bounced" in said
        assert "infl-seg.toml" in said


@pytest.mark.parametrize(
    "key", ["a." * 120_000 + "a = 1", "[" + "a." * 120_000 + "a]", "a = " + "[" * 200_000, "a={" * 80_000]
)
def test_a_file_made_to_exhaust_the_reader_is_refused_at_once(desk: Desk, key: str) -> None:
    write(desk, "infl-seg.toml", key)
    assert desk.run("validate", "a.csv").code == 2
