"""Settings that would double what was sent stop a run before it sends, and say what differs."""

from pathlib import Path

import pytest
from run_support import Station, campaign, ended, station

OTHER_KEY = "regenerated-0123456789abcdefghij"
NO_ZONE = "timestamp,event,userId,email_id,campaign_id,journey"


def zoneless(folder: Path, name: str = "a.csv", rows: int = 20) -> str:
    """Write events whose times name no zone, and that have two columns for a campaign."""
    lines = [f"2024-03-01 10:00:{n:02},Email Opened,u{n},e1,c1,j1" for n in range(rows)]
    (folder / name).write_text("\n".join((NO_ZONE, *lines, "")), encoding="utf-8")
    return name


def assert_stopped(place: Station, file: str, words: tuple[str, ...], *said: str) -> None:
    """A run is stopped before it sends anything, and says these things."""
    before = place.sandbox.stats()["requests"]
    done = place.backfill(file, more=words)
    error = done.json["error"]
    assert (done.code, error["code"]) == (7, "decision-needed")
    for word in said:
        assert word in error["message"] + error["hint"]
    assert place.sandbox.stats()["requests"] == before


def test_another_time_zone_on_the_same_input_stops_and_names_both_zones(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        assert place.backfill(file, more=["--timezone", "UTC"]).code == 0
        words = ("--timezone", "Europe/Berlin")
        assert_stopped(place, file, words, "--timezone was UTC, is Europe/Berlin", "--again LABEL")


@pytest.mark.parametrize("copy", ["renamed.csv", "packed.csv.gz"])
def test_the_same_input_is_recognised_under_another_name(tmp_path: Path, copy: str) -> None:
    import gzip

    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC"])
        data = (tmp_path / file).read_bytes()
        (tmp_path / copy).write_bytes(gzip.compress(data) if copy.endswith(".gz") else data)
        assert_stopped(place, copy, ("--timezone", "Asia/Tokyo"), "Asia/Tokyo")


def test_the_same_input_is_recognised_after_a_part_of_it_was_sent(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC", "--limit", "5"])
        assert_stopped(place, file, ("--timezone", "Asia/Tokyo"), "Asia/Tokyo")
        assert place.backfill(file, more=["--timezone", "UTC"]).events["accepted"] == 15


def test_another_mapping_of_the_same_input_stops_and_names_both_columns(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC"])
        words = ("--timezone", "UTC", "--map", "campaign_id=journey")
        assert_stopped(place, file, words, "campaign_id was column “campaign_id”, is column “journey”")


def test_the_old_settings_go_on(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC"])
        done = place.backfill(file, more=["--timezone", "UTC"])
        assert (done.code, done.events["already_accepted"]) == (0, 20)


def test_again_sends_on_purpose_and_under_one_label_only_once(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(40))
        sent = [place.backfill(file, more=more) for more in ((), ("--again", "x"), ("--again", "x"))]
        assert [done.code for done in sent] == [0, 0, 0]
        assert [done.events["accepted"] for done in sent] == [40, 40, 0]
        assert sent[2].events["already_accepted"] == 40
        assert place.ids() == place.wire_ids(range(40)) | place.wire_ids(range(40), label="x")


def test_again_lets_other_settings_pass(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC"])
        done = place.backfill(file, more=["--timezone", "Asia/Tokyo", "--again", "tokyo"])
        assert (done.code, done.events["accepted"]) == (0, 20)
        assert_stopped(place, file, ("--timezone", "Europe/Berlin", "--again", "tokyo"), "Asia/Tokyo")


def test_events_in_doubt_under_other_settings_stop_as_well(tmp_path: Path) -> None:
    with station(tmp_path, script=("ack-lost",)) as place:
        file = zoneless(tmp_path)
        old = place.backfill(file, more=["--timezone", "UTC", "--dedup-window", "0"])
        assert (old.code, old.events["in_doubt"]) == (7, 20)
        assert_stopped(place, file, ("--timezone", "Asia/Tokyo"), "Asia/Tokyo")


def test_a_setting_that_changes_no_id_stops_nothing(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(10))
        place.backfill(file)
        done = place.backfill(file, more=["--timezone", "UTC"])
        assert (done.code, done.events["already_accepted"]) == (0, 10)


def test_one_of_two_files_that_were_sent_together_goes_through_alone(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        one = campaign(tmp_path / "one.csv", range(10))
        two = campaign(tmp_path / "two.csv", range(10, 30))
        place.backfill(one, two, more=["--limit", "20"])
        done = place.backfill(two)
        assert (done.code, done.events["accepted"], done.events["already_accepted"]) == (0, 10, 10)


def test_a_persons_id_that_was_set_is_no_more_than_a_fingerprint_in_the_ledger(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        (tmp_path / "a.csv").write_text("event,timestamp\nEmail Opened,2024-03-01T10:00:00Z\n")
        done = place.backfill("a.csv", more=["--set", "userId=jane@example.com"])
        assert (done.code, done.events["accepted"]) == (0, 1)
        assert b"jane@example.com" not in place.ledger.read_bytes()
        assert_stopped(
            place,
            "a.csv",
            ("--set", "userId=joe@example.com"),
            "userId was set to a value that is not shown, is another one",
        )


def test_a_zone_that_only_the_rows_without_one_need_lets_those_go(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        lines = [
            "2024-03-01T10:00:00Z,Email Opened,u1,e1,c1,j1",
            "2024-03-01 10:00:01,Email Opened,u2,e1,c1,j1",
        ]
        (tmp_path / "a.csv").write_text("\n".join((NO_ZONE, *lines, "")), encoding="utf-8")
        assert place.backfill("a.csv", more=["--max-errors", "1"]).events["accepted"] == 1
        done = place.backfill("a.csv", more=["--timezone", "Europe/Berlin"])
        assert (done.code, done.events["accepted"], done.events["already_accepted"]) == (0, 1, 1)


def test_another_encoding_that_changes_ids_stops_and_names_both(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        line = "2024-03-01T10:00:00Z,Email Opened,u1,e1,c\xe9,j1"
        (tmp_path / "a.csv").write_bytes(f"{NO_ZONE}\n{line}\n".encode("latin-1"))
        assert place.backfill("a.csv", more=["--encoding", "latin-1"]).code == 0
        assert_stopped(place, "a.csv", ("--encoding", "cp437"), "--encoding was iso8859-1, is cp437")


def test_an_encoding_that_only_unreadable_rows_need_lets_those_go(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        lines = [
            "2024-03-01T10:00:00Z,Email Opened,u1,e1,c1,j1",
            "2024-03-01T10:00:01Z,Email Opened,u2,e1,c\xe9,j1",
        ]
        (tmp_path / "a.csv").write_bytes("\n".join((NO_ZONE, *lines, "")).encode("latin-1"))
        assert place.backfill("a.csv", more=["--max-errors", "1"]).events["accepted"] == 1
        done = place.backfill("a.csv", more=["--encoding", "latin-1"])
        assert (done.code, done.events["accepted"], done.events["already_accepted"]) == (0, 1, 1)


def test_other_content_than_the_ledgers_names_the_line_and_the_run(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        header, row = (
            "event,userId,email_id,campaign_id,timestamp,is_unique_open",
            "Email Opened,u1,e1,c1,2024-03-01T10:00:00Z",
        )
        for name, flag in (("a.csv", "true"), ("b.csv", "false")):
            (tmp_path / name).write_text(f"{header}\n{row},{flag}\n", encoding="utf-8")
        run_id = place.backfill("a.csv").json["run_id"]
        (problem,) = place.backfill("b.csv").json["problems"]
        assert (problem["code"], problem["file"], problem["line"]) == ("same-id-other-content", "b.csv", 2)
        assert f"run {run_id} has sent it" in problem["message"]


def regenerated(place: Station) -> Station:
    """The same sandbox behind another write key."""
    return Station(place.folder, place.sandbox, OTHER_KEY)


def test_a_regenerated_key_stops_until_the_old_namespace_is_named(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(30))
        place.backfill(file)
        later = regenerated(place)
        assert_stopped(later, file, (), f"--namespace {place.namespace}", "--new-destination")
        done = later.backfill(file, more=["--namespace", place.namespace])
        assert (done.code, done.events["already_accepted"]) == (0, 30)
        assert place.sandbox.stats()["accepted"] == 30


def test_a_regenerated_key_stops_until_it_is_said_to_be_a_new_destination(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(30))
        place.backfill(file)
        done = regenerated(place).backfill(file, more=["--new-destination"])
        assert (done.code, done.events["accepted"]) == (0, 30)
        assert place.ids() == place.wire_ids(range(30)) | regenerated(place).wire_ids(range(30))


def test_the_guard_names_the_ledger_that_has_the_events(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(30))
        place.backfill(file, more=["--namespace", "m-has-them"])
        for name, numbers in (("a-none", range(100, 110)), ("z-few", range(28, 40))):
            other = campaign(tmp_path / f"{name}.csv", numbers)
            assert place.backfill(other, more=["--namespace", name, "--new-destination"]).code == 0
        assert_stopped(place, file, (), "--namespace m-has-them", "m-has-them, z-few")
        assert "a-none" not in place.backfill(file).json["error"]["message"]


def test_other_events_for_a_new_destination_are_not_stopped(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        place.backfill(campaign(tmp_path / "a.csv", range(30)))
        done = regenerated(place).backfill(campaign(tmp_path / "b.csv", range(50, 60)))
        assert (done.code, done.events["accepted"]) == (0, 10)


def test_a_dry_run_asks_for_no_decision(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(30))
        place.backfill(file)
        done = place.backfill(file, more=["--dry-run"])
        assert (done.code, done.events["already_accepted"]) == (0, 30)


def test_a_resorted_file_that_had_nothing_left_to_send_is_guarded_as_well(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        place.backfill(file, more=["--timezone", "UTC"])
        header, *rows = (tmp_path / file).read_text(encoding="utf-8").splitlines()
        (tmp_path / "b.csv").write_text("\n".join((header, *reversed(rows), "")), encoding="utf-8")
        known = place.backfill("b.csv", more=["--timezone", "UTC"])
        assert (known.code, known.events["already_accepted"]) == (0, 20)
        assert_stopped(place, "b.csv", ("--timezone", "Asia/Tokyo"), "--timezone was UTC, is Asia/Tokyo")


SENDGRID = '{"email":"example@test.com","timestamp":%d,"event":"open","sg_event_id":"e%d"}\n'


@pytest.mark.parametrize("profile", ["mine.toml", "preset:sendgrid-events"])
def test_a_run_that_found_everything_sent_stops_no_later_one_with_equal_ids(
    tmp_path: Path, profile: str
) -> None:
    with station(tmp_path) as place:
        if profile == "mine.toml":
            (tmp_path / profile).write_text("profile = 1\n", encoding="utf-8")
            one = campaign(tmp_path / "s1.csv", (*range(20), 0))
            two = campaign(tmp_path / "s2.csv", range(30, 40))
        else:
            one, two = "s1.json", "s2.json"
            lines = [SENDGRID % (1_513_299_569 + n, n) for n in (*range(20), 0)]
            (tmp_path / one).write_text("".join(lines), encoding="utf-8")
            (tmp_path / two).write_text(SENDGRID % (1_513_299_999, 99), encoding="utf-8")
        sent = [place.backfill(one, more=["--profile", profile]) for _ in range(2)]
        assert [(done.code, done.events["already_accepted"]) for done in sent] == [(0, 0), (0, 20)]
        done = place.backfill(one, two, more=["--profile-for", f"s*={profile}"])
        assert (done.code, done.events["already_accepted"]) == (0, 20)
        assert done.events["accepted"] > 0


def test_a_run_that_found_everything_sent_still_stops_one_with_other_ids(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        for _ in range(2):
            assert place.backfill(file, more=["--timezone", "UTC"]).code == 0
        assert_stopped(place, file, ("--timezone", "Asia/Tokyo"), "--timezone was UTC, is Asia/Tokyo")


def test_what_a_run_found_sent_from_another_file_stops_one_that_gives_it_other_ids(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        late = "2024-03-01T11:00:00Z,Email Opened,u99,e1,c1,j1\n"
        place.backfill(zoneless(tmp_path), more=["--timezone", "UTC"])
        file = zoneless(tmp_path, "b.csv")
        with (tmp_path / file).open("a", encoding="utf-8") as opened:
            opened.write(late)
        for accepted in (1, 0):
            assert place.backfill(file, more=["--timezone", "UTC"]).events["accepted"] == accepted
        assert_stopped(place, file, ("--timezone", "Asia/Tokyo"), "--timezone was UTC, is Asia/Tokyo")


def test_each_file_is_judged_by_the_last_run_that_had_it(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        one, two = zoneless(tmp_path), zoneless(tmp_path, "b.csv", rows=5)
        assert place.backfill(one, more=["--timezone", "UTC"]).code == 0
        assert place.backfill(two, more=["--timezone", "Asia/Tokyo"]).code == 0
        words = (two, "--timezone", "Asia/Tokyo")
        assert_stopped(place, one, words, "--timezone was UTC, is Asia/Tokyo")


LATE = "2024-03-01T11:00:00Z,Email Opened,u99,e1,c1,j1\n"
"""A row whose event is the same in every time zone."""


@pytest.mark.parametrize("grown", [False, True])
def test_a_run_that_sent_a_part_and_found_the_rest_is_judged_by_both(tmp_path: Path, *, grown: bool) -> None:
    with station(tmp_path) as place:
        file = zoneless(tmp_path)
        whole = zoneless(tmp_path, "b.csv" if grown else file)
        with (tmp_path / whole).open("a", encoding="utf-8") as opened:
            opened.write(LATE)
        part = place.backfill(file, more=["--timezone", "UTC", "--limit", "20"])
        rest = place.backfill(whole, more=["--timezone", "UTC"])
        assert [each.events["accepted"] for each in (part, rest)] == [20, 1]
        # Its own part is the same event under either zone.
        assert_stopped(place, whole, ("--timezone", "Asia/Tokyo", "--until", "2024-03-02"), "is Asia/Tokyo")


def test_what_a_killed_run_found_sent_is_known_by_its_plan(tmp_path: Path) -> None:
    # The second request gets no answer: the run is surely at work when it is killed.
    with station(tmp_path, script=(None, "ack-timeout")) as place:
        assert place.backfill(zoneless(tmp_path), more=["--timezone", "UTC"]).events["accepted"] == 20
        grown = zoneless(tmp_path, "b.csv")
        with (tmp_path / grown).open("a", encoding="utf-8") as opened:
            opened.write(LATE)
        process = place.start(*place.words(grown, more=("--timezone", "UTC")))
        place.wait_for_requests(2)
        process.kill()
        assert ended(process).code == -9
        assert_stopped(place, grown, ("--timezone", "Asia/Tokyo"), "--timezone was UTC, is Asia/Tokyo")


def test_what_a_run_found_sent_stops_no_setting_that_leaves_all_of_it_alone(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        zoned = "".join(f"2024-03-01T10:00:{n:02}Z,Email Opened,u{n},e1,c1,j1\n" for n in range(9))
        (tmp_path / "a.csv").write_text(f"{NO_ZONE}\n{zoned}", encoding="utf-8")
        bare = "2024-03-01 12:00:00,Email Opened,u50,e1,c1,j1\n"
        (tmp_path / "b.csv").write_text(f"{NO_ZONE}\n{zoned}{LATE}{bare}", encoding="utf-8")
        assert place.backfill("a.csv").events["accepted"] == 9
        assert place.backfill("b.csv", more=["--max-errors", "1"]).events["accepted"] == 1
        done = place.backfill("b.csv", more=["--timezone", "Asia/Tokyo"])
        assert (done.code, done.events["accepted"], done.events["already_accepted"]) == (0, 1, 10)
