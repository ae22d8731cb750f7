"""Twelve ways to break delivery, each planted into a copy of the package, each caught by a test with a name."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import inflection_cli

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ("-p", "no:cacheprovider", "-p", "unshrunk", "--hypothesis-profile=unshrunk")
ALL_PASSED, SOME_FAILED = 0, 1  # pytest's exit codes; what cannot even be collected has others


@dataclass(frozen=True)
class Defect:
    """Edits of one file of the package, and the test that must not let them pass.

    Attributes:
        name: What is broken.
        file: Where, in the package.
        edits: What stands there exactly once, and what is put in its stead.
        caught_by: The test, as pytest names it.
    """

    name: str
    file: str
    edits: tuple[tuple[str, str], ...]
    caught_by: str

    def plant(self, package: Path) -> None:
        path = package / self.file
        text = path.read_text(encoding="utf-8")
        for before, after in self.edits:
            times = text.count(before)
            assert times == 1, f"{self.file} has changed: {before!r} stands there {times} times, plant anew"
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")


DELIVER, RETRY = "tests/delivery/test_deliver.py::", "tests/segment/test_retry.py::"
IN_ORDER = f"{DELIVER}test_the_intent_is_written_before_the_first_byte_and_the_outcome_after_the_answer"
CONSERVED = "tests/backfilling/test_conservation.py::"

DEFECTS = (
    Defect(
        "accepted before the answer",
        "delivery/deliver.py",
        (
            (
                "        work.left_at = now\n",
                (
                    "        work.left_at = now\n"
                    "        self._journal.settle(work.key, BatchState.ACCEPTED, status=200, now=now)\n"
                ),
            ),
        ),
        IN_ORDER,
    ),
    Defect(
        "intent after sending",
        "delivery/deliver.py",
        (
            ("gate(work.ticket, lambda: self._intend(work))", "gate(work.ticket, lambda: None)"),
            (
                "        self._tally.statuses[_name(outcome)] += 1\n",
                "        self._intend(work)\n        self._tally.statuses[_name(outcome)] += 1\n",
            ),
        ),
        IN_ORDER,
    ),
    Defect(
        "a new id on retry",
        "delivery/deliver.py",
        (
            (
                "client.post(work.batch, work.sent,",
                (
                    "client.post(Batch(work.batch.ordinals, work.batch.content_ids, work.batch.content_hashes, "
                    """[wire.replace(b'"messageId":"', b'"messageId":"%d' % work.sent) """
                    """for wire in work.batch.wire]), work.sent,"""
                ),
            ),
        ),
        f"{DELIVER}test_retries_carry_the_same_bytes_and_say_how_many_went_before",
    ),
    Defect(
        "the last partial batch dropped",
        "segment/batching.py",
        (("    if held:\n", "    if events == max_events:\n"),),
        "tests/segment/test_batching.py"
        "::test_messages_come_out_in_order_within_limits_and_no_batch_had_room_for_the_next",
    ),
    Defect(
        "3xx counted as success",
        "segment/response.py",
        (("    if 200 <= status < 300:\n", "    if 200 <= status < 400:\n"),),
        f"{RETRY}test_every_other_status_stops_the_run_and_only_a_5xx_leaves_a_doubt",
    ),
    Defect(
        "an HTML 200 counted as success: not looked at",
        "segment/response.py",
        (("outcome.genuine and outcome.body_left", "outcome.body_left"),),
        f"{DELIVER}test_an_answer_that_is_not_segments_stops_the_run_in_doubt",
    ),
    Defect(
        "an HTML 200 counted as success: not recognised",
        "segment/response.py",
        (
            (
                "return not is_cut and not _is_markup(text, content_type)",
                "return True",
            ),
        ),
        "tests/segment/test_client.py::test_a_login_page_is_no_acceptance",
    ),
    Defect(
        "Retry-After ignored",
        "segment/response.py",
        (("wait_s = retry_after_s(outcome.retry_after, now=now)", "wait_s = None"),),
        f"{RETRY}test_retry_after_counts_on_every_status_that_is_retried",
    ),
    Defect(
        "Retry-After ignored: by the run as a whole",
        "delivery/pacing.py",
        (("        self._held_until = now + seconds\n", ""),),
        f"{DELIVER}test_retry_after_pauses_the_whole_run",
    ),
    Defect(
        "the lock not taken",
        "ledger/lock.py",
        (("fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "None"),),
        "tests/ledger/test_lock.py::test_a_second_taker_is_told_who_holds_the_lock_and_since_when",
    ),
    Defect(
        "doubt lifted by a later 429: in the delivery",
        "delivery/deliver.py",
        (
            (
                "        self._doubt(work, doubt=retry.doubt)\n",
                (
                    "        self._doubt(work, doubt=retry.doubt)\n"
                    "        work.doubtful_since = work.doubtful_since if retry.doubt else None\n"
                ),
            ),
        ),
        f"{DELIVER}test_a_doubt_is_not_lifted_by_a_later_429",
    ),
    Defect(
        "doubt lifted by a later 429: in the ledger",
        "ledger/ledger_file.py",
        (("    elif doubtful_since is not None:\n        state = BatchState.IN_DOUBT\n", ""),),
        "tests/ledger/test_ledger_file.py::test_doubt_is_not_lifted_by_anything_but_acceptance",
    ),
    Defect(
        "a duplicate sent: of the same input",
        "backfilling/second_pass.py",
        (
            (
                "{Disposition.SEND, Disposition.ELSEWHERE,",
                "{Disposition.DUPLICATE, Disposition.SEND, Disposition.ELSEWHERE,",
            ),
        ),
        "tests/segment/test_identity.py::test_repeats_are_counted_and_the_first_goes",
    ),
    Defect(
        "a duplicate sent: of what was accepted before",
        "backfilling/second_pass.py",
        (
            (
                "{Disposition.SEND, Disposition.ELSEWHERE,",
                "{Disposition.ALREADY_ACCEPTED, Disposition.SEND, Disposition.ELSEWHERE,",
            ),
        ),
        f"{CONSERVED}test_what_the_ledger_knows_is_counted_and_left_behind",
    ),
    Defect(
        "a filtered row counted as mapped",
        "backfilling/account.py",
        (("            rows.filtered += count\n", "            rows.mapped += count\n"),),
        f"{CONSERVED}test_every_row_is_mapped_rejected_or_filtered",
    ),
    Defect(
        "a reject not written: a row",
        "backfilling/rejects_folder.py",
        (
            (
                "        for rejected in converted.rejected:\n",
                "        for rejected in converted.rejected[1:]:\n",
            ),
        ),
        f"{CONSERVED}test_every_rejected_row_stands_in_the_rejects_with_its_reason",
    ),
    Defect(
        "a reject not written: a line that cannot be read",
        "backfilling/rejects_folder.py",
        (("        for fault in chunk.faults:\n", "        for fault in chunk.faults[1:]:\n"),),
        f"{CONSERVED}test_every_rejected_row_stands_in_the_rejects_with_its_reason",
    ),
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    original = Path(inflection_cli.__file__).parent
    # With its bytecode, which holds for every file but the one that is edited: compiling takes longer than most tests.
    return Path(shutil.copytree(original, tmp_path / original.name))


def run_tests(package: Path, *names: str) -> tuple[int, str]:
    """Run tests against a copy of the package: pytest's exit code, and what it said."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", *PLUGINS, *names],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PYTHONPATH": os.pathsep.join((str(package.parent), str(ROOT / "tests" / "support"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "1000",  # so that the reason of a failure stands on its line
        },
        capture_output=True,
        check=False,
    )
    return found.returncode, (found.stdout + found.stderr).decode(errors="replace")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_caught_by_the_test_that_is_named_for_it(defect: Defect, package: Path) -> None:
    defect.plant(package)
    code, said = run_tests(package, defect.caught_by)
    assert code == SOME_FAILED, said
    (verdict,) = [line for line in said.splitlines() if line.startswith(f"FAILED {defect.caught_by}")]
    assert "assert " in verdict or "DID NOT RAISE" in verdict, said


def test_without_a_defect_all_of_these_tests_pass(package: Path) -> None:
    code, said = run_tests(package, *{defect.caught_by for defect in DEFECTS})
    assert code == ALL_PASSED, said
    assert "skipped" not in said


def test_every_one_of_the_twelve_ways_is_planted() -> None:
    assert {defect.name.partition(":")[0] for defect in DEFECTS} == {
        "accepted before the answer",
        "intent after sending",
        "a new id on retry",
        "the last partial batch dropped",
        "3xx counted as success",
        "an HTML 200 counted as success",
        "Retry-After ignored",
        "the lock not taken",
        "doubt lifted by a later 429",
        "a duplicate sent",
        "a filtered row counted as mapped",
        "a reject not written",
    }
