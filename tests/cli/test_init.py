"""`infl-seg init`: from an export that nobody foresaw to a finished rehearsal, by few answers on a terminal."""

import contextlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_support import KEY, PATIENCE_S, Desk, Result, command, opened
from old_export import old_export
from unforeseen_export import unforeseen_export

from inflection_cli.cli.app import run

STORY = (
    ("Is that right?", ""),
    ("Which column has the person's id?", "1"),
    ("In which time zone was the export written", "UTC"),
    ("What becomes of them?", "2=Email Bounced, skip"),
    ("In which file is the write key", ""),
    ("Rehearse the delivery now?", ""),
)
"""Each question, and what is typed."""

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def asked(*answers: str, words: tuple[str, ...] = ("export.csv",)) -> Result:
    """Run `init` in this process on what takes itself for a terminal, with these lines typed."""
    out, err = Terminal(), Terminal()
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["infl-seg", "init", *words], Terminal("".join(f"{line}\n" for line in answers))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["init", *words])
    finally:
        sys.argv, sys.stdin = before
    return Result(code, ESCAPES.sub("", out.getvalue()), ESCAPES.sub("", err.getvalue()))


def profile(desk: Desk, name: str = "export.profile.toml") -> dict[str, object]:
    text = (desk.folder / name).read_text(encoding="utf-8")
    assert '"FILL IN"' not in text
    return tomllib.loads(text)


def questions(said: str) -> int:
    """How often an answer was waited for."""
    return len(re.findall(r"^(?:\[\w*\] )?> ", said, re.MULTILINE))


@dataclass
class Conversation:
    """A command at a real pseudo-terminal, all three streams of it."""

    desk: Desk
    words: tuple[str, ...]
    typed: int = 0
    said: str = ""

    def hold(self, answers: tuple[tuple[str, str], ...]) -> int:
        """Type each answer once its question stands there and a line is waited for; give the exit code."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            command(*self.words), stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.desk.folder
        )
        os.close(theirs)
        try:
            for question, answer in answers:
                self._wait(ours, question)
                os.write(ours, f"{answer}\n".encode())
                self.typed += 1
            while part := os.read(ours, 65536):
                self.said += ESCAPES.sub("", part.decode(errors="replace"))
        except OSError:
            pass  # the other end has gone
        finally:
            os.close(ours)
        return child.wait(PATIENCE_S)

    def _wait(self, terminal: int, question: str) -> None:
        start = len(self.said)
        while question not in self.said[start:] or not self.said.endswith("> "):
            self.said += ESCAPES.sub("", os.read(terminal, 65536).decode(errors="replace"))


@pytest.mark.slow
def test_the_story_runs_from_init_to_a_finished_rehearsal_by_six_answers(desk: Desk) -> None:
    rows, unreadable = 50_000, (777, 41_234)
    (desk.folder / "export.csv").write_text(unforeseen_export(rows, unreadable), encoding="utf-8")
    talk = Conversation(desk, ("init", "export.csv"))
    code = talk.hold(STORY)
    assert talk.typed <= 6
    # By hand: of each ten rows three are “Email Sent” or “Sent” and left out, and the unreadable two are none of them.
    assert code == 1, talk.said
    assert "34,998 built = 34,998 accepted" in talk.said.replace("\r\n", "")
    assert "nothing left this machine" in talk.said.replace("\r\n", " ")
    assert "infl-seg backfill export.csv --profile export.profile.toml" in talk.said
    assert not (desk.folder / "state").exists()
    found = profile(desk)
    assert found["time"] == {"zone": "UTC", "format": "%d/%m/%Y %H:%M:%S"}
    assert found["fields"] == {
        "event": {"column": "What happened", "values": {"Hard Bounce": "Email Bounced"}},
        "userId": "Client",
        "email_link_url": "Goto URL",
        "timestamp": "When (local)",
    }
    assert found["options"] == {"unknown_events": "skip"}


def small(desk: Desk) -> None:
    """Put the small export there: its days and months cannot be told apart."""
    (desk.folder / "export.csv").write_text(unforeseen_export(60), encoding="utf-8")


def test_a_wrong_answer_is_refused_with_what_is_right_and_asked_again(desk: Desk) -> None:
    small(desk)
    done = asked(
        *(
            "perhaps",
            "y",
            "",
            "Clint",
            "Client",
            "3",
            "%d/%m/%Y %H:%M:%S",
            "Berlin",
            "Europe/Berlin",
            "2=Email Bonced",
        ),
        *(
            "2=Email Bounced",
            "9=Email Bounced, skip",
            "maybe",
            "2=Email Bounced, send",
            "no-such-file",
            "",
            "n",
        ),
    )
    assert done.code == 0, done.err
    for words in (
        "this takes yes or no → y or n",
        "this one has no answer to take for granted",
        "there is no column “Clint” → did you mean Client?",
        "this is not a time format",
        "did you mean Email Bounced?",
        "this does not say what becomes of the others",
        "“9” is not one of these names",
        "“maybe” is not an answer",
        "no-such-file cannot be read",
    ):
        assert words in " ".join(done.err.split()), words
    assert "$ infl-seg validate export.csv --profile export.profile.toml" in done.err
    assert "--rehearse" not in done.err
    assert profile(desk)["options"] == {"unknown_events": "send"}


def test_columns_that_are_not_right_are_asked_for_one_by_one(desk: Desk) -> None:
    small(desk)
    done = asked("n", "What happened", "1", "1", "1", "UTC", "skip", "", "n")
    assert done.code == 0, done.err
    fields = profile(desk)["fields"]
    assert isinstance(fields, dict)
    assert fields["event"] == "What happened"
    assert fields["timestamp"] == "When (local)"
    assert "email_link_url" not in fields


@pytest.mark.slow
def test_a_column_of_own_ids_is_asked_for(desk: Desk) -> None:
    rows = [f"open,u1,c1,e1,2024-03-01T08:00:00Z,a{n:012}" for n in range(6)]
    desk.file("export.csv", *rows, header="event,user_id,campaign_id,email_id,timestamp,sg_event_id")
    for answer, field in (("y", "sg_event_id"), ("n", None)):
        done = asked(answer, "", "n", words=("export.csv", "--force"))
        assert done.code == 0, done.err
        assert "event_id is “sg_event_id”: by its name an event's id" in done.err
        fields = profile(desk)["fields"]
        assert isinstance(fields, dict)
        assert fields.get("event_id") == field


def envelope(desk: Desk) -> None:
    """Put an export of Mailchimp's there: without its preset nobody knows where its records are."""
    done = {"action": "open", "timestamp": "2024-03-05T10:00:00+00:00"}
    person = {"campaign_id": "c", "email_id": "p", "email_address": "a@shop.example", "activity": [done]}
    (desk.folder / "export.json").write_text(json.dumps({"emails": [person]}), encoding="utf-8")


