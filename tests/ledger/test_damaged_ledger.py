"""A ledger whose bytes are damaged, under every command that reads it: the truth or exit 6, never another word."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from command_support import Desk, Result
from damaged_ledger_support import NAMESPACE, SEED, STATE, Harmed, harmed
from old_ledger import as_version_1, as_version_2

COMMANDS = ("verify", "list", "show", "settle", "forget", "backfill", "dry run", "replay")
READERS = ("verify", "list", "show", "dry run")
PAGE = 4096

every_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harmed]:
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("flips"), patch)
        with harmed(desk) as made:
            yield made


def judged(ledger: Harmed, content: bytes, what: str, commands: tuple[str, ...] = COMMANDS) -> None:
    """Every command is right about a ledger of these bytes, or ends with 6."""
    for name in commands:
        for more in ((), ("--json",)):
            ledger.put(content)
            ledger.judge(name, (*ledger.commands[name], *more), what)


def assert_some_of_each(ledger: Harmed, command: str) -> None:
    """Both ends were met: a test in which every harm is refused, or none, would show nothing."""
    assert ledger.tally[f"{command}: right"] > 0
    assert ledger.tally[f"{command}: exit 6"] > 0
    print({end: n for end, n in ledger.tally.items() if end.startswith(command)})  # noqa: T201 - seen with -rP


@every_command
def test_one_flipped_bit_is_told_or_changes_nothing(ledger: Harmed, command: str) -> None:
    ledger.flip(command, 60 if command == "verify" else 16)
    assert_some_of_each(ledger, command)


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("shard", range(8))
def test_of_twenty_thousand_flipped_bits_each_is_told_by_verify(ledger: Harmed, shard: int) -> None:
    ledger.flip("verify", 2_500, seed=SEED + 1 + shard)
    assert_some_of_each(ledger, "verify")


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "verify"])
def test_of_two_thousand_flipped_bits_each_is_told(ledger: Harmed, command: str) -> None:
    ledger.flip(command, 2_000, seed=SEED + 1)
    assert_some_of_each(ledger, command)


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_fifty_flipped_bits_are_told_by_the_real_program(ledger: Harmed) -> None:
    dice = random.Random(SEED)
    for number in range(50):
        name = COMMANDS[number % len(COMMANDS)]
        bit = dice.randrange(8 * len(ledger.whole))
        harm = bytearray(ledger.whole)
        harm[bit // 8] ^= 1 << bit % 8
        ledger.put(bytes(harm))
        ledger.judge(name, (*ledger.commands[name], "--json"), f"bit {bit}", ledger.desk.spawn)


@pytest.mark.slow
def test_each_bit_of_the_header_and_of_the_schema_is_told_or_changes_nothing(ledger: Harmed) -> None:
    every = [*range(100), *range(100 + 8, PAGE)]
    for byte in every[:100] + random.Random(SEED).sample(every[100:], 100):
        harm = bytearray(ledger.whole)
        harm[byte] ^= 1 << byte % 8
        judged(ledger, bytes(harm), f"byte {byte}", ("list",))


def test_a_schema_that_is_no_text_and_one_that_says_something_else_are_told(ledger: Harmed) -> None:
    for found, mask in ((b"CREATE TABLE batches", 128), (b"NTEGER PRIMARY KEY,\n            run", 4)):
        harm = bytearray(ledger.whole)
        place = harm.find(found)
        assert place > 0
        harm[place] ^= mask
        before = dict(ledger.tally)
        judged(ledger, bytes(harm), repr(found))
        assert {end for end, n in ledger.tally.items() if n > before.get(end, 0)} == {
            f"{name}: exit 6" for name in COMMANDS
        }


@pytest.mark.slow
def test_a_ledger_that_is_cut_anywhere_is_told(ledger: Harmed) -> None:
    dice = random.Random(SEED)
    for size in (0, 1, 15, 16, 99, 100, *(dice.randrange(len(ledger.whole)) for _ in range(25))):
        judged(ledger, ledger.whole[:size], f"cut to {size}", READERS if size % 2 else COMMANDS)


@pytest.mark.slow
def test_a_page_that_is_zeroed_or_stands_in_anothers_place_is_told(ledger: Harmed) -> None:
    pages = [ledger.whole[at : at + PAGE] for at in range(0, len(ledger.whole), PAGE)]
    for one in range(len(pages)):
        harmed_pages = [*pages]
        harmed_pages[one] = bytes(PAGE)
        judged(ledger, b"".join(harmed_pages), f"page {one} zeroed", ("list", "verify", "backfill"))
        for other in range(one):
            harmed_pages = [*pages]
            harmed_pages[one], harmed_pages[other] = pages[other], pages[one]
            judged(ledger, b"".join(harmed_pages), f"pages {one} and {other} swapped", ("list",))


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"event,userId\n" * 900, bytes(PAGE), b"SQLite format 3\0" * 400]
)
def test_a_file_that_is_no_ledger_is_told(ledger: Harmed, content: bytes) -> None:
    before = ledger.tally.total()
    judged(ledger, content, repr(content[:20]))
    assert ledger.tally.total() == before + 2 * len(COMMANDS)


def test_the_hot_journal_of_another_ledger_is_told(ledger: Harmed, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    other.write_bytes(ledger.whole)
    journal = tmp_path / "hot"
    for statement in (
        "UPDATE batches SET state = 'pending'",
        "UPDATE contents SET hashes = zeroblob(8)",
        "CREATE TABLE more (x)",
    ):
        with closing(sqlite3.connect(other, isolation_level=None)) as db:
            db.execute("UPDATE runs SET label = label || 'x', checksum = zeroblob(16)")
            db.execute("PRAGMA cache_size = 1")
            db.execute("BEGIN IMMEDIATE")
            db.execute(statement)
            db.execute("CREATE TABLE filler AS SELECT randomblob(9000) FROM batches")
            shutil.copy(f"{other}-journal", journal)
            db.rollback()
        assert journal.read_bytes()[:8] == bytes.fromhex("d9d505f920a163d7")
        for name in COMMANDS:
            ledger.put(ledger.whole)
            shutil.copy(journal, f"{ledger.path}-journal")
            ledger.judge(name, ledger.commands[name], statement)


def test_a_row_of_another_ledger_is_told(ledger: Harmed) -> None:
    ledger.put(ledger.whole)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("UPDATE ledger SET salt = randomblob(16)")
    judged(ledger, ledger.path.read_bytes(), "another salt")


@pytest.mark.parametrize(
    "deleted",
    [
        ("batches", "contents"),
        ("batches WHERE key = 50", "contents WHERE key = 50"),
        ("batches", "contents", "runs"),
        ("totals",),
    ],
)
def test_rows_that_somebody_deleted_are_missed(ledger: Harmed, deleted: tuple[str, ...]) -> None:
    ledger.put(ledger.whole)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        for rows in deleted:
            db.execute(f"DELETE FROM {rows}")
    before = dict(ledger.tally)
    judged(ledger, ledger.path.read_bytes(), f"without {deleted}")
    assert {end for end, n in ledger.tally.items() if n > before.get(end, 0)} == {
        f"{name}: exit 6" for name in COMMANDS
    }


def test_a_ledger_without_counts_gets_them_from_the_next_run(ledger: Harmed) -> None:
    ledger.put(ledger.whole)
    as_version_2(ledger.path)
    for name in ("list", "verify", "backfill"):
        assert ledger.look(ledger.commands[name])[1] == ledger.expected[ledger.commands[name]]
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("DELETE FROM batches")
        db.execute("DELETE FROM contents")
    done = here(ledger, "runs", "list")
    assert (done.code, "it has 0 batches, and 50 were recorded" in done.err) == (6, True)


@pytest.fixture
def old(ledger: Harmed) -> Harmed:
    ledger.put(ledger.whole)
    as_version_1(ledger.path)
    return ledger


def here(old: Harmed, *words: str) -> Result:
    return old.desk.run(*words, *STATE)


def test_a_ledger_from_before_gets_its_checksums_from_the_next_run_which_says_so_once(old: Harmed) -> None:
    said = "was written by an earlier infl-seg; its rows have checksums and are counted from now on"
    first = old.desk.run(*old.commands["backfill"])
    assert (first.code, first.err.count(said)) == (0, 1)
    again = old.desk.run(*old.commands["backfill"])
    assert (again.code, again.err.count(said)) == (0, 0)
    with closing(sqlite3.connect(old.path)) as db:
        db.execute("UPDATE batches SET events = 7 WHERE key = 3")
        db.commit()
    harm = here(old, "runs", "list")
    assert (harm.code, "batch 3 is not as it was written" in harm.err) == (6, True)


@pytest.mark.parametrize("command", ["settle", "forget"])
def test_a_users_word_on_a_ledger_from_before_adds_checksums_too(old: Harmed, command: str) -> None:
    done, found = old.look(old.commands[command])
    assert found == old.expected[old.commands[command]]
    assert "its rows have checksums and are counted from now on" in done.err


@pytest.mark.parametrize("command", READERS)
def test_a_ledger_from_before_is_read_as_it_is_and_it_is_said_that_it_has_no_checksums(
    old: Harmed, command: str
) -> None:
    before = old.path.read_bytes()
    done, found = old.look(old.commands[command])
    assert found == old.expected[old.commands[command]]
    assert "has no checksums" in done.err
    assert old.path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("command", ["list", "show", "verify", "backfill"])
def test_a_damaged_ledger_from_before_is_no_defect_of_ours(old: Harmed, command: str) -> None:
    whole = old.path.read_bytes()
    dice = random.Random(SEED)
    ends = set()
    for _ in range(60):
        bit = dice.randrange(8 * len(whole))
        harm = bytearray(whole)
        harm[bit // 8] ^= 1 << bit % 8
        old.put(bytes(harm))
        done = old.desk.run(*old.commands[command])
        ends.add(done.code)
        assert done.code != 70, f"bit {bit}: {done.err}"
    assert {0, 6} <= ends


def test_a_ledger_from_before_that_is_damaged_is_not_given_checksums(old: Harmed) -> None:
    with closing(sqlite3.connect(old.path)) as db:
        db.execute("UPDATE contents SET hashes = zeroblob(8) WHERE key = 3")
        db.commit()
    before = old.path.read_bytes()
    done = old.desk.run(*old.commands["backfill"], "--json")
    assert (done.code, done.json["error"]["code"]) == (6, "ledger-damaged")
    assert old.path.read_bytes() == before


@pytest.mark.parametrize("part", ["shaping", "summary", "inputs", "arguments"])
def test_a_summary_of_before_that_has_another_shape_is_told(old: Harmed, part: str) -> None:
    with closing(sqlite3.connect(old.path)) as db:
        db.execute(
            f"UPDATE runs SET {part} = replace(replace({part}, 'columns', 'colu-ns'), '\"rows\"', '\"rows')"
        )
        db.execute(f"UPDATE runs SET {part} = '[1]' WHERE {part} NOT LIKE '%colu-ns%'")
        db.commit()
    done = here(old, "runs", "show", "last")
    assert (done.code, "makes no sense" in done.err) == (6, True)


def test_the_last_run_of_all_is_not_known_while_a_ledger_cannot_be_read(ledger: Harmed) -> None:
    ledger.put(ledger.whole)
    broken = ledger.path.with_name("aaa.sqlite3")
    broken.write_bytes(b"not a ledger" * 1000)
    try:
        done = here(ledger, "runs", "show", "last")
        assert done.code == 6
        assert f"--namespace {NAMESPACE}" in done.err
        assert here(ledger, "runs", "show", "last", "--namespace", NAMESPACE).code == 0
    finally:
        broken.unlink()
