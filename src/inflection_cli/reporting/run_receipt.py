"""Format runs as receipts: text lines and JSON objects."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from inflection_cli.backfilling.account import EventCounts, RowCounts
from inflection_cli.backfilling.ledger_lookup import presets_of, storable_shaping
from inflection_cli.history.run_history import RunEnd, RunStatus, StateOfBatches, kept_beside
from inflection_cli.history.verify import EventLookup, Verification
from inflection_cli.ledger.ledger_records import Run
from inflection_cli.mapping.personal_data import is_personal_setting, is_personal_text
from inflection_cli.model import BatchState, Severity
from inflection_cli.reporting.plan_text import duration_words, events_equation, fix_in_export, rows_equation
from inflection_cli.sanitize import counted, escape
from inflection_cli.settings.layering import FINGERPRINT, FINGERPRINTS, HIDDEN

Lines = Iterator[tuple[str, str]]

MEANINGS: Final[Mapping[int, str]] = {
    0: "done",
    1: "done, but rows were rejected or messages refused",
    2: "usage, or a confirmation was missing",
    3: "delivery incomplete",
    5: "the destination refused",
    6: "the ledger could not be used",
    7: "a decision is needed",
    70: "internal error (bug) of infl-seg",
    129: "the terminal was closed; open requests were finished",
    130: "interrupted (Ctrl-C); open requests were finished",
    141: "the reader of the output has ended; open requests were finished",
    143: "terminated; open requests were finished",
}
"""What an exit code says of a run that has sent something."""

_HEADER: Final = ("run", "started (UTC)", "command", "accepted", "unconfirmed", "pending", "refused", "ended")


def list_lines(entries: Sequence[RunStatus], width: int) -> Iterator[str]:
    """Yield runs by destination: tables, or two lines each if narrow."""
    here = None
    is_table = all(len(_row(_cells(entry))) <= width for entry in entries)
    for entry in entries:
        where = _where(entry)
        if where != here:
            here = where
            yield where
            if is_table:
                yield _row(_HEADER)
        cells = _cells(entry)
        if is_table:
            yield _row(cells)
        else:
            counts = [f"{count} {name}" for count, name in zip(cells[3:7], _HEADER[3:7], strict=True)]
            yield f"  {cells[0]}  {cells[1]}  {cells[2]}"
            yield f"      {' · '.join([*counts, cells[7]])}"


def _cells(entry: RunStatus) -> Sequence[str]:
    run, events = entry.run, entry.events
    numbers = [f"{n:,}" for n in (events.accepted, events.in_doubt, events.pending, events.refused)]
    return run.run_id, time_words(run.started)[:16], escape(run.command), *numbers, _ending(entry)


def entry_object(entry: RunStatus) -> dict[str, Any]:
    """Return the JSON object of a run for `runs list`."""
    run = entry.run
    return {
        "id": run.run_id,
        "command": run.command,
        "started": iso(run.started),
        "ended": iso(run.ended),
        "state": entry.ending.value,
        "exit_code": run.exit_code,
        "label": run.label,
        "endpoint": run.endpoint,
        "namespace": entry.ledger.namespace,
        "events": {
            "accepted": entry.events.accepted,
            "in_doubt": entry.events.in_doubt,
            "pending": entry.events.pending,
            "refused": entry.events.refused,
        },
    }


def receipt_object(entry: RunStatus, batches: Mapping[BatchState, StateOfBatches]) -> dict[str, Any]:
    """Return the JSON object of a run for `runs show`.

    `at_the_end` is null until the run has ended.
    """
    run = entry.run
    options = {k: v for k, v in run.arguments.items() if k not in {"command", "plan"}}
    return {
        **entry_object(entry),
        "meaning": _meaning(entry),
        "next": next_step(entry),
        "finished_by": entry.finished_by,
        "version": run.version,
        "ledger": str(entry.ledger.path),
        "typed": run.arguments.get("command"),
        "options": _without_personal(options),
        "shaping": _shaping(run),
        "inputs": [dict(each) for each in run.inputs],
        "plan": run.arguments.get("plan"),
        "at_the_end": None if run.summary is None else dict(run.summary),
        "batches": {state.value: _batches_object(summed) for state, summed in batches.items()},
        "doubt": {
            "events": entry.doubt.events,
            "since": iso(entry.doubt.since),
            "accepted_since": entry.doubt.accepted_since,
        },
        "held_by": None if entry.holder is None else str(entry.holder),
        "refused_kept_in": None if (spare := kept_beside(entry)) is None else str(spare),
    }


def _shaping(run: Run) -> dict[str, Any]:
    """Return settings that affect event ids, without personal values."""
    shown = _without_personal(storable_shaping(run.shaping)) if run.shaping else {}
    assert isinstance(shown, dict)
    return shown


def _without_personal(told: Any) -> Any:
    """Return recorded settings without values that are a person's."""
    if isinstance(told, dict):
        return {name: _without_personal(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_without_personal(value) for value in told]
    if not isinstance(told, str):
        return told
    name, equals, value = told.partition("=")
    if equals and (value.startswith(FINGERPRINT) or is_personal_setting(name, value)):
        return f"{name}={HIDDEN}"
    if equals and is_personal_text(name):
        return f"{HIDDEN}={value}"
    return HIDDEN if is_personal_text(told) else FINGERPRINTS.sub(HIDDEN, told)


def receipt_lines(entry: RunStatus, batches: Mapping[BatchState, StateOfBatches]) -> Lines:
    """Yield label and text for every part of a run's receipt."""
    run = entry.run
    yield "started", f"{time_words(run.started)} UTC"
    yield "ended", _ended(entry)
    yield "typed", escape(str(run.arguments.get("command", run.command)))
    yield "to", _where(entry)
    if run.label:
        yield "label", escape(run.label)
    for each in run.inputs:
        name = escape(str(each.get("path", "")))
        yield (
            "input",
            f"{name}, {counted(each.get('rows', 0), 'row')}, fingerprint {each.get('fingerprint', '')}",
        )
    presets = presets_of(run.arguments)
    if presets:
        yield "preset", ", ".join(f"{escape(name)}, version {version}" for name, version in presets.items())
    yield from _shaping_lines(_shaping(run), [str(each.get("fingerprint")) for each in run.inputs])
    yield from _equation_lines(entry)
    yield from _batch_lines(batches)
    yield from _doubt_lines(entry)
    spare = kept_beside(entry)
    if spare is not None:
        yield "refused", f"messages that the rejects folder did not take are in {escape(str(spare))}"
    lost = entry.report.get("refused_not_kept")
    if lost:
        messages = counted(lost, "refused message is", "refused messages are")
        yield "refused", f"{messages} in no file; the same command sends what was refused once more"
    yield "meaning", _meaning(entry)
    cause = ((run.summary or {}).get("error") or {}).get("cause")
    if cause:
        yield "cause", escape(str(cause))
    yield "version", f"infl-seg {run.version}; ledger {escape(str(entry.ledger.path))}"


def next_step(entry: RunStatus) -> str:
    """Return the recommended next step for a run."""
    run = entry.run
    typed = escape(str(run.arguments.get("command", "")))
    if entry.ending is RunEnd.RUNNING:
        return "it is running; look again after its end"
    if entry.finished_by is not None and not entry.events.in_doubt:
        return f"nothing: run {entry.finished_by} sent what this one left open"
    if entry.events.in_doubt and run.exit_code == 7:
        return (
            f"present in the warehouse: infl-seg runs settle {run.run_id} --accepted · "
            f"absent: infl-seg runs settle {run.run_id} --pending · "
            "not sure, duplicates are acceptable: the same command with --resend-in-doubt"
        )
    if entry.events.in_doubt or entry.events.pending:
        return f"run the same command again: {typed}"
    if entry.events.refused:
        return f"fix the refused messages in {_refused_in(entry)}, then: infl-seg replay FILE"
    # What changed in a list is in no file, so only the destination's own rows can be compared.
    file = "--received FILE" if run.command in {"diff", "sync"} else "FILE"
    return f"check it: infl-seg runs verify {file} --run {run.run_id}"


def verified_object(verified: Verification, entry: RunStatus) -> dict[str, Any]:
    """Return the result of a verification as a JSON object."""
    account = verified.plan.account
    return {
        "run": entry_object(entry),
        "all_there": verified.all_there,
        "rows": {
            "read": account.rows.read,
            "mapped": account.rows.mapped,
            "rejected": account.rows.rejected,
            "filtered": account.rows.filtered,
        },
        "events": {
            "built": account.events.built,
            **_found_object(verified.total),
            "duplicate": verified.duplicate,
            "unknown": verified.unknown,
        },
        "by_event_and_day": [
            {"event": name, "day": day, **_found_object(found)}
            for (name, day), found in verified.found.items()
        ],
        "first_missing": [{"file": file, "line": line} for file, line in verified.missing],
    }


def verified_table(verified: Verification, width: int) -> Iterator[str]:
    """Yield a table by event and day, without columns of zeros."""
    every = {
        "accepted": [found.accepted for found in verified.found.values()],
        "refused": [found.refused for found in verified.found.values()],
        "unconfirmed": [found.in_doubt for found in verified.found.values()],
        "missing": [found.missing for found in verified.found.values()],
    }
    counts = {name: numbers for name, numbers in every.items() if any(numbers) or name == "accepted"}
    sizes = {name: max(len(name), *(len(f"{n:,}") for n in numbers)) for name, numbers in counts.items()}
    taken = len("  " + "  2024-03-05") + sum(2 + size for size in sizes.values())
    longest = max(5, *(len(escape(name)) for name, _ in verified.found))
    room = max(12, min(longest, width - taken))
    yield f"  {'event':<{room}}  {'day (UTC)':<10}" + "".join(
        f"  {name:>{size}}" for name, size in sizes.items()
    )
    for i, (name, day) in enumerate(verified.found):
        numbers = "".join(f"  {counts[each][i]:>{size},}" for each, size in sizes.items())
        yield f"  {escape(name, room):<{room}}  {day}{numbers}"


def verified_lines(verified: Verification) -> Iterator[str]:
    """Yield the totals of a verification, and the first missing events."""
    yield f"  rows      {rows_equation(verified.plan.account.rows)}"
    total = verified.total
    yield (
        f"  events    {verified.plan.account.events.built:,} built = {total.accepted:,} accepted + "
        f"{total.refused:,} refused + {total.in_doubt:,} unconfirmed + {total.missing:,} missing + "
        f"{verified.duplicate:,} duplicate"
    )
    for file, line in verified.missing:
        yield f"            missing: {escape(file)}, line {line}"
    if verified.unknown:
        yield f"  unknown   {_recorded(verified.unknown)} not in the input"
        yield from _rejected_since(verified)


def _rejected_since(verified: Verification) -> Iterator[str]:
    """Yield why the input may lack events that the run recorded."""
    by_code = verified.plan.account.problems.by_code()
    codes = [code for code, kept in by_code.items() if kept[0].rule.severity is Severity.ERROR]
    if codes and verified.plan.account.rows.rejected:
        yield (
            "            Their rows may be rejected now, but sent by an earlier version: "
            f"{', '.join(codes)}. See infl-seg explain CODE, and check the warehouse"
        )


def verified_verdict(verified: Verification, entry: RunStatus) -> str:
    """Return the last line of a verification: result and next step."""
    if verified.all_there and verified.plan.account.events.built:
        return "All there: every event of the input is recorded as accepted."
    if not verified.plan.account.events.built:
        return f"Nothing to look up: no row became an event under the settings of run {entry.run.run_id}."
    total, again = verified.total, escape(str(entry.run.arguments.get("command", "")))
    if total.missing:
        return (
            f"Not all there: {counted(total.missing, 'event is', 'events are')} missing. Send them: {again}"
        )
    if total.in_doubt:
        doubtful = counted(total.in_doubt, "event is", "events are")
        return f"Not certain: {doubtful} unconfirmed. Next: infl-seg runs show {entry.run.run_id}"
    if total.refused:
        refused = counted(total.refused, "event was", "events were")
        where = _refused_in(entry)
        return f"Not all there: {refused} refused. Fix the messages in {where}, then: infl-seg replay FILE"
    rejected = counted(verified.plan.account.rows.rejected, "row was", "rows were")
    fix = "fix them in the rejects, then backfill those"
    if verified.plan.settings.mapping.keep_equal_rows:
        fix = fix_in_export(verified.plan.account.rows.rejected)
    return f"All events are there, but {rejected} rejected: {fix}"


def _refused_in(entry: RunStatus) -> str:
    """Return where the messages are that a run had refused."""
    spare = kept_beside(entry)
    folder = entry.report.get("rejects") or (None if spare else "the rejects folder of the run")
    return escape(" and ".join(str(place) for place in (folder, spare) if place))


def _recorded(events: int) -> str:
    return counted(events, "event that the run recorded is", "events that the run recorded are")


def time_words(seconds: float) -> str:
    """Format a Unix time to the second, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def iso(seconds: float | None) -> str | None:
    """Format a Unix time as ISO 8601 in UTC, with milliseconds."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _row(cells: Sequence[str]) -> str:
    run, started, command, *numbers, ended = cells
    figures = "".join(f"  {number:>11}" for number in numbers)
    return f"  {run:<20}  {started:<16}  {command:<8}{figures}  {ended}".rstrip()


def _where(entry: RunStatus) -> str:
    return f"{escape(entry.run.endpoint)} (namespace {escape(entry.ledger.namespace)})"


def _ending(entry: RunStatus) -> str:
    if entry.ending is not RunEnd.ENDED:
        return entry.ending.value
    return f"{entry.run.exit_code} {_meaning(entry)}"


def _meaning(entry: RunStatus) -> str:
    if entry.ending is RunEnd.RUNNING:
        return "it is running"
    if entry.ending is RunEnd.KILLED:
        return "it was killed; what was in flight is unconfirmed"
    return MEANINGS.get(entry.run.exit_code or 0, f"exit code {entry.run.exit_code}")


def _ended(entry: RunStatus) -> str:
    run = entry.run
    if run.ended is not None:
        took = duration_words(run.ended - run.started)
        return f"{time_words(run.ended)} UTC, after {took}; exit code {run.exit_code}"
    return f"not yet: {entry.holder}" if entry.holder is not None else "never: it was killed"


def _shaping_lines(shaping: Mapping[str, Any], prints: Sequence[str]) -> Lines:
    given = [
        _setting_words(name, value)
        for name, value in shaping.items()
        if name not in {"columns", "encodings"} and value not in {None, False}
    ]
    encodings = shaping.get("encodings", {})
    given += [
        f"encoding {escape(name)}"
        for name in sorted({encodings[each] for each in prints if each in encodings})
    ]
    if given:
        yield "settings", ", ".join(given)
    columns = shaping.get("columns", {})
    for read in {str(columns.get(each, {})): columns.get(each, {}) for each in prints}.values():
        yield "columns", ", ".join(f"{name} {_column_words(value)}" for name, value in read.items())


def _setting_words(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {escape(str(value))}"


def _column_words(value: str) -> str:
    return f"set to {escape(value[1:])}" if value.startswith("=") else f"from “{escape(value)}”"


def _equation_lines(entry: RunStatus) -> Lines:
    report = entry.report
    when = "" if entry.run.summary is not None else " (planned)"
    try:
        yield "rows", rows_equation(RowCounts(**report["rows"])) + when
        yield "events", events_equation(EventCounts(**report["events"])) + when
    except (KeyError, TypeError):
        yield "rows", "not recorded"
    now = entry.events
    yield (
        "now",
        (
            f"{now.accepted:,} accepted, {now.in_doubt:,} unconfirmed, {now.pending:,} pending, "
            f"{now.refused:,} refused by this run"
        ),
    )
    by_event = report.get("by_event") or {}
    if by_event:
        yield "by event", ", ".join(f"{escape(name)} {count:,}" for name, count in by_event.items())


def _batch_lines(batches: Mapping[BatchState, StateOfBatches]) -> Lines:
    label = "batches"
    for state, summed in batches.items():
        answers = ", ".join(f"{_status(name)} x {n:,}" for name, n in summed.statuses.most_common())
        last = summed.first if summed.last is None else summed.last
        yield (
            label,
            (
                f"{summed.batches:,} {_state_words(state)}: {summed.events:,} events in "
                f"{summed.attempts:,} attempts ({answers or 'no outcome'}), "
                f"{time_words(summed.first)} to {time_words(last)} UTC"
            ),
        )
        label = ""


def _state_words(state: BatchState) -> str:
    return "unconfirmed" if state is BatchState.IN_DOUBT else state.value.replace("_", " ")


def _doubt_lines(entry: RunStatus) -> Lines:
    doubt = entry.doubt
    if doubt.since is not None:
        yield "open", f"{counted(doubt.events, 'event')} unconfirmed since {time_words(doubt.since)} UTC"
    if doubt.accepted_since:
        yield (
            "" if doubt.events else "open",
            f"{doubt.accepted_since:,} more were unconfirmed, and are accepted by now",
        )


def _status(name: str) -> str:
    return {"-": "no answer", "user": "by infl-seg runs settle"}.get(name, name)


def _batches_object(summed: StateOfBatches) -> dict[str, Any]:
    return {
        "batches": summed.batches,
        "events": summed.events,
        "attempts": summed.attempts,
        "statuses": dict(summed.statuses),
        "first_intended": iso(summed.first),
        "last_settled": iso(summed.last),
    }


def _found_object(found: EventLookup) -> dict[str, int]:
    return {
        "accepted": found.accepted,
        "missing": found.missing,
        "in_doubt": found.in_doubt,
        "refused": found.refused,
    }
