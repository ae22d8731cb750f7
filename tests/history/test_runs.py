"""The commands about runs: what was sent when, what is left open, and the proof of it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from run_support import KEY, Station, campaign, station

from inflection_cli.backfilling.ledger_lookup import held_ledger
from inflection_cli.ledger.ledger_file import Ledger
from inflection_cli.ledger.ledger_records import RunStart
from inflection_cli.ledger.state_dir import keep_dedup_window_s, kept_dedup_window_s
from inflection_cli.model import Batch

LOST = "ack-lost"
START = RunStart(
    command="backfill",
    arguments={"command": "infl-seg backfill b.csv", "plan": {"estimate": {"events": 70}}},
    shaping={},
    inputs=[],
    endpoint="https://events.example.com",
    version="0",
)


@contextmanager
def at_work(place: Station, namespace: str = "other") -> Iterator[Ledger]:
    """Hold a ledger with a run that has three events on their way."""
    with held_ledger(place.state, namespace, "infl-seg backfill b.csv") as ledger:
        now = time.time()
        journal = ledger.journal(ledger.start_run(START, now=now))
        batch = Batch(range(3), [bytes([n]) * 16 for n in range(3)], [0] * 3, [b"{}"] * 3)
        journal.intend(batch, now=now)
        yield ledger


def old_doubt(place: Station, rows: int = 50) -> str:
    """Leave a campaign unconfirmed, and say its name."""
    file = campaign(place.folder / "doubt.csv", range(rows))
    assert place.backfill(file, more=["--dedup-window", "0"]).code == 7
    return file


def test_list_tells_every_run_of_every_destination(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        for number, name in enumerate(("first", "second")):
            file = campaign(tmp_path / f"{name}.csv", range(number * 100, number * 100 + 10 + number))
            assert place.backfill(file, more=["--namespace", name]).code == 0
        runs = place.runs("list").json["runs"]
        assert [run["namespace"] for run in runs] == ["first", "second"]
        assert [run["events"]["accepted"] for run in runs] == [10, 11]
        assert {(run["state"], run["exit_code"], run["endpoint"]) for run in runs} == {
            ("ended", 0, place.sandbox.url)
        }
        only = place.runs("list", "--namespace", "second").json["runs"]
        assert [run["id"] for run in only] == [runs[1]["id"]]


def test_list_is_a_table_under_each_destination(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(1234)))
        done = place.here("runs", "list", "--state-dir", "state")
        heading, columns, line = done.out.splitlines()
        assert heading == f"{place.sandbox.url} (namespace {place.namespace})"
        assert columns.split()[:2] == ["run", "started"]
        assert line.split()[3:] == ["backfill", "1,234", "0", "0", "0", "0", "done"]


def test_list_of_no_runs_says_where_it_looked(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        assert place.runs("list").json["runs"] == []
        assert str(place.state) in place.here("runs", "list", "--state-dir", "state").out


def test_a_run_that_never_ended_is_killed_once_its_lock_is_free(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        with at_work(place):
            (run,) = place.runs("list").json["runs"]
            shown = place.runs("show", "last").json["run"]
        assert (run["state"], run["exit_code"]) == ("running", None)
        assert f"process {os.getpid()}" in shown["held_by"]
        (run,) = place.runs("list").json["runs"]
        assert (run["state"], run["ended"]) == ("killed", None)
        assert run["events"] == {"accepted": 0, "in_doubt": 3, "pending": 67, "refused": 0}


def test_a_killed_run_is_not_called_running_while_another_plans(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        with at_work(place):
            pass
        with held_ledger(place.state, "other", "infl-seg backfill b.csv"):
            assert [run["state"] for run in place.runs("list").json["runs"]] == ["killed"]


def test_show_is_a_receipt_for_a_script(tmp_path: Path) -> None:
    with station(tmp_path, script=("503",)) as place:
        file = campaign(tmp_path / "a.csv", range(40))
        done = place.backfill(file)
        run = place.runs("show", done.json["run_id"]).json["run"]
        assert run["at_the_end"]["events"] == done.events
        assert run["at_the_end"]["rows"] == done.json["rows"]
        assert run["at_the_end"]["by_event"] == {"Email Opened": 40}
        assert run["batches"]["accepted"] | {"first_intended": 0, "last_settled": 0} == {
            "batches": 1,
            "events": 40,
            "attempts": 2,
            "statuses": {"503": 1, "200": 1},
            "first_intended": 0,
            "last_settled": 0,
        }
        assert [(each["path"], each["rows"], len(each["fingerprint"])) for each in run["inputs"]] == [
            (file, 40, 32)
        ]
        assert (run["meaning"], run["doubt"]["events"]) == ("done", 0)
        assert run["typed"].startswith(
            f"infl-seg backfill {file} --endpoint {place.sandbox.url} --write-key …"
        )


def test_show_is_a_receipt_for_a_person(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        run_id = place.backfill(campaign(tmp_path / "a.csv", range(40))).json["run_id"]
        done = place.here("runs", "show", "last", "--state-dir", "state")
        assert f"Receipt of run {run_id}" in done.out
        assert "40 read = 40 mapped + 0 rejected + 0 filtered" in done.out
        assert "40 built = 40 accepted + 0 already accepted + 0 duplicate" in done.out
        assert done.out.splitlines()[-1] == f"Next: check it: infl-seg runs verify FILE --run {run_id}"


def test_no_receipt_and_no_list_holds_the_write_key_or_a_cell(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(40)))
        for words in (("list",), ("show", "last"), ("verify", "a.csv")):
            for more in ((), ("--json",)):
                done = place.here("runs", *words, "--state-dir", "state", *more)
                assert KEY not in done.out + done.err
                assert "user-" not in done.out + done.err


def test_show_says_since_when_events_are_in_doubt_and_what_to_do(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        old_doubt(place)
        run = place.runs("show", "last").json["run"]
        assert (run["exit_code"], run["meaning"]) == (7, "a decision is needed")
        assert run["doubt"] == {
            "events": 50,
            "since": run["batches"]["in_doubt"]["first_intended"],
            "accepted_since": 0,
        }
        assert (
            f"runs settle {run['id']} --accepted · absent: infl-seg runs settle {run['id']} --pending"
            in run["next"]
        )


def test_a_doubt_that_a_later_run_lifted_is_none_any_more(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        file = old_doubt(place)
        first = place.runs("list").json["runs"][0]["id"]
        later = place.backfill(file, more=["--resend-in-doubt"]).json["run_id"]
        run = place.runs("show", first).json["run"]
        assert (run["events"]["in_doubt"], run["doubt"]["accepted_since"]) == (0, 50)
        assert (run["finished_by"], run["next"]) == (
            later,
            f"nothing: run {later} sent what this one left open",
        )


def test_a_run_is_named_by_the_beginning_of_its_id_if_no_other_begins_so(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        first, second = (
            place.backfill(campaign(tmp_path / f"{n}.csv", range(n, n + 5))).json["run_id"] for n in (0, 10)
        )
        assert place.runs("show", second[:-1]).json["run"]["id"] == second
        assert place.runs("show", "last").json["run"]["id"] == second
        several, none = place.runs("show", first[:4]), place.runs("show", "19990101")
        assert (several.code, none.code) == (2, 2)
        assert first in several.json["error"]["message"]
        assert "runs list" in none.json["error"]["hint"]


def test_a_damaged_ledger_hides_no_other(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        sent = place.backfill(campaign(tmp_path / "a.csv", range(5))).json["run_id"]
        broken = place.ledger.with_name("aaa.sqlite3")
        broken.write_bytes(b"not a ledger" * 1000)
        done = place.runs("list")
        assert (done.code, len(done.json["runs"])) == (6, 1)
        assert "aaa.sqlite3" in done.json["error"]["message"]
        assert place.runs("show", sent).code == 0
        assert place.runs("show", "last").code == 6  # the last run of all may be in the other ledger
        assert place.runs("show", "last", "--namespace", place.namespace).code == 0


def test_verify_proves_by_event_and_day_that_all_is_there(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", [*range(60), 7])
        place.backfill(file)
        done = place.runs("verify", file)
        assert (done.code, done.json["all_there"]) == (0, True)
        found = {"accepted": 60, "missing": 0, "in_doubt": 0, "refused": 0}
        assert done.json["by_event_and_day"] == [{"event": "Email Opened", "day": "2024-03-01", **found}]
        assert done.events == {
            "built": 61,
            "accepted": 60,
            "missing": 0,
            "in_doubt": 0,
            "refused": 0,
            "duplicate": 1,
            "unknown": 0,
        }
        words = place.here("runs", "verify", file, "--state-dir", "state")
        assert words.out.splitlines()[0] == "All there: every event of the input is recorded as accepted."


def test_verify_tells_what_is_missing_and_what_the_input_does_not_know(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(60)))
        done = place.runs("verify", campaign(tmp_path / "b.csv", range(10, 75)), "--run", "last")
        assert (done.code, done.json["all_there"]) == (1, False)
        assert (done.events["accepted"], done.events["missing"], done.events["unknown"]) == (50, 15, 10)
        assert done.json["first_missing"][0] == {"file": "b.csv", "line": 52}


def test_verify_tells_what_is_in_doubt(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        done = place.runs("verify", old_doubt(place))
        assert (done.code, done.events["in_doubt"], done.events["missing"]) == (1, 50, 0)


def test_verify_counts_what_was_refused_apart_from_what_is_missing(tmp_path: Path) -> None:
    with station(tmp_path, script=("400", "400", None, "400")) as place:
        sent = place.backfill(campaign(tmp_path / "a.csv", range(4)))
        assert (sent.code, sent.events["refused"]) == (1, 1)
        file = campaign(tmp_path / "b.csv", range(6))
        done = place.runs("verify", file, "--run", "last")
        counts = {"accepted": 3, "refused": 1, "in_doubt": 0, "missing": 2}
        assert (done.code, done.json["all_there"]) == (1, False)
        assert {name: done.events[name] for name in counts} == counts
        assert {name: done.json["by_event_and_day"][0][name] for name in counts} == counts
        assert [each["line"] for each in done.json["first_missing"]] == [6, 7]
        words = place.here("runs", "verify", file, "--run", "last", "--state-dir", "state").out
        assert "3 accepted + 1 refused + 0 unconfirmed + 2 missing" in words


def test_verify_of_what_was_refused_says_where_it_is_kept_until_it_was_fixed(tmp_path: Path) -> None:
    with station(tmp_path, script=("400", "400", None, "400")) as place:
        file = campaign(tmp_path / "a.csv", range(4))
        place.backfill(file, more=["--rejects", "left"])
        done = place.here("runs", "verify", file, "--state-dir", "state")
        assert done.code == 1
        assert done.out.splitlines()[0].startswith("Not all there: 1 event was refused.")
        assert "left, then: infl-seg replay" in done.out.splitlines()[0]
        to = ["--endpoint", place.sandbox.url, "--write-key", place.key, "--state-dir", "state", "--yes"]
        assert place.here("replay", "left/refused-messages.ndjson", *to).code == 0
        assert place.runs("verify", file, "--run", sent_by(place)).code == 0


def sent_by(place: Station) -> str:
    """The first run's id."""
    found = place.runs("list").json["runs"][0]["id"]
    assert isinstance(found, str)
    return found


