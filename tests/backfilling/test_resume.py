"""Resuming is the same command again: whatever came before, each event is accepted once."""

import random
from pathlib import Path

import pytest
from run_support import Station, campaign, ended, station

SLOWLY = ("--events-per-second", "100")  # batches of 10, ten a second: a busy machine kills in time
LOST = "ack-lost"


def killed_after(place: Station, file: str, requests: int) -> None:
    """Start a backfill and kill it when so many more requests have come."""
    before = place.sandbox.stats()["requests"]
    process = place.start(*place.words(file, more=SLOWLY))
    place.wait_for_requests(before + requests)
    process.kill()
    assert ended(process).code == -9


def test_what_was_accepted_is_not_sent_again_by_the_same_command(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(300))
        first, second = place.backfill(file), place.backfill(file)
        assert (first.code, first.events["accepted"]) == (0, 300)
        assert (second.code, second.events["accepted"], second.events["already_accepted"]) == (0, 0, 300)
        assert place.ids() == place.wire_ids(range(300))
        assert place.sandbox.stats()["accepted"] == 300


def test_a_killed_run_is_finished_by_the_same_command(tmp_path: Path) -> None:
    # The fifth request gets no answer: the run is surely at work, and unconfirmed, when it is killed.
    with station(tmp_path, script=(None, None, None, None, "ack-timeout")) as place:
        file = campaign(tmp_path / "a.csv", range(800))
        killed_after(place, file, 5)
        (left,) = place.runs("list").json["runs"]
        assert left["state"] == "killed"
        assert left["events"]["in_doubt"] > 0
        done = place.backfill(file)
        assert done.code == 0, done.err
        assert done.events["accepted"] + done.events["already_accepted"] == 800
        assert done.events["already_accepted"] == left["events"]["accepted"]
        assert place.ids() == place.wire_ids(range(800))
        # On the wire twice at most what was in flight.
        assert place.sandbox.stats()["duplicate"] <= left["events"]["in_doubt"]
        killed, finished = place.runs("list").json["runs"]
        assert (killed["events"]["in_doubt"], finished["exit_code"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_run_killed_again_while_it_resumes_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with station(tmp_path, latency_s=0.1) as place:
        file = campaign(tmp_path / "a.csv", range(3000))
        for _ in range(3):
            killed_after(place, file, dice.randint(1, 6))
        done = place.send(file)
        assert done.code == 0, done.err
        assert done.events["accepted"] + done.events["already_accepted"] == 3000
        assert place.ids() == place.wire_ids(range(3000))
        events = [run["events"] for run in place.runs("list").json["runs"]]
        assert not any(each["in_doubt"] for each in events)
        assert sum(each["accepted"] for each in events) == 3000


def test_overlapping_exports_send_each_event_once(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        january = campaign(tmp_path / "january.csv", range(200))
        quarter = campaign(tmp_path / "quarter.csv", range(500))
        later = campaign(tmp_path / "later.csv", range(400, 600))
        results = [place.backfill(file) for file in (january, quarter, later)]
        assert [done.events["accepted"] for done in results] == [200, 300, 100]
        assert place.ids() == place.wire_ids(range(600))
        assert place.sandbox.stats()["duplicate"] == 0


def test_a_resorted_export_has_nothing_to_send(tmp_path: Path) -> None:
    numbers = list(range(300))
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", numbers))
        random.Random(1).shuffle(numbers)
        again = place.backfill(campaign(tmp_path / "b.csv", numbers))
        assert (again.code, again.events["already_accepted"]) == (0, 300)
        assert place.sandbox.stats()["accepted"] == 300


def test_an_export_split_in_five_sends_each_event_once_also_after_the_whole(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        parts = [campaign(tmp_path / f"part{i}.csv", range(i, 300, 5)) for i in range(5)]
        place.backfill(parts[0])
        place.backfill(parts[3])
        whole = place.backfill(campaign(tmp_path / "whole.csv", range(300)))
        rest = place.backfill(*parts)
        assert (whole.events["accepted"], whole.events["already_accepted"]) == (180, 120)
        assert (rest.code, rest.events["accepted"], rest.events["already_accepted"]) == (0, 0, 300)
        assert place.ids() == place.wire_ids(range(300))
        assert place.sandbox.stats()["duplicate"] == 0


def test_a_young_doubt_is_sent_again_under_the_same_ids(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        done = place.backfill(campaign(tmp_path / "a.csv", range(50)))
        assert (done.code, done.events["accepted"], done.json["delivery"]["retries"]) == (0, 50, 1)
        assert place.ids() == place.wire_ids(range(50))
        assert place.sandbox.stats()["duplicate"] == 50


def in_doubt_for_ever(place: Station) -> str:
    """Leave a campaign unconfirmed at a destination whose memory is not trusted."""
    file = campaign(place.folder / "a.csv", range(50))
    done = place.backfill(file, more=["--dedup-window", "0"])
    assert (done.code, done.events["in_doubt"]) == (7, 50)
    assert done.json["error"]["code"] == "decision-needed"
    return file


def test_a_doubt_beyond_the_window_waits_for_the_users_word(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        file = in_doubt_for_ever(place)
        again = place.backfill(file, more=["--dedup-window", "0"])
        (run,) = place.runs("list").json["runs"]
        assert (again.code, again.events["in_doubt"]) == (7, 50)
        assert f"runs settle {run['id']} --accepted" in again.json["error"]["hint"]
        assert place.sandbox.stats()["requests"] == 1


def test_resend_in_doubt_sends_an_old_doubt_again_under_the_same_ids(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        file = in_doubt_for_ever(place)
        done = place.backfill(file, more=["--dedup-window", "0", "--resend-in-doubt"])
        assert (done.code, done.events["accepted"]) == (0, 50)
        assert place.ids() == place.wire_ids(range(50))
        after = place.backfill(file, more=["--dedup-window", "0"])
        assert (after.code, after.events["already_accepted"]) == (0, 50)


def test_resend_in_doubt_holds_for_the_doubts_of_its_own_run(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST, LOST)) as place:
        file = in_doubt_for_ever(place)
        done = place.backfill(file, more=["--dedup-window", "0", "--resend-in-doubt"])
        assert (done.code, done.events["accepted"]) == (0, 50)


def test_a_doubt_settled_as_accepted_is_never_sent_again(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        file = in_doubt_for_ever(place)
        assert place.runs("settle", "last", "--accepted", "--yes").json["events"] == 50
        done = place.backfill(file, more=["--dedup-window", "0"])
        assert (done.code, done.events["already_accepted"]) == (0, 50)
        assert place.sandbox.stats()["requests"] == 1


def test_a_doubt_settled_as_pending_is_sent_again(tmp_path: Path) -> None:
    with station(tmp_path, script=("reset",)) as place:
        file = in_doubt_for_ever(place)
        assert place.runs("settle", "last", "--pending", "--yes").json["events"] == 50
        done = place.backfill(file, more=["--dedup-window", "0"])
        assert (done.code, done.events["accepted"]) == (0, 50)
        assert place.ids() == place.wire_ids(range(50))


def test_new_events_go_while_an_old_doubt_waits(tmp_path: Path) -> None:
    with station(tmp_path, script=(LOST,)) as place:
        in_doubt_for_ever(place)
        more = place.backfill(campaign(tmp_path / "b.csv", range(80)), more=["--dedup-window", "0"])
        assert (more.code, more.events["accepted"], more.events["in_doubt"]) == (7, 30, 50)
        assert place.ids() == place.wire_ids(range(80))


def test_what_was_refused_before_is_no_reason_to_doubt_key_and_endpoint(tmp_path: Path) -> None:
    with station(tmp_path, script=("400", None, "400", "400", None, "400")) as place:
        file = campaign(tmp_path / "a.csv", range(4))
        first = place.backfill(file)
        assert (first.code, first.events["accepted"], first.events["refused"]) == (1, 3, 1)
        again = place.backfill(file, more=["--rejects", "left"])
    error = again.json["error"]
    assert (again.code, again.events["already_accepted"], again.events["refused"]) == (5, 3, 1)
    assert error["message"].startswith("1 event is refused again, as before (HTTP 400: ")
    assert "the sandbox's fault 400" in error["message"]
    assert error["message"].endswith("3 others are accepted, and nothing else is left to send")
    assert "fix the messages in left, then: infl-seg replay" in error["hint"]
    assert "send-test" not in error["hint"]
    assert (tmp_path / "left" / "refused-messages.ndjson").read_bytes().count(b"\n") == 1


FIRST_OF_THREE_REFUSED = ("400", "400", "400", None, None)
"""The batch, its first half and its first event; then the rest is accepted."""


def test_what_was_refused_before_stops_a_run_with_the_count_of_what_is_left(tmp_path: Path) -> None:
    with station(tmp_path, script=(*FIRST_OF_THREE_REFUSED, "400")) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(3)))
        more = ["--events-per-second", "10"]  # a batch of one
        again = place.backfill(campaign(tmp_path / "a.csv", range(60)), more=more)
    error, events = again.json["error"], again.events
    assert (again.code, events["refused"]) == (5, 1)
    # How many went before the refusal was answered is the machine's affair.
    sent, left = events["accepted"] + events["already_accepted"], events["pending"]
    assert (sent + left, left > 1) == (59, True)
    assert error["message"].endswith(f"{sent} others are accepted, and {left} more are left to send")
    assert error["hint"].endswith("; then the same command again")


def test_a_destination_that_has_taken_nothing_may_still_be_the_wrong_one(tmp_path: Path) -> None:
    with station(tmp_path, script=("400",) * 6) as place:
        file = campaign(tmp_path / "a.csv", range(2))
        runs = [place.backfill(file), place.backfill(file)]
    assert [(run.code, run.events["refused"]) for run in runs] == [(5, 2), (5, 2)]
    assert all("send-test" in run.json["error"]["hint"] for run in runs)


def test_a_refusal_that_is_new_is_not_called_an_old_one(tmp_path: Path) -> None:
    with station(tmp_path, script=(*FIRST_OF_THREE_REFUSED, "400", "400", "400")) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(3)))
        again = place.backfill(campaign(tmp_path / "a.csv", range(4)))  # the refused one and a new one
    assert (again.code, again.events["refused"]) == (5, 2)
    assert "send-test" in again.json["error"]["hint"]


def test_what_was_refused_and_fixed_is_no_conflict(tmp_path: Path) -> None:
    with station(tmp_path, script=FIRST_OF_THREE_REFUSED) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(3)))
        header, first, *_ = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
        (tmp_path / "b.csv").write_text(f"{header},note\n{first},short\n", encoding="utf-8")
        done = place.backfill("b.csv")
    assert (done.code, done.events["accepted"], done.json["problem_counts"]) == (0, 1, {})