def test_a_preset_that_fits_is_offered_first_and_the_profile_extends_it(desk: Desk) -> None:
    envelope(desk)
    done = asked("", "", "n", words=("export.json",))
    assert done.code == 0, done.err
    assert "Use the preset mailchimp-activity?" in done.err
    assert "“action” has “open”" in done.err
    assert "it sends “^.email_id” as personId" in done.err
    assert "$ infl-seg validate export.json --profile export.profile.toml" in done.err
    assert profile(desk) == {"profile": 1, "extends": "preset:mailchimp-activity"}


def test_a_preset_that_is_declined_leaves_the_usual_questions(desk: Desk) -> None:
    envelope(desk)
    done = asked("n", "2", "", "n", words=("export.json",))
    found = profile(desk)
    assert "extends" not in found
    assert found["input"] == {"records": "emails.activity"}, done.err


def test_an_address_is_sent_only_as_the_user_says(desk: Desk) -> None:
    header = "event,timestamp,Recipient,campaign_id,email_id"
    rows = [f"Email Opened,2024-03-01T00:00:0{i}Z,p{i}@example.com,c,e" for i in range(5)]
    desk.file("export.csv", *rows, header=header)
    done = asked("", "2", "", "n")
    assert done.code == 0, done.err
    assert "only addresses" in done.err
    assert profile(desk)["options"] == {"anonymous_id_from": "email"}


def test_a_wide_export_is_asked_for_its_zone_and_for_each_time_that_no_column_has(desk: Desk) -> None:
    (desk.folder / "export.csv").write_bytes(old_export())
    done = asked("", "2", "3", "Europe/Berlin", "", "")
    assert done.code == 0, done.err
    found = profile(desk)
    assert found["input"] == {"encoding": "windows-1252", "delimiter": ";"}
    events = found["event"]
    assert isinstance(events, list)
    assert [(each["name"], each["timestamp"]) for each in events] == [
        ("Email Delivered", "Delivered At"),
        ("Email Opened", "First Opened"),
        ("Link Clicked", "First Opened"),
    ]


def test_a_list_of_contacts_is_offered_as_identify(desk: Desk) -> None:
    header = "userId,firstName,lastName,company,createdAt"
    desk.file(
        "export.csv",
        "u1,Ada,L,Acme,2024-03-01T00:00:00Z",
        "u2,Bob,M,Acme,2024-03-02T00:00:00Z",
        header=header,
    )
    done = asked("y", "", "n")
    assert "looks like a list of" in done.err
    assert profile(desk)["type"] == "identify"


