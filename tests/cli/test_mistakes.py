"""Fifty mistakes that users make and more: each is told with the fix that works, and the fix is tried."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import FAST, KEY, PATIENCE_S, Desk, Result
from command_support import command as process
from mistakes import GOOD, MISTAKES, Files, Mistake

from inflection_cli.sandbox import Sandbox, Settings, parse_faults, serve

every_mistake = pytest.mark.parametrize(
    "mistake",
    [
        # What goes elsewhere needs a process each time.
        pytest.param(mistake, id=name, marks=pytest.mark.slow if " > " in mistake.typed else ())
        for name, mistake in MISTAKES.items()
    ],
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def put(folder: Path, files: Files) -> None:
    """Write files, or take them away."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def typed(desk: Desk, command: str) -> Result:
    """Run a command as a shell would take it apart; one whose output goes elsewhere, in a shell."""
    words, _, elsewhere = command.partition(" > ")
    if not elsewhere:
        return desk.run(*shlex.split(words))
    done = subprocess.run(
        f"{shlex.join(process(*shlex.split(words)))} > {elsewhere}",
        shell=True,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def said(result: Result) -> str:
    """All that was said, on both streams."""
    return result.out + result.err


def hints(result: Result) -> str:
    """What a message says of its fix: the lines beneath it, and what a warning ends in."""
    lines = said(result).splitlines()
    return "\n".join(line for line in lines if line.startswith((" ", "warning:")) or "Did you mean" in line)


def taken_from(hint: str, mistake: Mistake) -> str:
    """What the hint says is to be typed or done."""
    found = re.search(rf"{mistake.fix}(?!\w)", hint)
    assert found is not None, f"no hint says {mistake.fix!r}:\n{hint}"
    return found[1] if found.re.groups else found[0]


@every_mistake
def test_a_mistake_is_told_with_a_fix_that_works(
    mistake: Mistake, desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in mistake.environ.items():
        monkeypatch.setenv(name, value)
    put(desk.folder, mistake.files)
    command = mistake.typed.replace("{url}", sandbox.url)
    first = typed(desk, command)
    assert (first.code, "Traceback" in said(first)) == (mistake.code, False), said(first)
    assert re.search(mistake.says, said(first)), said(first)
    fix = taken_from(hints(first), mistake)

    put(desk.folder, mistake.edit)
    for name, value in mistake.set.items():
        monkeypatch.setenv(name, value)
    if mistake.into:
        table, line = re.split(r"(?<=\]) ", fix, maxsplit=1)
        with (desk.folder / mistake.into).open("a", encoding="utf-8") as settings:
            settings.write(f"{table}\n{line}\n")
    if mistake.shell:
        subprocess.run(fix, shell=True, check=True, cwd=desk.folder, timeout=240)
    fixed = mistake.fixed.replace("{typed}", command).replace("{fix}", fix)
    second = typed(desk, fixed.replace("{url}", sandbox.url))
    assert second.code == mistake.then, said(second)
    assert not re.search(mistake.says, said(second))
    assert mistake.shows in said(second), said(second)


@pytest.mark.slow
def test_a_process_without_a_terminal_is_told_what_to_type_and_that_does_it(
    desk: Desk, sandbox: Sandbox
) -> None:
    put(desk.folder, {"export.csv": GOOD.replace("c1", "c-process")})
    words = ("backfill", "export.csv", "--endpoint", sandbox.url)
    first = desk.spawn(*words, SEGMENT_WRITE_KEY=KEY)
    assert first.code == 2
    told = re.search(r"→ review the plan, then add --yes: infl-seg (.*)", first.err)
    assert told is not None
    second = desk.spawn(*shlex.split(told[1]), SEGMENT_WRITE_KEY=KEY)
    assert (second.code, "2 accepted" in second.out) == (0, True)


def test_there_are_at_least_fifty_mistakes() -> None:
    assert len(MISTAKES) >= 50
    assert len({mistake.typed + repr(sorted(mistake.files.items())) for mistake in MISTAKES.values()}) == len(
        MISTAKES
    )


def test_nothing_stands_in_the_way_of_what_the_mistakes_begin_with(desk: Desk) -> None:
    put(desk.folder, {"export.csv": GOOD})
    assert "No problems found. " in desk.run("validate", "export.csv").out


def test_a_key_file_with_a_line_end_is_no_mistake(desk: Desk) -> None:
    put(desk.folder, {"export.csv": GOOD, "key": f"{KEY}\n"})
    done = desk.run("backfill", "export.csv", "--dry-run", "--write-key-file", "key")
    assert (done.code, "warning" in done.err) == (0, False)


@pytest.mark.parametrize("ending", ["", "/", "/v1/batch", "/v1/batch/"])
def test_an_endpoint_may_be_given_with_the_path_that_is_added_to_it(
    ending: str, desk: Desk, sandbox: Sandbox
) -> None:
    put(desk.folder, {"export.csv": GOOD.replace("c1", f"c{ending}")})
    to = ("--endpoint", sandbox.url.rstrip("/") + ending, "--write-key", KEY, "--yes", *FAST)
    assert "2 accepted" in desk.run("backfill", "export.csv", *to).out


def test_a_list_where_objects_on_lines_were_due_is_read(desk: Desk) -> None:
    put(desk.folder, {"export.json": '[{"event":"Email Opened","userId":"u1","timestamp":1709285400}]'})
    assert "1 read = 1 mapped" in desk.run("validate", "export.json").out


def test_blank_lines_above_the_header_are_no_mistake(desk: Desk) -> None:
    put(desk.folder, {"export.csv": f"\n\n{GOOD}"})
    assert "No problems found. " in desk.run("validate", "export.csv").out


@pytest.mark.parametrize(
    "place", [("--out", "new/messages.ndjson"), ("--out", "."), ("--rejects", "export.csv")]
)
def test_a_place_that_takes_no_file_is_told_before_the_rows_are_read(
    place: tuple[str, str], desk: Desk
) -> None:
    put(desk.folder, {"export.csv": GOOD.replace("Opened", "Gone")})
    done = desk.run("backfill", "export.csv", "--rehearse", "--max-errors", "100%", *place)
    assert done.code in {2, 4}
    assert "event-unknown" not in done.err


def test_a_test_that_is_refused_says_why_once(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("400=1"))) as refusing:
        done = desk.run("send-test", "--endpoint", refusing.url, "--write-key", KEY)
    assert done.code == 5
    assert done.err.count("refused with HTTP 400") == 2
    assert re.search(r"and \d more refused with HTTP 400", done.err)


def test_an_unknown_run_is_answered_with_the_nearest(desk: Desk, sandbox: Sandbox) -> None:
    put(desk.folder, {"export.csv": GOOD})
    to = ("--endpoint", sandbox.url, "--write-key", KEY, "--yes", *FAST)
    run_id = desk.run("backfill", "export.csv", *to, "--json").json["run_id"]
    wrong = desk.run("runs", "show", run_id[:-1] + "zz")
    assert wrong.code == 2
    meant = re.search(r"did you mean (\S+)\? ", wrong.err)
    assert meant is not None
    assert f"Receipt of run {run_id}" in desk.run("runs", "show", meant[1]).out


def test_rejects_are_reported_only_where_something_was_rejected(desk: Desk) -> None:
    put(desk.folder, {"export.csv": GOOD})
    done = desk.run("backfill", "export.csv", "--rehearse", "--rejects", ".")
    assert (done.code, "rejects" in done.out) == (0, False)
    assert desk.run("backfill", "export.csv", "--dry-run", "--rejects", ".", "--json").json["rejects"] is None


def test_one_of_a_kind_is_counted_in_the_singular(desk: Desk) -> None:
    put(desk.folder, {"export.csv": "\n".join(GOOD.split("\n")[:2]).replace("Opened", "Gone") + "\n"})
    assert "1 of 1 row (100 %) would be rejected" in desk.run("validate", "export.csv").out
    put(desk.folder, {"export.csv": "\n".join(GOOD.split("\n")[:2]) + "\n"})
    done = said(desk.run("backfill", "export.csv", "--rehearse"))
    for words in ("; 1 row)", "1 API call in about 1 request,", "at most 1 new tracked user", "1 request, "):
        assert words in done


def test_ids_that_a_program_has_spoilt_are_told_among_thousands_that_are_in_order(desk: Desk) -> None:
    users = [f"u{number}" for number in range(3000)]
    users[2000], users[2500] = "17.0", '="007"'
    rows = [
        f'Email Opened,"{user.replace(chr(34), chr(34) * 2)}",,e,c,2024-03-01T09:30:00Z' for user in users
    ]
    desk.file("export.csv", *rows)
    done = desk.run("validate", "export.csv", "--json").json
    assert done["problem_counts"] == {"id-decimal": 1, "id-formula": 1}
    assert [problem["line"] for problem in done["problems"]] == [2002, 2502]


@pytest.mark.parametrize("user", ["1.0.2", "v12.0", "12.05", "12.0.0", "a=1", "10.0a"])
def test_an_id_that_only_resembles_a_spoilt_one_is_nothing_to_be_told_of(user: str, desk: Desk) -> None:
    desk.file("export.csv", f"Email Opened,{user},,e,c,2024-03-01T09:30:00Z")
    assert desk.run("validate", "export.csv", "--json").json["problem_counts"] == {}


@pytest.mark.parametrize("file", ["messages.ndjson", "refused-messages.ndjson"])
def test_columns_that_are_mapped_by_hand_may_be_those_of_messages(file: str, desk: Desk) -> None:
    put(
        desk.folder,
        {
            file: '{"type":"track","messageId":"m","event":"Email Opened","userId":"u","timestamp":1709285400,'
            '"properties":{}}\n'
        },
    )
    assert desk.run("validate", file).code == 4
    assert desk.run("validate", file, "--map", "userId=userId").code == 0