def test_verify_counts_what_any_run_of_the_destination_has_sent(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(20)))
        file = campaign(tmp_path / "b.csv", range(50))
        place.backfill(file)
        done = place.runs("verify", file)
        assert (done.code, done.events["accepted"], done.events["unknown"]) == (0, 50, 0)


def test_verify_takes_the_settings_of_the_run(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        rows = "".join(f"Open,u{n},2024-03-01 23:30:{n:02},e1,Jrn\n" for n in range(9))
        (tmp_path / "a.csv").write_text(f"what,userId,timestamp,email_id,c\n{rows}Nope,u,2024-03-01,e,J\n")
        more = ["--timezone", "America/New_York", "--map", "campaign_id=c", "--unknown-events", "skip"]
        sent = place.backfill(
            "a.csv", more=[*more, "--map", "event=what", "--set", "campaign_run_id=1", "--limit", "8"]
        )
        assert (sent.code, sent.events["accepted"]) == (0, 8)
        done = place.runs("verify", "a.csv")
        assert (done.code, done.events["accepted"], done.events["unknown"]) == (0, 8, 0)
        assert [each["day"] for each in done.json["by_event_and_day"]] == ["2024-03-02"]


def test_verify_of_a_file_that_no_run_has_read_asks_for_the_run(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(5)))
        done = place.runs("verify", campaign(tmp_path / "b.csv", range(4)))
        assert (done.code, done.json["error"]["code"]) == (7, "decision-needed")
        assert "--run RUN" in done.json["error"]["hint"]