def test_off_a_terminal_it_is_inspect_save(desk: Desk) -> None:
    small(desk)
    done = desk.run("init", "export.csv")
    draft = (desk.folder / "export.profile.toml").read_bytes()
    same = desk.run("inspect", "export.csv", "--save", "other.toml")
    assert (done.code, done.out) == (0, same.out.replace("other.toml", "export.profile.toml"))
    assert draft == (desk.folder / "other.toml").read_bytes()
    assert b'"FILL IN"' in draft
    assert desk.run("init", "export.csv", "--json", "--force").json["command"] == "inspect"


@pytest.mark.parametrize("words", [("export.csv", "--no-input"), ("export.csv", "--json")])
def test_a_terminal_is_asked_nothing_where_nobody_wants_to_be_asked(
    words: tuple[str, ...], desk: Desk
) -> None:
    small(desk)
    done = asked(words=words)
    assert (done.code, questions(done.err)) == (0, 0)
    assert (desk.folder / "export.profile.toml").exists()


def test_a_profile_that_is_there_is_kept_and_nothing_is_asked(desk: Desk) -> None:
    small(desk)
    (desk.folder / "export.profile.toml").write_text("mine", encoding="utf-8")
    done = asked("y")
    assert (done.code, questions(done.err)) == (2, 0)
    assert "--force" in done.err
    assert (desk.folder / "export.profile.toml").read_text(encoding="utf-8") == "mine"


def test_the_end_of_the_answers_writes_nothing(desk: Desk) -> None:
    small(desk)
    done = asked("y", "1")
    assert done.code == 2
    assert "> \nerror: the questions have no answer" in done.err
    assert not (desk.folder / "export.profile.toml").exists()


def test_several_files_are_refused(desk: Desk) -> None:
    small(desk)
    desk.file("b.csv", opened("u1"))
    done = asked(words=("export.csv", "b.csv"))
    assert (done.code, questions(done.err)) == (2, 0)


def test_the_keys_file_is_named_in_what_comes_next_and_a_key_is_never_repeated(desk: Desk) -> None:
    desk.file("export.csv", opened("u1"))
    (desk.folder / "my key.txt").write_text(KEY, encoding="utf-8")
    done = asked(KEY, "my key.txt", "n")
    assert done.code == 0, done.err
    assert "infl-seg send-test --write-key-file 'my key.txt'" in done.out
    assert KEY not in done.out + done.err
    assert KEY not in (desk.folder / "export.profile.toml").read_text(encoding="utf-8")


def test_a_key_in_the_environment_is_not_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    desk.file("export.csv", opened("u1"))
    done = asked("n")
    assert (done.code, questions(done.err)) == (0, 1)
    assert "The write key comes from the environment." in done.err


def test_an_export_that_leaves_nothing_open_is_rehearsed_by_two_answers(desk: Desk) -> None:
    desk.file("export.csv", opened("u1"), opened("u2", 5))
    done = asked("", "")
    assert (done.code, questions(done.err)) == (0, 2)
    assert "2 built = 2 accepted" in done.out


def test_a_command_that_it_runs_stands_whole_behind_its_prompt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    desk.file("export.csv", opened("u1"))
    done = asked("", "")
    rehearsal = (
        "$ infl-seg backfill export.csv --profile export.profile.toml --rehearse --events-per-second 0 "
    )
    assert rehearsal in done.err
    assert "$" not in done.err.splitlines()


def test_ids_beside_addresses_are_offered_and_names_of_campaigns_are_not(desk: Desk) -> None:
    header = "event,timestamp,Kundennr,Kampagne,Mailadresse"
    people = [f"K-{i % 900},{'Juni' if i == 7 else 'Mai'},p{i % 900}@example.com" for i in range(2500)]
    rows = [
        f"Email Opened,2024-03-{i // 1440 + 1:02}T{i // 60 % 24:02}:{i % 60:02}:00Z,{each}"
        for i, each in enumerate(people)
    ]
    desk.file("export.csv", *rows, header=header)
    done = asked("1", "", "n")
    assert done.code == 0, done.err
    assert "1  Kundennr: 900 different in 2,500 rows\n  2  send the address as userId" in done.err
    fields = profile(desk)["fields"]
    assert isinstance(fields, dict)
    assert fields["userId"] == "Kundennr"


def test_errors_that_stop_any_delivery_end_it_with_what_to_do_and_without_a_rehearsal(desk: Desk) -> None:
    header = "event,userId,timestamp,email"
    # One id for many addresses: such people would be merged for good.
    rows = [f"Email Opened,u1,2024-03-01T00:{i:02}:00Z,p{i}@example.com" for i in range(50)]
    desk.file("export.csv", *rows, header=header)
    done = asked()
    assert (done.code, questions(done.err)) == (1, 0), done.err
    assert "person-implausible" in done.err + done.out
    assert (
        "Fix the errors above first. Then:\n  infl-seg validate export.csv --profile export.profile.toml"
        in done.out
    )


