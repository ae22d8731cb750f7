"""Scratch space that cannot be had, or is full: words that name the way out, and never a defect."""

import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_support import Desk, opened

from inflection_cli.backfilling.spill import RUN_RECORDS, EventIds, SpillGroups, SpillTexts, scratch_file
from inflection_cli.errors import TemporaryFolderFull
from inflection_cli.ledger.ledger_records import ID_BYTES

_EVENTS = 11_000
_FULL_AT = _EVENTS * 24 - 100  # all but the last few bytes find room, and those stay in the file's buffer

Confine = Callable[[int], None]


@pytest.fixture
def confine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Confine]:
    """Let no file grow beyond some bytes, as on a full disk; the temporary folder is chosen anew."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a cut file would be read by the tests that follow
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_identities_that_found_no_room_are_given_back_without_another_error(confine: Confine) -> None:
    identities = EventIds()
    confine(_FULL_AT)
    with pytest.raises(TemporaryFolderFull, match="temporary folder"):
        identities.add([bytes(ID_BYTES)] * _EVENTS, [0] * _EVENTS)
    identities.close()


def test_where_no_temporary_folder_takes_a_file_the_way_out_is_named(confine: Confine) -> None:
    confine(0)
    with pytest.raises(TemporaryFolderFull, match="temporary folder") as refused:
        scratch_file()
    assert "TMPDIR=" in refused.value.hint


def test_a_rehearsal_where_no_folder_takes_a_file_names_the_one_for_rejects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confine: Confine
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    file = desk.file("a.csv", opened("u1"))
    confine(0)
    done = desk.run("backfill", file, "--rehearse", "--no-project")
    assert (done.code, "--rejects DIR" in done.err) == (4, True), done.err


@pytest.mark.parametrize("people", [3, 200, 40_000])
def test_rows_come_back_whole_and_all_of_a_person_in_one_part(people: int) -> None:
    dice, added = random.Random(people), []
    spilled = SpillTexts(width=3)
    for at in range(0, 50_000, 250):
        rows = [(f"pérson-{dice.randrange(people)}", "" if at % 3 else "u", str(at + i)) for i in range(250)]
        spilled.add(list(zip(*rows, strict=True)))
        added += rows
    found, seen_before = list[tuple[str, ...]](), set[str]()
    for part in spilled.filled():
        rows_of_part = [row for columns in spilled.of(part) for row in zip(*columns, strict=True)]
        here = {person for person, *_ in rows_of_part}
        assert not here & seen_before
        seen_before |= here
        found += rows_of_part
    spilled.close()
    assert sorted(found) == sorted(added)


@pytest.mark.parametrize("count", [0, 10, 5 * RUN_RECORDS // 2])
def test_records_are_counted_however_often_they_come(count: int) -> None:
    dice, groups = random.Random(count), SpillGroups(4)
    records = [bytes([dice.randrange(256), 0, 0, dice.randrange(3)]) for _ in range(count)]
    for at in range(0, count, 100):
        groups.add(records[at : at + 100])
    parts = list(groups.counts())
    groups.close()
    assert sum(parts, Counter[bytes]()) == Counter(records)
    assert sum(map(len, parts)) == len(set(records)), "a record is in one part only"