def test_verify_asks_for_a_persons_id_that_the_ledger_does_not_keep(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        (tmp_path / "a.csv").write_text("event,timestamp\nEmail Opened,2024-03-01T10:00:00Z\n")
        place.backfill("a.csv", more=["--set", "userId=jane@example.com"])
        asked = place.runs("verify", "a.csv")
        wrong = place.runs("verify", "a.csv", "--set", "userId=joe@example.com")
        right = place.runs("verify", "a.csv", "--set", "userId=jane@example.com")
        assert [asked.code, wrong.code, right.code] == [2, 2, 0]
        assert "--set userId=VALUE" in asked.json["error"]["hint"]
        assert right.events["accepted"] == 1


def test_verify_counts_rejected_rows_as_not_there(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(5))
        with (tmp_path / file).open("a") as end:
            end.write("Email Opened,u,p,e,c,yesterday\n")
        assert place.backfill(file, more=["--max-errors", "1"]).code == 1
        done = place.runs("verify", file)
        assert (done.code, done.json["rows"]["rejected"], done.events["missing"]) == (1, 1, 0)


@pytest.mark.parametrize("words", [("settle", "last", "--accepted"), ("forget", "last"), ("forget", "--all")])
def test_without_a_terminal_the_word_must_be_given(tmp_path: Path, words: tuple[str, ...]) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        old_doubt(place)
        before = place.runs("list").json["runs"]
        done = place.runs(*words)
        assert (done.code, done.json["error"]["code"]) == (2, "confirmation-missing")
        assert "--yes" in done.json["error"]["hint"]
        assert place.runs("list").json["runs"] == before


@pytest.mark.parametrize(
    "words",
    [("settle", "last", "--accepted", "--yes"), ("forget", "last", "--yes"), ("forget", "--all", "--yes")],
)
def test_nothing_is_settled_or_forgotten_while_a_run_works(tmp_path: Path, words: tuple[str, ...]) -> None:
    with station(tmp_path) as place, at_work(place):
        done = place.runs(*words)
        assert (done.code, done.json["error"]["code"]) == (6, "ledger-locked")
        assert f"process {os.getpid()}" in done.json["error"]["message"]
        assert len(place.runs("list").json["runs"]) == 1


@pytest.mark.parametrize("words", [("settle", "last"), ("settle", "last", "--accepted", "--pending")])
def test_settle_takes_one_of_two_words(tmp_path: Path, words: tuple[str, ...]) -> None:
    with station(tmp_path) as place:
        assert place.runs(*words).code == 2


def test_settle_of_a_killed_run_takes_what_was_in_flight(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        with at_work(place):
            pass
        done = place.runs("settle", "last", "--accepted", "--yes")
        assert (done.code, done.json["events"]) == (0, 3)
        (run,) = place.runs("list").json["runs"]
        assert (run["events"]["accepted"], run["events"]["in_doubt"]) == (3, 0)


def test_settle_says_so_where_there_is_nothing_in_doubt(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(5)))
        done = place.runs("settle", "last", "--pending")
        assert (done.code, done.json["events"]) == (0, 0)


def test_settle_names_the_run_that_does_have_something_in_doubt(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        with at_work(place):
            pass
        doubtful = place.runs("show", "last").json["run"]["id"]
        place.backfill(campaign(tmp_path / "a.csv", range(5)))
        done = place.here("runs", "settle", "last", "--pending", "--state-dir", "state")
    assert (
        f"left nothing unconfirmed; run {doubtful} left 3 events: infl-seg runs settle {doubtful} "
        in done.out
    )


def test_what_is_forgotten_counts_as_never_sent(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        one, two = (campaign(tmp_path / f"{n}.csv", range(n, n + 5)) for n in (0, 10))
        first = place.backfill(one).json["run_id"]
        place.backfill(two)
        assert place.runs("forget", first, "--yes").json["forgotten"] == [first]
        again = [place.backfill(file).events["accepted"] for file in (one, two)]
        assert again == [5, 0]


def test_all_runs_of_all_destinations_are_forgotten_at_once(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(5))
        for name in ("one", "two"):
            place.backfill(file, more=["--namespace", name, "--new-destination"])
        keep_dedup_window_s(place.state, "one", 72_000.0)
        assert len(place.runs("forget", "--all", "--yes").json["forgotten"]) == 2
        assert kept_dedup_window_s(place.state, "one") is None
        assert not list(place.state.rglob("*.answers.json"))
        assert place.runs("list").json["runs"] == []
