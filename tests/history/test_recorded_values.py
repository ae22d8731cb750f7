"""Personal values of options are no more than fingerprints in the ledger, and settings are compared all the same."""

import json
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from old_ledger import as_version_1
from run_support import Done, Station, station

PERSON, WHO, NOBODY = "user-4711", "ada@example.com", "nobody@example.com"
SECRETS = (PERSON, WHO, NOBODY)
SETTINGS = ("--set", f"userId={PERSON}", "--context", f"by={WHO}", "--null", "N/A", "--null", NOBODY)
OTHER_NULL = (*SETTINGS[:-1], "somebody@example.com")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Station]:
    """A station that has sent two rows, one of them with an address that stands for an empty cell."""
    (tmp_path / "a.csv").write_text(
        f"event,email_id,timestamp\nEmail Opened,e1,2024-03-01T00:00:00Z\nEmail Opened,{NOBODY},2024-03-02T00:00:00Z\n"
    )
    with station(tmp_path) as found:
        done = found.backfill("a.csv", more=SETTINGS)
        assert (done.code, done.events["accepted"]) == (0, 2), done.out
        yield found


def assert_none_is_told(*texts: str) -> None:
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text]
        assert "fingerprint:" not in text


def error(done: Done) -> str:
    assert done.code == 2, done.out
    told: dict[str, str] = done.json["error"]
    return f"{told['message']}; {told['hint']}"


def as_of_an_earlier_version(ledger: Path) -> None:
    """Record these values as they were, which earlier versions did."""
    as_version_1(ledger)
    with sqlite3.connect(ledger) as connection:
        ((arguments, shaping),) = connection.execute("SELECT arguments, shaping FROM runs").fetchall()
        kept, compared = json.loads(arguments), json.loads(shaping)
        assert kept["message"]["context"] != [f"by={WHO}"]
        kept["message"]["context"], kept["reading"]["null"] = [f"by={WHO}"], ["N/A", NOBODY]
        compared["null"] = f"N/A, {NOBODY}"
        connection.execute(
            "UPDATE runs SET arguments = ?, shaping = ?", (json.dumps(kept), json.dumps(compared))
        )
    connection.close()


def test_a_ledger_holds_no_personal_value_and_shows_no_fingerprint(place: Station) -> None:
    held = place.ledger.read_bytes().decode("latin-1")
    assert not [secret for secret in SECRETS if secret in held]
    assert "N/A" in held
    shown = place.runs("show", "last")
    assert_none_is_told(shown.out, place.here("runs", "show", "last", "--state-dir", "state").out)
    run = shown.json["run"]
    assert run["options"]["reading"]["set"] == ["userId=…"]
    assert run["options"]["reading"]["null"] == ["N/A", "…"]
    assert run["options"]["message"]["context"] == ["by=…"]
    assert run["shaping"]["null"] == "N/A, …"


@pytest.mark.parametrize("earlier", [False, True])
def test_a_run_goes_on_and_other_settings_stop_it(place: Station, *, earlier: bool) -> None:
    if earlier:
        as_of_an_earlier_version(place.ledger)
    other = place.backfill("a.csv", more=OTHER_NULL)
    assert other.code == 7
    said = other.json["error"]["message"]
    assert "--null was N/A, a value that is not shown, is another one" in said
    assert_none_is_told(said, other.err)
    again = place.backfill("a.csv", more=SETTINGS)
    assert (again.code, again.events["accepted"], again.events["already_accepted"]) == (0, 0, 2)


def test_a_verification_asks_for_what_ids_are_made_of(place: Station) -> None:
    assert "--set userId=VALUE" in error(place.runs("verify", "a.csv"))
    user = ("--set", f"userId={PERSON}")
    assert "--null VALUE" in error(place.runs("verify", "a.csv", *user))
    wrong = place.runs("verify", "a.csv", *user, "--null", NOBODY, "--null", WHO)
    assert "was not given to the run" in error(wrong)
    assert_none_is_told(wrong.out, wrong.err)
    assert place.runs("verify", "a.csv", *user, "--null", NOBODY).json["all_there"] is True


