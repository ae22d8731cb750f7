"""Results of the Python API, as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from inflection_cli.backfilling.account import EventCounts, RowCounts
from inflection_cli.backfilling.plan import Estimate, Plan
from inflection_cli.backfilling.run_state import RunState, delivered_figures, planned_events
from inflection_cli.converting.input_file import InputFile
from inflection_cli.model import Problem

PROBLEMS_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class InputSummary:
    """One input file: what was detected, and what its columns are.

    Attributes:
        path: As it was named.
        format: `csv`, `ndjson` or `json`.
        encoding: Of its text.
        delimiter: Of CSV; None for the others.
        compression: None where it is not packed.
        rows: How many were read.
        columns: Which field each column is taken for.
    """

    path: str
    format: str
    encoding: str
    delimiter: str | None
    compression: str | None
    rows: int
    columns: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """Figures of a delivery.

    Attributes:
        endpoint: Where it went.
        namespace: What message ids are bound to.
        statuses: Outcomes of requests, by HTTP status or kind of failure.
    """

    endpoint: str
    namespace: str
    batches: int
    requests: int
    retries: int
    bytes: int
    wire_bytes: int
    seconds: float
    events_per_second: float
    requests_per_second: float
    paused_seconds: float
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Result of reading files: counts and problems.

    Attributes:
        complete: Whether all of them were read to their end.
        files: Each file.
        rows: The first equation: read = mapped + rejected + filtered.
        events: What became of the events, or is planned to.
        by_event: Events built, by name.
        by_type: Events built, by the type of call.
        time_range: The earliest and the latest instant; None where there is no event.
        people: How many different people the events are about.
        problem_counts: Problems by code.
        problems: The first problems, errors before warnings.
        errors: How many problems are errors.
    """

    complete: bool
    files: tuple[InputSummary, ...]
    rows: RowCounts
    events: EventCounts
    by_event: Mapping[str, int]
    by_type: Mapping[str, int]
    time_range: tuple[str, str] | None
    people: int
    problem_counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    errors: int

    @property
    def ok(self) -> bool:
        """True where the exit code would be 0: nothing is wrong."""
        return self.complete and not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Report):
    """Result of a backfill or replay.

    Attributes:
        run_id: Its name in the ledger; None where it was not recorded, as in a dry run.
        estimate: What the delivery was estimated to cost; None before that is known.
        delivery: Its figures; None where nothing was sent.
        rejects: The folder of rejected rows and refused messages; None where there are none.
        out: The file that has the messages; None where none was asked for, or it is not whole.
        notes: What there is to know of ledger, key and earlier runs.
        exit_code: What the command line would exit with.
    """

    run_id: str | None
    estimate: Estimate | None
    delivery: DeliverySummary | None
    rejects: str | None
    out: str | None
    notes: tuple[str, ...]
    exit_code: int

    @property
    def ok(self) -> bool:
        """True where the exit code would be 0: every row is in."""
        return self.complete and self.exit_code == 0


def report_of(plan: Plan) -> Report:
    """Return the report of a plan."""
    return Report(**_figures(plan), events=planned_events(plan, already_known=False))


def receipt_of(state: RunState, notes: tuple[str, ...]) -> Receipt | None:
    """Return the receipt of a run; None before its input is open."""
    if state.opened is None:
        return None
    delivery = delivered_figures(state).get("delivery")
    return Receipt(
        **_figures(state.plan),
        events=replace(state.events),
        run_id=state.run_id,
        estimate=state.estimate,
        delivery=None if delivery is None else DeliverySummary(**delivery),
        rejects=state.rejects,
        out=state.out,
        notes=notes,
        exit_code=state.exit_code,
    )


def _figures(plan: Plan) -> dict[str, Any]:
    account = plan.account
    return {
        "complete": plan.complete,
        "files": tuple(_summary(source, plan) for source in plan.inputs),
        "rows": replace(account.rows),
        "by_event": dict(account.by_event),
        "by_type": dict(account.by_type),
        "time_range": (account.first, account.last) if account.first else None,
        "people": plan.people,
        "problem_counts": dict(account.problems.counts),
        "problems": tuple(account.problems.first(PROBLEMS_KEPT)),
        "errors": account.problems.errors,
    }


def _summary(source: InputFile, plan: Plan) -> InputSummary:
    found = source.source
    return InputSummary(
        path=found.path,
        format=found.format,
        encoding=found.encoding,
        delimiter=found.delimiter,
        compression=found.compression,
        rows=plan.account.rows_by_file.get(found.path, 0),
        columns=source.columns.by_column(),
    )
