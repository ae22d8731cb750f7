"""Every command in the shell blocks of the documentation is run, block after block, page by page.

What would go to Segment goes to a sandbox on loopback; files that a page names are made up here, or stand on the page.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import FAST, KEY, PATIENCE_S, SAMPLES, Desk, Result

from inflection_cli.sandbox import Settings
from inflection_cli.sandbox.running import Sandbox, serve

ROOT = Path(__file__).resolve().parents[1]
OWN = {"formats.md": "tests/test_formats.py"}
"""Pages whose commands need files and places that a test of their own makes."""

PAGES = sorted({path.name for path in (ROOT / "docs").glob("*.md")} - OWN.keys())
BLOCK = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADER = "event,userId,personId,email_id,campaign_id,timestamp,Occurred At"
ROWS = [f"Email Opened,u{n},p{n},e1,c1,2024-03-01T00:{n:02}:00Z,2024-03-01 01:{n:02}:00" for n in range(10)]
BY_NAME = 'profile = 1\n[fields]\nevent = "event"\ntimestamp = "timestamp"\nuserId = "userId"\n'
SESSION = (
    '{"type":"track","event":"Email Opened","messageId":"m1","userId":"u1","anonymousId":"s1",'
    '"timestamp":"2024-03-01T00:00:00Z","properties":{"module":"Email"},"context":{"groupId":"acme"}}\n'
)
"""A ready message as Freshsuccess takes it."""

ELSEWHERE = {
    "uvx --from . infl-seg": (".ci/packages", 'uvx --from "$wheel" infl-seg backfill'),
    "uv tool install .": (".ci/packages", 'uv tool install --quiet "$wheel"'),
    "uv tool uninstall infl-seg": (".ci/packages", "uv tool uninstall --quiet infl-seg"),
    "uv tool install --force '.[excel]'": (
        ".ci/packages",
        'install --quiet "infl-seg[excel] @ file://$wheel"',
    ),
    "pipx install .": (".ci/packages", 'pipx install --quiet "$wheel"'),
    "pipx uninstall infl-seg": (".ci/packages", "pipx uninstall --quiet infl-seg"),
    "pipx install --force '.[excel]'": (".ci/packages", 'pipx install --quiet --force "$wheel[excel]"'),
    "~/infl-seg/bin/pip install '.[excel]'": (".ci/packages", '"$sdist[excel]"'),
    "pip install '.[cluster]'": ("tests/converting/test_cluster.py", "--cluster"),
    "infl-seg validate 'archive/*.csv.gz' --cluster": ("tests/converting/test_cluster.py", "--cluster"),
    "python3 -m venv": (".ci/packages", '"$python" -m venv "$scratch/plain"'),
    "~/infl-seg/bin/pip install .": (".ci/packages", 'install --quiet --disable-pip-version-check "$sdist"'),
    "~/infl-seg/bin/infl-seg --version": (".ci/packages", '"$scratch/plain/bin/infl-seg" --version'),
    ".venv/bin/python -m pytest": (".ci/run", "python -m pytest"),
    "docker build": ("tests/packaging/test_dockerfile.py", "build.step(name, value)"),
    "docker run": ("tests/packaging/test_dockerfile.py", "program = build.at("),
    "infl-seg --install-completion": ("tests/cli/test_completion.py", "infl-seg --install-completion"),
}
"""Commands that need a registry, a container tool or a shell of their own, and the place that runs them."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with each file that a page names."""
    desk = Desk.at(tmp_path, monkeypatch)
    for name in ("export.csv", "activity.csv"):
        desk.file(name, *ROWS, header=HEADER)
    for name in ("contacts.csv", "accounts.csv", "pages.ndjson", "archive.ndjson"):
        shutil.copy(SAMPLES / name, desk.folder)
    desk.file("pages.csv", "u1,Home,2024-03-01T00:00:00Z", header="userId,name,timestamp")
    desk.file("monday.csv", "1,u1,free", "2,u2,free", header="id,userId,plan")
    desk.file("friday.csv", "1,u1,paid", "3,u3,free", header="id,userId,plan")
    desk.file("audience.csv", "1,u1,free", "2,u2,free", header="Contact ID,userId,plan")
    (desk.folder / "samples").symlink_to(SAMPLES)
    (desk.folder / "key.txt").write_text(KEY, encoding="utf-8")
    for folder in ("exports", "profiles"):
        (desk.folder / folder).mkdir()
    shutil.copy(desk.folder / "export.csv", desk.folder / "exports" / "a.csv")
    for name, text in {
        "profiles/crm.toml": BY_NAME,
        "old.toml": BY_NAME,
        "activity.toml": BY_NAME,
        "contacts.toml": 'profile = 1\ntype = "identify"\n',
        "accounts.toml": 'profile = 1\ntype = "group"\n[options]\ngroup_anonymous_id = "account"\n',
        "pages.toml": 'profile = 1\ntype = "page"\n',
    }.items():
        (desk.folder / name).write_text(text, encoding="utf-8")
    return desk


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings()) as running:
        yield running


def commands(block: str) -> list[str]:
    """The lines of a shell block, continued ones as one, without comments."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"\s+# .*$", "", line).strip() for line in lines) if line]


def elsewhere(line: str) -> bool:
    """Whether another test runs a command; that it does is looked up there."""
    for start, (place, words) in ELSEWHERE.items():
        if line.startswith(start):
            assert words in (ROOT / place).read_text(encoding="utf-8"), (line, place)
            return True
    return False


def typed(words: list[str], sandbox: Sandbox) -> list[str]:
    """A command's words, with the sandbox for Segment."""
    stays = {"--dry-run", "--rehearse"} & {*words}
    if (words[0] in {"backfill", "replay"} or words[:2] == ["sync", "audience.csv"]) and not stays:
        return [*words, "--endpoint", sandbox.url, "--yes", "--dedup-window", "20", *FAST]
    if words[0] in {"send-test", "doctor"} and not stays:
        return [*words, "--endpoint", sandbox.url]
    return [*words, "--events-per-second", "0"] if "--rehearse" in words else words