def test_the_evidence_of_a_zone_is_told_once(desk: Desk) -> None:
    desk.file(
        "export.csv",
        *(f"Email Opened,u{i},2024-03-31 02:{i:02}:00" for i in range(30)),
        header="event,userId,timestamp",
    )
    done = asked("UTC", "", "n")
    assert done.code == 0, done.err
    assert " ".join(done.err.split()).count("Excluded (times fall in a DST gap)") == 1
    assert "30 times have no time zone\n" in done.err


def test_a_list_of_addresses_is_asked_for_the_person_and_the_time_and_rehearsed(desk: Desk) -> None:
    desk.file(
        "export.csv",
        *(f"p{i}@shop.example,Ada{i},Acme" for i in range(30)),
        header="Email Address,First Name,Company",
    )
    done = asked("y", "1", "1", "", "")
    assert done.code == 0, done.err
    assert "30 built = 30 accepted" in done.out
    assert "only addresses in “Email Address”" in done.err
    assert "1  give each call the time of its run" in done.err
    found = profile(desk)
    assert (found["type"], found["options"]) == ("identify", {"user_id_from": "email", "now": True})


def test_a_list_of_accounts_is_asked_for_what_stands_for_the_person(desk: Desk) -> None:
    desk.file("export.csv", "a1,Acme,free", "a2,Beta,paid", header="Account ID,Account Name,plan")
    done = asked("y", "1", "1", "", "")
    assert done.code == 0, done.err
    assert "2 built = 2 accepted" in done.out
    assert profile(desk)["options"] == {"group_anonymous_id": "account", "now": True}


def test_a_column_is_taken_as_the_persons_id_and_as_the_time_of_a_call(desk: Desk) -> None:
    header = "Kundennr,First Name,Last Name,Company,Geändert"
    desk.file("export.csv", *(f"K-{i},Ada,L,Acme,2024-03-01T00:0{i}:00Z" for i in range(9)), header=header)
    done = asked("y", "y", "1", "", "n")
    assert done.code == 0, done.err
    fields = profile(desk)["fields"]
    assert fields == {"userId": "Kundennr", "timestamp": "Geändert"}


def test_off_a_terminal_the_draft_of_a_list_has_a_line_to_fill_in_for_each_open_part(desk: Desk) -> None:
    desk.file("export.csv", "a1,Acme,free", "a2,Beta,paid", header="Account ID,Account Name,plan")
    report = desk.run("inspect", "export.csv", "--as", "group", "--save", "a.toml", "--json").json
    assert report["to_fill_in"] == ["group_anonymous_id", "now"]
    said = desk.run("validate", "export.csv", "--profile", "a.toml").err
    assert "the profile a.toml has 2 faults" in said
    draft = (desk.folder / "a.toml").read_text(encoding="utf-8")
    for words in ('"FILL IN"  # FILL IN: write "account"', '"FILL IN"  # FILL IN: write true'):
        draft = draft.replace(words, '"account"  #' if "account" in words else "true  #")
    (desk.folder / "b.toml").write_text(draft, encoding="utf-8")
    assert desk.run("validate", "export.csv", "--profile", "b.toml").code == 0


@pytest.mark.parametrize("words", ["--user-id-from email", "--anonymous-id-from email"])
def test_the_draft_of_a_list_keeps_the_options_that_were_given(words: str, desk: Desk) -> None:
    desk.file("export.csv", "p1@shop.example,Ada", "p2@shop.example,Bob", header="Email Address,First Name")
    options = ("--as", "identify", "--now", *words.split())
    assert desk.run("inspect", "export.csv", *options, "--save", "a.toml").code == 0
    assert desk.run("validate", "export.csv", "--profile", "a.toml").code == 0


def test_ctrl_c_at_a_question_ends_it_on_a_line_of_its_own_and_writes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    monkeypatch.setattr(Terminal, "readline", stopped)
    small(desk)
    done = asked()
    assert done.code == 130
    assert "> \ninterrupted by SIGINT" in done.err
    assert not (desk.folder / "export.profile.toml").exists()


def test_a_place_where_no_profile_can_be_written_is_refused_before_a_question(desk: Desk) -> None:
    small(desk)
    done = asked(words=("export.csv", "--save", "none/p.toml"))
    assert (done.code, questions(done.err)) == (4, 0)
    assert "none/p.toml cannot be written: No such file or directory" in done.err
