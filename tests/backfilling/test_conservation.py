"""Conservation: every row and every event is in exactly one place, however a run ends."""

import csv
import io
import json
from functools import partial
from itertools import pairwise
from pathlib import Path

import pipeline_support as tools
import pytest
from command_support import Desk, events_balance, opened, rows_balance, to
from example_support import examples
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.dedup import LedgerEvents
from inflection_cli.backfilling.plan import Planner
from inflection_cli.backfilling.second_pass import outgoing
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.errors import InputChanged, Interrupted
from inflection_cli.model import Disposition
from inflection_cli.reading import ReadOptions
from inflection_cli.sandbox import Settings, serve

BOUNDS = st.sampled_from([None, "2024-03-01T00:00:00.000Z", "2024-03-01T09:30:00.100Z"])
HOW = st.builds(
    lambda since, until, unknown, events: tools.settings(
        since=since,
        until=until,
        mapping=tools.mapped_by(unknown_events=unknown, events=frozenset(events)).mapping,
    ),
    since=BOUNDS,
    until=BOUNDS,
    unknown=st.sampled_from(["reject", "skip", "send"]),
    events=st.sampled_from([(), ("Email Opened",), ("Email Opened", "Sent")]),
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@tools.some
@given(data=tools.any_files(), how=HOW, limit=st.none() | st.integers(1, 8))
def test_every_row_is_mapped_rejected_or_filtered(
    data: bytes, how: ConvertSettings, limit: int | None
) -> None:
    account = tools.outcome(data, how, limit=limit).plan.account
    rows = account.rows
    assert rows.read == rows.mapped + rows.rejected + rows.filtered
    assert account.rows_by_file.total() == rows.read
    assert account.filtered_by.total() == rows.filtered


@tools.some
@given(rows=st.lists(st.one_of(tools.GOOD_ROWS, tools.ANY_ROWS), min_size=1, max_size=12))
def test_as_many_rows_are_read_as_were_written(rows: list[tuple[str, ...]]) -> None:
    assert tools.outcome(tools.csv_of(rows)).plan.account.rows.read == len(rows)


@tools.some
@given(data=tools.any_files(), how=HOW)
def test_every_event_is_sent_or_a_duplicate(data: bytes, how: ConvertSettings) -> None:
    found = tools.outcome(data, how)
    built = found.plan.account.events.built
    assert built == len(found.lines) + found.plan.count(Disposition.DUPLICATE)
    assert built == found.plan.account.rows.mapped == found.plan.account.by_event.total()
    assert len(set(found.ids)) == len(found.ids) == found.plan.to_send


@tools.some
@given(data=tools.any_files(), how=HOW)
def test_every_rejected_row_stands_in_the_rejects_with_its_reason(data: bytes, how: ConvertSettings) -> None:
    found = tools.outcome(data, how)
    kept = found.rejects.get("export.rejects.csv", b"").decode()
    rows = list(csv.reader(io.StringIO(kept, newline="")))[1:]
    unread = [
        line for line in found.rejects.get("export.unreadable.txt", b"").split(b"\n") if line.strip(b"\r")
    ]
    assert len(rows) + len(unread) == found.plan.account.rows.rejected
    assert [row[4:] for row in rows] == [list(rejected.cells) for rejected in found.rejected]
    assert all(row[2] and row[3] for row in rows)


@tools.some
@example(
    data=tools.csv_of(
        [("Email Opened", f"u{n}", "", "e1", "c1", "", "", "", "1709285400", "") for n in range(9)]
    ),
    known=list(Disposition),
)
@given(data=tools.any_files(), known=st.lists(st.sampled_from(Disposition), max_size=4))
def test_what_the_ledger_knows_is_counted_and_left_behind(data: bytes, known: list[Disposition]) -> None:
    fresh = tools.outcome(data)
    ids = [bytes.fromhex(one.replace("-", "")) for one in fresh.ids]
    entries = [LedgerEvents(one, 0, what, 1) for one, what in zip(ids, known, strict=False)]
    found = tools.outcome(data, known=entries)
    held = (Disposition.DUPLICATE, Disposition.ALREADY_ACCEPTED, Disposition.IN_DOUBT)
    assert found.plan.account.events.built == len(found.lines) + sum(map(found.plan.count, held))


@tools.some
@given(data=tools.any_files())
def test_a_limit_never_reads_beyond_a_row_and_keeps_the_order(data: bytes) -> None:
    reads = [tools.outcome(data, limit=limit) for limit in (1, 2, 3, 50)]
    for fewer, more in pairwise(reads):
        assert fewer.plan.account.rows.read <= more.plan.account.rows.read
        assert more.lines[: len(fewer.lines)] == fewer.lines


def test_an_interrupted_plan_is_not_complete_and_balances_as_far_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(tools.csv_of([("Email Opened", "", "", *["x"] * 7)] * 40))
    how, options = tools.settings(), ReadOptions(chunk_bytes=64)
    inputs = open_inputs([str(path)], options, how)
    planner = Planner(inputs, how, partial(convertible_chunks, inputs, options, how))

    def stop(account: Account) -> None:
        if account.rows.read >= 10:
            raise Interrupted("enough", signum=2)

    with pytest.raises(Interrupted):
        planner.run((), stop)
    rows = planner.plan.account.rows
    assert not planner.plan.complete
    assert 10 <= rows.read < 40
    assert rows.read == rows.mapped + rows.rejected + rows.filtered


def test_a_file_that_changed_between_the_passes_stops_before_the_changed_part(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    rows = [("Email Opened", f"u{n:03}", "", "e1", "c1", "", "", "", "1709285400", "") for n in range(60)]
    path.write_bytes(tools.csv_of(rows))
    how, options = tools.settings(), ReadOptions(chunk_bytes=400)
    inputs = open_inputs([str(path)], options, how)
    plan = Planner(inputs, how, partial(convertible_chunks, inputs, options, how)).run()
    path.write_bytes(tools.csv_of(rows).replace(b"u050", b"v050"))
    sent: list[bytes] = []
    with pytest.raises(InputChanged):
        sent.extend(line for batch in outgoing(plan, lambda ids: ids) if batch for line in batch.wire)
    assert 0 < len(sent) <= 50
    assert all(b'"u050"' not in body and b'"v050"' not in body for body in sent)


@examples(10)
@given(data=tools.any_files())
def test_both_equations_balance_in_the_report_of_a_dry_run_and_of_a_rehearsal(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("desk"), patch)
        (desk.folder / "any.csv").write_bytes(data)
        lenient = ("backfill", "any.csv", "--max-errors", "100%", "--json", "--allow-implausible-people")
        dry = desk.run(*lenient, "--dry-run", "--out", "dry.ndjson").json
        sent = desk.run(*lenient, "--rehearse", "--events-per-second", "0").json
        written = len(desk.messages("dry.ndjson"))
    assert rows_balance(dry)
    assert rows_balance(sent)
    assert events_balance(dry)
    assert events_balance(sent)
    assert dry["events"]["pending"] == sent["events"]["accepted"] == written
    assert dry["events"]["already_accepted"] is None


def test_a_delivery_that_ends_early_counts_the_rest_as_pending(desk: Desk) -> None:
    name = desk.file("many.csv", *(opened(f"u{n}") for n in range(40)))
    with serve(Settings(script=(None, None, "401"))) as sandbox:
        done = desk.run("backfill", name, "--json", *to(sandbox.url), "--events-per-second", "50")
    assert done.code == 5
    assert events_balance(done.json)
    assert done.json["events"]["accepted"] + done.json["events"]["pending"] == 40
    assert done.json["events"]["pending"] > 0


def test_a_message_that_is_refused_is_counted_and_kept(desk: Desk) -> None:
    name = desk.file("three.csv", opened("u1"), opened("u2"), opened("u3"))
    with serve(Settings(script=("400", "400", "400"))) as sandbox:
        done = desk.run("backfill", name, "--json", *to(sandbox.url))
    kept = desk.messages(f"{done.json['rejects']}/refused-messages.ndjson")
    assert done.code == 1
    assert events_balance(done.json)
    assert done.json["events"]["refused"] == len(kept) == 1
    assert json.dumps(kept[0]).count("sentAt") == 0


def test_rows_beyond_a_limit_are_not_judged() -> None:
    rows = [("Email Opened", "u1", "", "e1", "c1", "", "", "", "1709285400", "")] * 2 + [("",) * 10]
    found = tools.outcome(tools.csv_of(rows), limit=2)
    assert (found.plan.account.rows.read, found.codes.get("event-missing")) == (2, None)