@pytest.mark.slow
def test_names_of_events_that_are_addresses_are_kept_likewise(tmp_path: Path) -> None:
    rows = (f"{WHO},2024-03-01", f"{NOBODY},2024-03-02", "Email Opened,2024-03-03")
    lines = ("event,userId,timestamp", *(row.replace(",", ",u1,") + "T00:00:00Z" for row in rows))
    (tmp_path / "a.csv").write_text("".join(f"{line}\n" for line in lines))
    named = ("--event-name", f"{WHO}=Email Bounced")
    typed = (*named, f"--skip-event={NOBODY}", "--skip-event", "Bounced")
    with station(tmp_path) as place:
        done = place.backfill("a.csv", more=(*typed, "--log-file", "run.log"))
        assert (done.code, done.events["accepted"], done.json["rows"]["filtered"]) == (0, 2, 1), done.out
        assert place.backfill("a.csv", more=typed).events["already_accepted"] == 2
        left = (place.ledger.read_bytes().decode("latin-1"), (tmp_path / "run.log").read_text())
        assert not [secret for secret in SECRETS for text in left if secret in text]
        shown = place.runs("show", "last")
        assert_none_is_told(shown.out, place.here("runs", "show", "last", "--state-dir", "state").out)
        reading = shown.json["run"]["options"]["reading"]
        assert (reading["event_name"], reading["skip_event"]) == (["…=Email Bounced"], ["…", "Bounced"])
        assert "--event-name 'VALUE=Email Bounced'" in error(place.runs("verify", "a.csv"))
        assert "--skip-event VALUE" in error(place.runs("verify", "a.csv", *named))
        again = (*named, "--skip-event", NOBODY)
        assert place.runs("verify", "a.csv", *again).json["all_there"] is True
        other = place.runs("verify", "a.csv", *again, "--skip-event", PERSON)
        assert "was not given to the run" in error(other)
        for hidden in (("--skip-event", "…"), ("--event-name", "…=Email Bounced")):
            assert "stands for a value that is not shown" in error(place.backfill("a.csv", more=hidden))
        as_version_1(place.ledger)
        with sqlite3.connect(place.ledger) as connection:
            kept = json.loads(connection.execute("SELECT arguments FROM runs").fetchone()[0])
            kept["reading"] |= {"event_name": [f"{WHO}=Email Bounced"], "skip_event": [NOBODY, "Bounced"]}
            connection.execute("UPDATE runs SET arguments = ?", (json.dumps(kept),))
        connection.close()
        assert_none_is_told(place.runs("show", "last").out)
        assert place.runs("verify", "a.csv").json["all_there"] is True


def test_a_name_that_begins_as_a_fingerprint_is_a_name(tmp_path: Path) -> None:
    lines = (
        "event,userId,timestamp",
        "fingerprint:1,u1,2024-03-01T00:00:00Z",
        "Email Opened,u1,2024-03-02T00:00:00Z",
    )
    (tmp_path / "a.csv").write_text("".join(f"{line}\n" for line in lines))
    named = ("--skip-event", "fingerprint:1")
    with station(tmp_path) as place:
        assert place.backfill("a.csv", more=named).events["accepted"] == 1
        assert place.runs("verify", "a.csv", *named).json["all_there"] is True


def test_a_label_that_is_an_address_is_refused(place: Station) -> None:
    refused = place.backfill("a.csv", more=(*SETTINGS, "--again", WHO))
    assert "--again takes a label" in error(refused)
    assert_none_is_told(refused.out, refused.err)
    assert place.backfill("a.csv", more=(*SETTINGS, "--again", "repair-1")).events["accepted"] == 2


@pytest.mark.slow
def test_a_run_of_an_earlier_version_is_shown_masked_and_verified_without_its_values(place: Station) -> None:
    as_of_an_earlier_version(place.ledger)
    assert_none_is_told(
        place.runs("show", "last").out, place.here("runs", "show", "last", "--state-dir", "state").out
    )
    user = ("--set", f"userId={PERSON}")
    assert place.runs("verify", "a.csv", *user).json["all_there"] is True
    assert place.runs("verify", "a.csv", *user, "--null", NOBODY).json["all_there"] is True


@pytest.mark.slow
def test_what_is_sent_again_has_the_values_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(time=lambda: import_module("time").time() + 3 * 86_400)
    monkeypatch.setattr(import_module("inflection_cli.cli.resending"), "time", clock)
    (tmp_path / "a.csv").write_text("groupId,plan,timestamp\ng1,gold,2024-03-01T00:00:00Z\n")
    values = ("--group-user", PERSON, "--context", f"by={WHO}")
    (tmp_path / "w.csv").write_text("id\nother\n")
    with station(tmp_path) as place:
        assert place.backfill("a.csv", more=("--as", "group", *values)).code == 0
        place.sandbox.forget()
        to = ("--endpoint", place.sandbox.url, "--write-key", place.key, "--resend-count", "1")
        words = ("verify", "a.csv", "--received", "w.csv", "--resend-missing", *to)
        assert "--group-user VALUE" in error(place.runs(*words))
        assert "--context by=VALUE" in error(place.runs(*words, *values[:2]))
        assert place.runs(*words, *values).code == 0
        first, again = place.sandbox.messages()
        assert first == again
        assert again["userId"] == PERSON
        held = place.ledger.read_bytes().decode("latin-1")
        assert not [secret for secret in SECRETS if secret in held]


@pytest.mark.slow
def test_a_project_files_values_are_kept_likewise(tmp_path: Path) -> None:
    (tmp_path / "infl-seg.toml").write_text(
        f'null = ["{NOBODY}"]\n[context]\nby = "{WHO}"\n[set]\nuserId = "{PERSON}"\n'
    )
    (tmp_path / "a.csv").write_text("event,email_id,timestamp\nEmail Opened,e1,2024-03-01T00:00:00Z\n")
    with station(tmp_path) as place:
        done = place.backfill("a.csv", more=("--report", "html=r.html", "--log-file", "run.log"))
        assert done.events["accepted"] == 1
        left: list[Any] = [place.ledger, tmp_path / "r.html", tmp_path / "run.log"]
        assert_none_is_told(done.out, done.err, *(each.read_text("latin-1") for each in left[1:]))
        assert not [secret for secret in SECRETS if secret in left[0].read_text("latin-1")]