def run(line: str, desk: Desk, sandbox: Sandbox) -> Result | None:
    """Run one line of a shell block."""
    if not line.startswith("infl-seg "):
        assert line.startswith("sed -i "), f"nothing runs: {line}"
        subprocess.run(["bash", "-c", line], cwd=desk.folder, check=True, timeout=PATIENCE_S)
        return None
    call, _, target = line.partition(" > ")
    words: list[str] = []
    for word in shlex.split(call)[1:]:
        found = sorted(path.as_posix() for path in Path().glob(word)) if "*" in word else []
        words += found or [word]
    done = desk.run(*typed(words, sandbox))
    if target:
        (desk.folder / target.strip()).write_text(done.out, encoding="utf-8")
    return done


def follow(text: str, desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> int:
    """Do what a page says; give the number of its commands."""
    count = 0
    for kind, title, body in BLOCK.findall(text):
        if title and kind != "yaml":
            (desk.folder / title).write_text(body, encoding="utf-8")
        # A script is run by the test of its page.
        for line in commands(body) if kind == "sh" and not body.startswith("#!") else ():
            count += 1
            if elsewhere(line):
                continue
            if line.startswith("export SEGMENT_WRITE_KEY="):
                monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
                continue
            done = run(line, desk, sandbox)
            assert done is None or done.code == 0, (line, done.out, done.err)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_the_page_says(
    page: str, desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page == "proof.md":  # this page begins after a run
        monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
        assert desk.run(*typed(["backfill", "export.csv"], sandbox)).code == 0
        (desk.folder / "warehouse.csv").write_text(desk.run("runs", "export", "last").out, encoding="utf-8")
    if page == "freshsuccess.md":  # the sample lacks what this destination asks for
        (desk.folder / "archive.ndjson").write_text(SESSION, encoding="utf-8")
    if page in {"freshsuccess.md", "resume-after-a-kill.md"}:
        monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    count = follow(text, desk, sandbox, monkeypatch)
    assert (count > 0) is ("```sh" in text)


@pytest.mark.slow
def test_every_command_of_the_readme_does_what_it_says(
    desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert follow((ROOT / "README.md").read_text(encoding="utf-8"), desk, sandbox, monkeypatch) >= 3


def unrun(text: str) -> list[str]:
    """Commands of a page that stand in a block of their own which nothing runs."""
    blocks = BLOCK.findall(text)
    rest = BLOCK.sub("", text)
    lines = [line.strip() for line in rest.splitlines() if line.startswith(("    ", "\t"))]
    lines += [
        line
        for kind, _, body in blocks
        if kind in {"", "text", "console", "bash", "shell"}
        for line in body.splitlines()
    ]
    return [line for line in lines if re.match(r"(\$ )?(infl-seg|pip|pipx|uv|uvx|docker|python3?) ", line)]


@pytest.mark.parametrize(
    "page", [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"], ids=lambda page: page.name
)
def test_every_block_of_commands_is_one_that_is_run(page: Path) -> None:
    found = unrun(page.read_text(encoding="utf-8"))
    usage = page.name == "commands.md"  # it has the usage of each command, written from the code
    assert [line for line in found if not usage or "[OPTIONS]" not in line] == []


def test_a_block_of_commands_that_is_not_run_is_found() -> None:
    assert unrun("Text.\n\n    pip install x infl-seg validate a.csv\n") == [
        "pip install x infl-seg validate a.csv"
    ]
    assert unrun("```console\n$ infl-seg validate a.csv\n```\n") == ["$ infl-seg validate a.csv"]
    assert unrun("```sh\ninfl-seg validate a.csv\n```\n    text\n") == []


def test_a_command_that_nothing_runs_is_found(
    desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="nothing runs: curl"):
        follow("```sh\ncurl https://example.com\n```\n", desk, sandbox, monkeypatch)
    with pytest.raises(AssertionError):
        follow("```sh\ninfl-seg validate none.csv\n```\n", desk, sandbox, monkeypatch)


@pytest.mark.slow
def test_the_recipe_for_sendgrid_sends_what_its_export_says(
    desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow((ROOT / "docs" / "from-sendgrid.md").read_text(encoding="utf-8"), desk, sandbox, monkeypatch)
    words = ("sendgrid.ndjson", "--profile", "sendgrid.profile.toml", "--json")
    report = desk.run("validate", *words).json
    assert report["problem_counts"] == {}
    assert report["rows"] == {"read": 5, "mapped": 4, "rejected": 0, "filtered": 1}
    assert desk.run("backfill", *words, "--dry-run", "--out", "out.ndjson").code == 0
    sent = [(each["event"], each["userId"], each["timestamp"]) for each in desk.messages("out.ndjson")]
    # 1709640000 is 12:00 UTC on 5 March 2024.
    assert sent == [
        ("Email Delivered", "u-1", "2024-03-05T12:00:05.000Z"),
        ("Email Opened", "u-1", "2024-03-05T12:01:40.000Z"),
        ("Link Clicked", "u-1", "2024-03-05T12:02:40.000Z"),
        ("Email Bounced", "u-2", "2024-03-05T12:00:07.000Z"),
    ]
    assert "@" not in (desk.folder / "out.ndjson").read_text(encoding="utf-8")


def test_a_page_that_is_left_out_is_run_by_its_own_test() -> None:
    for page, place in OWN.items():
        assert f'"{page}"' in (ROOT / place).read_text(encoding="utf-8")
