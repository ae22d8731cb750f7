"""What the ledger keeps, and how it tells it again."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_support import (
    HOLDER,
    NAMESPACE,
    NOW,
    START,
    batch,
    best_states,
    content_hash,
    content_id,
    known_events,
    opened,
)

from inflection_cli.delivery.journal import Journal
from inflection_cli.errors import LedgerDamaged, UsageError
from inflection_cli.ledger.ledger_file import Ledger, ledger_files, open_ledger, read_ledger
from inflection_cli.ledger.ledger_records import EventState, RunStart, is_fresh
from inflection_cli.ledger.lock import take_lock
from inflection_cli.ledger.state_dir import ledger_path, lock_path
from inflection_cli.model import BatchState

ACCEPTED, REFUSED, SPLIT = BatchState.ACCEPTED, BatchState.REFUSED, BatchState.SPLIT
PENDING, IN_DOUBT, IN_FLIGHT = BatchState.PENDING, BatchState.IN_DOUBT, BatchState.IN_FLIGHT


def begun(ledger: Ledger) -> tuple[str, Journal]:
    run_id = ledger.start_run(START, now=NOW)
    return run_id, ledger.journal(run_id)


def states(ledger: Ledger) -> dict[bytes, tuple[BatchState, float | None]]:
    found = best_states(known_events(ledger))
    return {key: (best.state, best.doubtful_since) for key, best in found.items()}


def test_a_run_is_told_again_as_it_was_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id = ledger.start_run(START, now=NOW)
        ledger.finish_run(run_id, summary={"accepted": 3}, exit_code=0, now=NOW + 9)
        (run,) = ledger.runs()
    assert run == ledger_run(run, run_id)
    assert (run.started, run.ended, run.exit_code, run.summary) == (NOW, NOW + 9, 0, {"accepted": 3})


def ledger_run(run: object, run_id: str) -> object:
    for name in ("command", "arguments", "shaping", "inputs", "endpoint", "version", "label"):
        assert getattr(run, name) == getattr(START, name), name
    assert getattr(run, "run_id", None) == run_id
    return run


def test_a_run_that_was_killed_has_no_end(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id = ledger.start_run(START, now=NOW)
        run = next(run for run in ledger.runs() if run.run_id == run_id)
    assert run is not None
    assert (run.ended, run.summary, run.exit_code) == (None, None, None)


def test_run_ids_say_their_time_and_differ_within_a_second(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ids = {ledger.start_run(START, now=NOW) for _ in range(40)}
    assert len(ids) == 40
    assert all(run_id.startswith("20240301-093000-") and len(run_id) == 20 for run_id in ids)


def test_credentials_in_an_endpoint_are_not_kept(tmp_path: Path) -> None:
    start = RunStart(
        command="backfill",
        arguments={},
        shaping={},
        inputs=[],
        endpoint="https://me:canary@cdp.example.com:8443/in?key=canary#canary",
        version="1",
    )
    with opened(tmp_path) as ledger:
        run_id = ledger.start_run(start, now=NOW)
        run = next(run for run in ledger.runs() if run.run_id == run_id)
    assert run is not None
    assert run.endpoint == "https://cdp.example.com:8443/in"
    assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_text_that_is_no_unicode_is_kept_spelled_out(tmp_path: Path) -> None:
    namespace = "crm\udcff"
    with opened(tmp_path, namespace) as ledger:
        assert ledger.namespace == "crm\\udcff"
    with opened(tmp_path, namespace):
        pass


def test_what_was_accepted_is_known_after_reopening(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        key = journal.intend(batch(1, 2), now=NOW)
        journal.settle(key, ACCEPTED, status=200, now=NOW + 1)
    with opened(tmp_path) as ledger:
        assert list(known_events(ledger)) == [
            EventState(content_id(n), content_hash(n), ACCEPTED, None, run_id) for n in (1, 2)
        ]
        assert ledger.counts() == {run_id: {ACCEPTED: 2}}
        assert ledger.recovered == 0


def test_what_was_in_flight_when_the_run_ended_is_in_doubt_since_its_intent(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        journal.intend(batch(1, 2, 3), now=NOW + 5)
    with opened(tmp_path) as ledger:
        assert ledger.recovered == 3
        assert ledger.counts() == {run_id: {IN_DOUBT: 3}}
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW + 5)


def test_a_kill_after_a_retry_of_a_pending_batch_leaves_doubt_since_the_retry(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW)
        journal.settle(key, PENDING, status=429, now=NOW + 1)
        journal.retrying(key, now=NOW + 30)
    with opened(tmp_path) as ledger:
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW + 30)


def test_a_kill_during_a_retry_without_a_recorded_outcome_leaves_doubt_since_the_first_intent(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW)
        journal.retrying(key, now=NOW + 30)
    with opened(tmp_path) as ledger:
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW)


@pytest.mark.parametrize("later", [PENDING, REFUSED, IN_DOUBT])
def test_doubt_is_not_lifted_by_anything_but_acceptance(tmp_path: Path, later: BatchState) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW)
        journal.settle(key, IN_DOUBT, status=None, now=NOW + 10)
        journal.retrying(key, now=NOW + 20)
        journal.settle(key, later, status=429, now=NOW + 21)
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW)


def test_acceptance_lifts_doubt(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW, doubtful_since=NOW - 99)
        journal.settle(key, IN_DOUBT, status=503, now=NOW + 10)
        journal.retrying(key, now=NOW + 20)
        journal.settle(key, ACCEPTED, status=200, now=NOW + 21)
        assert states(ledger)[content_id(1)] == (ACCEPTED, None)


@pytest.mark.parametrize("outcome", [PENDING, REFUSED, IN_DOUBT])
def test_an_inherited_doubt_keeps_its_age(tmp_path: Path, outcome: BatchState) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW, doubtful_since=NOW - 3600)
        journal.settle(key, outcome, status=None, now=NOW + 1)
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW - 3600)


def test_a_kill_of_a_batch_with_an_inherited_doubt_keeps_its_age(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger)[1].intend(batch(1), now=NOW, doubtful_since=NOW - 3600)
    with opened(tmp_path) as ledger:
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW - 3600)


def test_a_batch_tells_its_attempts_and_their_outcomes(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        key = journal.intend(batch(1, 2), now=NOW)
        journal.settle(key, IN_DOUBT, status=None, now=NOW + 1)
        journal.retrying(key, now=NOW + 2)
        journal.settle(key, ACCEPTED, status=200, now=NOW + 3)
        (record,) = ledger.batches(run_id)
    assert (record.state, record.events, record.attempts) == (ACCEPTED, 2, 2)
    assert record.statuses == ("-", "200")
    assert (record.intended, record.settled, record.doubtful_since) == (NOW, NOW + 3, None)


def test_an_accepted_batch_takes_no_further_outcome(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        key = journal.intend(batch(1), now=NOW)
        journal.settle(key, ACCEPTED, status=200, now=NOW)
        with pytest.raises(Exception, match="no open batch"):
            journal.settle(key, PENDING, status=429, now=NOW)
        assert states(ledger)[content_id(1)] == (ACCEPTED, None)


def test_a_halved_batch_is_split_once_both_halves_are_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        whole = batch(1, 2, 3)
        first, second = whole.halves()
        key = journal.intend(whole, now=NOW)
        journal.settle(key, SPLIT, status=400, now=NOW)
        assert ledger.counts() == {run_id: {PENDING: 3}}
        journal.intend(first, now=NOW)
        assert ledger.counts() == {run_id: {PENDING: 1, IN_FLIGHT: 2}}
        journal.intend(second, now=NOW)
        assert ledger.counts() == {run_id: {IN_FLIGHT: 3}}
        assert [record.state for record in ledger.batches(run_id)] == [SPLIT, IN_FLIGHT, IN_FLIGHT]


def test_halving_down_to_the_culprit_counts_every_event_once(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        todo = [batch(*range(100))]
        while todo:
            part = todo.pop(0)
            key = journal.intend(part, now=NOW)
            if 37 not in part.ordinals:
                journal.settle(key, ACCEPTED, status=200, now=NOW)
            elif len(part) > 1:
                journal.settle(key, SPLIT, status=400, now=NOW)
                todo += part.halves()
            else:
                journal.settle(key, REFUSED, status=400, now=NOW)
            assert sum(ledger.counts()[run_id].values()) == 100
        assert ledger.counts() == {run_id: {ACCEPTED: 99, REFUSED: 1}}
        found = states(ledger)
    assert found.pop(content_id(37)) == (REFUSED, None)
    assert set(found.values()) == {(ACCEPTED, None)}


def test_a_kill_between_halving_and_its_halves_keeps_the_doubt(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        whole = batch(1, 2)
        key = journal.intend(whole, now=NOW)
        journal.settle(key, IN_DOUBT, status=None, now=NOW + 1)
        journal.retrying(key, now=NOW + 2)
        journal.settle(key, SPLIT, status=400, now=NOW + 3)
        half = journal.intend(whole.halves()[0], now=NOW + 4, doubtful_since=NOW)
        journal.settle(half, ACCEPTED, status=200, now=NOW + 5)
    with opened(tmp_path) as ledger:
        assert states(ledger) == {content_id(1): (ACCEPTED, None), content_id(2): (IN_DOUBT, NOW)}
        assert ledger.counts() == {run_id: {ACCEPTED: 1, IN_DOUBT: 1}}


def test_a_run_in_doubt_is_settled_by_the_users_word(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        journal.settle(journal.intend(batch(1, 2), now=NOW), IN_DOUBT, status=503, now=NOW)
        journal.settle(journal.intend(batch(3), now=NOW), REFUSED, status=400, now=NOW)
        assert ledger.settle_run(run_id, PENDING, now=NOW + 1) == 2
        assert states(ledger)[content_id(1)] == (PENDING, None)
        assert [record.statuses for record in ledger.batches(run_id)] == [("503", "user"), ("400",)]
        assert ledger.settle_run(run_id, ACCEPTED, now=NOW + 1) == 0


def test_a_doubt_settled_as_accepted_is_accepted(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        journal.settle(journal.intend(batch(1), now=NOW), IN_DOUBT, status=None, now=NOW)
        assert ledger.settle_run(run_id, ACCEPTED, now=NOW + 1) == 1
        assert ledger.counts() == {run_id: {ACCEPTED: 1}}


def test_settling_one_run_leaves_the_others_in_doubt(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        runs = [begun(ledger) for _ in range(2)]
        for number, (_, journal) in enumerate(runs):
            journal.settle(journal.intend(batch(number), now=NOW), IN_DOUBT, status=None, now=NOW)
        ledger.settle_run(runs[0][0], ACCEPTED, now=NOW)
        assert states(ledger)[content_id(1)] == (IN_DOUBT, NOW)


def test_a_doubt_cannot_be_settled_as_doubt(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, _ = begun(ledger)
        with pytest.raises(ValueError, match="cannot be resolved"):
            ledger.settle_run(run_id, IN_DOUBT, now=NOW)


def test_a_run_that_is_not_there_is_a_usage_error_with_the_command_that_lists_them(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger, pytest.raises(UsageError, match="no run nope") as caught:
        ledger.forget("nope")
    assert "runs list" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_forgotten_run_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        (one, journal), (two, other) = begun(ledger), begun(ledger)
        journal.intend(batch(1), now=NOW)
        other.intend(batch(2), now=NOW)
        ledger.forget(one)
        assert [run.run_id for run in ledger.runs()] == [two]
        assert [known.content_id for known in known_events(ledger)] == [content_id(2)]


def test_what_was_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        for number in range(30):
            journal.settle(journal.intend(batch(number), now=NOW), ACCEPTED, status=200, now=NOW)
        ledger.forget_all()
        assert ledger.runs() == ()
        assert list(known_events(ledger)) == []
        left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert not any(content_id(number) in left for number in range(30))


def test_a_ledger_works_on_after_forgetting(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger)
        ledger.forget_all()
        run_id, journal = begun(ledger)
        journal.settle(journal.intend(batch(1), now=NOW), ACCEPTED, status=200, now=NOW)
        assert ledger.counts() == {run_id: {ACCEPTED: 1}}


def test_events_are_told_by_state_run_and_label(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        journal.settle(journal.intend(batch(1), now=NOW), ACCEPTED, status=200, now=NOW)
        journal.settle(journal.intend(batch(2), now=NOW), REFUSED, status=400, now=NOW)
        again = ledger.start_run(
            RunStart(
                command="replay", arguments={}, shaping={}, inputs=[], endpoint="", version="1", label="twice"
            ),
            now=NOW,
        )
        ledger.journal(again).intend(batch(1), now=NOW)

        def told(**which: object) -> list[bytes]:
            return [known.content_id for known in known_events(ledger, **which)]

        assert told(states={ACCEPTED}) == [content_id(1)]
        assert told(states=()) == []
        assert told(run_id=run_id) == [content_id(1), content_id(2)]
        assert told(label="twice") == [content_id(1)]
        assert told(label="", states={REFUSED, IN_FLIGHT}) == [content_id(2)]


def test_a_packed_batch_tells_the_same_events_as_the_events_one_by_one(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        for start in range(0, 700, 7):
            journal.intend(batch(*range(start, start + 7)), now=NOW)
        packed = [known for one in ledger.known_batches() for known in one]
        assert packed == list(known_events(ledger))
        assert [known.content_id for known in packed] == [content_id(n) for n in range(700)]


def test_a_reader_sees_what_a_running_writer_has_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id, journal = begun(ledger)
        with read_ledger(ledger.path) as reader:
            assert reader.counts() == {}
            key = journal.intend(batch(1, 2), now=NOW)
            assert reader.counts() == {run_id: {IN_FLIGHT: 2}}
            assert next(iter(known_events(reader))).doubtful_since == NOW
            journal.settle(key, ACCEPTED, status=200, now=NOW)
            assert reader.counts() == {run_id: {ACCEPTED: 2}}


def test_a_reader_in_the_middle_of_its_events_does_not_hold_up_a_writer(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        _, journal = begun(ledger)
        for number in range(100):
            journal.intend(batch(number), now=NOW)
        with read_ledger(ledger.path) as reader:
            events = known_events(reader)
            next(events)
            ledger._db.execute("PRAGMA busy_timeout = 0")
            journal.intend(batch(100), now=NOW)
            assert len(list(events)) == 100


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        path = ledger.path
    with read_ledger(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM runs")


def test_all_ledgers_of_the_state_directory_are_listed(tmp_path: Path) -> None:
    assert ledger_files(tmp_path / "nowhere") == ()
    for namespace in ("one", "two"):
        with opened(tmp_path, namespace):
            pass
    ledger_path(tmp_path, "three").write_bytes(b"not a database, and long enough to look at " * 9)
    every = {ledger_path(tmp_path, namespace) for namespace in ("one", "two", "three")}
    assert set(ledger_files(tmp_path)) == every
    with pytest.raises(LedgerDamaged, match="is not a ledger"):
        read_ledger(ledger_path(tmp_path, "three"))


def test_another_locks_ledger_is_not_opened(tmp_path: Path) -> None:
    with (
        take_lock(lock_path(tmp_path, "other"), HOLDER) as lock,
        pytest.raises(ValueError, match="another ledger"),
    ):
        open_ledger(tmp_path, NAMESPACE, lock, now=NOW)


def test_the_settings_that_make_a_commit_durable_are_in_force(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        found = {
            name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "fullfsync", "locking_mode", "secure_delete")
        }
    assert found == {
        "journal_mode": "persist",
        "synchronous": 2,
        "fullfsync": 1,
        "locking_mode": "normal",
        "secure_delete": 1,
    }


def test_ids_of_the_wrong_length_are_not_recorded(tmp_path: Path) -> None:
    broken = replace(batch(1), content_ids=[b"short"])
    with opened(tmp_path) as ledger, pytest.raises(ValueError, match="16 bytes"):
        begun(ledger)[1].intend(broken, now=NOW)


@pytest.mark.parametrize(
    ("age_s", "window_s", "fresh"),
    [(0, 10, True), (9.9, 10, True), (10, 10, False), (-0.1, 10, False), (0, 0, False)],
)
def test_a_doubt_is_fresh_while_younger_than_the_window_and_never_from_the_future(
    age_s: float, window_s: float, fresh: bool
) -> None:
    assert is_fresh(NOW, NOW + age_s, window_s) is fresh
