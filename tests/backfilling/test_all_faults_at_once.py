"""Every fault at once: whatever goes wrong on the way, each event arrives, and counts once."""

from pathlib import Path

import pytest
from command_support import Desk, events_balance, opened, to

from inflection_cli.sandbox import Settings, parse_faults, serve

EVENTS = 1_600
BATCHES = 300
TIMES = 5
PASSING = ("429", "500", "502", "503", "408", "reset", "ack-lost", "ack-503", "slow")
STOPPING = ("html", "success-false")
RUNS = 80


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.mark.slow
def test_with_every_fault_at_once_all_events_are_accepted_exactly_once(desk: Desk) -> None:
    name = desk.file("many.csv", *(opened(f"u{n}", n % 1_440) for n in range(EVENTS)))
    faults = parse_faults(*(f"{fault}=0.03" for fault in (*PASSING, *STOPPING)))
    settings = Settings(faults=faults, seed=11, retry_after_s=0, slow_s=0.2, keep_messages=True)
    reports = []
    with serve(settings) as sandbox:
        words = (
            "backfill",
            name,
            "--json",
            *to(sandbox.url),
            "--events-per-second",
            "50",
            "--dedup-window",
            "20",
        )
        # An answer that is not Segment's ends a run by design; the same command takes up where it ended.
        for _ in range(RUNS):
            reports.append(desk.run(*words).json)
            if reports[-1]["exit_code"] != 5:
                break
        stats, received = sandbox.stats(), sandbox.messages()
    last = reports[-1]
    assert last["exit_code"] == 0
    assert all(events_balance(report) for report in reports)
    assert last["events"]["accepted"] + last["events"]["already_accepted"] == EVENTS
    assert sum(report["events"]["accepted"] for report in reports) == EVENTS
    assert stats["unique"] == EVENTS == len({message["userId"] for message in received})
    assert stats["discarded"]["total"] == 0
    assert stats["requests"] >= BATCHES
    assert min(stats["by_fault"][fault] for fault in (*PASSING, *STOPPING)) >= TIMES
    assert stats["duplicate"] > 0  # what a lost answer hid was sent again under the same ids


@pytest.mark.slow
def test_one_of_each_passing_fault_in_a_row_is_one_run(desk: Desk) -> None:
    name = desk.file("some.csv", *(opened(f"u{n}") for n in range(30)))
    script = tuple(fault for fault in PASSING if fault != "slow")
    with serve(Settings(script=script, retry_after_s=0)) as sandbox:
        report = desk.run("backfill", name, "--json", *to(sandbox.url), "--dedup-window", "20").json
        stats = sandbox.stats()
    assert (report["exit_code"], report["events"]["accepted"], stats["unique"]) == (0, 30, 30)
    assert report["delivery"]["retries"] == len(script)
