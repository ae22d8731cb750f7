"""Scratch space that cannot be had, or is full: words that name the way out, and never a defect."""

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_support import Desk, opened

from inflection_cli.backfilling.spill import EventIds, scratch_file
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
