"""Options of a run, its state, and its reporter's protocol."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from inflection_cli.backfilling.account import Account, EventCounts
from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.plan import Estimate, Plan, Planner
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.errors import InflSegError
from inflection_cli.model import Disposition, Message

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered
    from inflection_cli.backfilling.ledger_lookup import KnownEvents, TextBefore
    from inflection_cli.delivery.context import Observer, StopSignal
    from inflection_cli.ledger.ledger_file import Ledger, LedgerReader
    from inflection_cli.mapping.profile.profile_schema import Profile
    from inflection_cli.segment.destination import Destination


RunCommand = Literal["backfill", "replay", "diff", "sync"]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A destination, its namespace and its deduplication window.

    Attributes:
        destination: Endpoint and key.
        namespace: What message ids are bound to.
        dedup_window_s: For how long the destination is trusted to recognise an id.
        window_from: Who says so, in a few words.
        asks_window: Whether nobody has said so yet, and a terminal may be asked.
    """

    destination: "Destination"
    namespace: str
    dedup_window_s: float
    window_from: str = ""
    asks_window: bool = False

    def words(self) -> str:
        """Return the endpoint and the masked write key as text."""
        return f"{self.destination.endpoint}, write key {self.destination.write_key.masked()}"


@dataclass(frozen=True, slots=True, eq=False)
class OpenedFiles:
    """Input files that were opened and mapped, with the settings that apply.

    Attributes:
        planner: Makes their plan.
        arguments: The options that the ledger keeps, for `runs verify` to convert the files again.
        profile: How the files are mapped, where the user has a profile.
        took: What the project file had a say in, by option.
        figures: What a report says beside plan and run, by key.
        lines: The same as lines of the plan, each with its label.
        nothing: The last line of a run where no row is read.
        stop: Ends the workers; None where there are none.
    """

    planner: Planner
    arguments: Mapping[str, Any]
    profile: "Profile | None" = None
    took: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[tuple[str, str]] = ()
    nothing: str = ""
    stop: Callable[[], None] | None = None

    def close(self) -> None:
        """End the workers, and free what the plan holds of people."""
        self.planner.plan.linking.close()
        if self.stop is not None:
            self.stop()


class AgainWords(Protocol):
    """Protocol that returns the command or call which does the same again."""

    def __call__(self, *, max_errors: int | None = None) -> str:
        """Return the command, with an error budget where one is given."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunOptions:
    """Everything that decides what a run does.

    Attributes:
        command: Which of them it is.
        files: Opens the input.
        destination: Yields destination and state directory; None in a dry run that knows of none.
        rejects: Keeps rejected rows and refused messages.
        within_budget: Returns whether so many rejected rows of so many read may be left out.
        patience_s: The run ends after so long without an acceptance.
        requests_per_second: 0 lifts the limit.
        events_per_second: 0 lifts the limit.
        now: The run's one idea of the present, in unix seconds.
        run_id: Its name, if the ledger has none of that name yet.
        typed: What the ledger keeps as the command: without key and personal data.
        again: Words the command that does the same once more.
        out: The file for the messages.
        label: The `--again` label; empty without one.
        resend_in_doubt: Whether doubts older than the deduplication window are sent again.
        new_destination: Whether events that another destination has are sent.
        dry_run: Whether it stops before the network.
        rehearsal: Whether the destination is a sandbox, and the ledger is thrown away.
        people_before: The number of the run that is planned again; later ones' people are not known to it.
        adjust: Changes the complete plan before it is shown; where an event is to go once more.
    """

    command: RunCommand
    files: Callable[[], OpenedFiles]
    destination: Callable[[], AbstractContextManager[tuple[Target, Path] | None]]
    rejects: Rejects
    within_budget: Callable[[int, int], bool]
    patience_s: float
    requests_per_second: float
    events_per_second: float
    now: float
    run_id: str
    typed: str
    again: AgainWords
    out: str | None = None
    label: str = ""
    resend_in_doubt: bool = False
    new_destination: bool = False
    dry_run: bool = False
    rehearsal: bool = False
    people_before: int | None = None
    adjust: Callable[[Plan], None] = lambda _: None

    @property
    def converts_files(self) -> bool:
        """Return whether a file's own rows make the event ids."""
        return self.command == "backfill"


@dataclass(slots=True, eq=False)
class RunState:
    """State of a run; each step fills in its part.

    Attributes:
        options: What decides what it does.
        opened: The input, once it is open.
        target: The destination; None before it is known, and in a dry run without one.
        state_dir: Where the ledgers are; None likewise.
        ledger: The destination's, locked for this run; None in a dry run.
        elsewhere: The ledgers of other destinations, where this one is empty.
        known: What the ledger knows of the events; None without a ledger.
        people: The people in it, where people are linked; None likewise.
        estimate: The cost of the delivery, once it is planned.
        bound_otherwise: Lines on fields that an earlier run of the same files bound otherwise, and on a preset that an
            earlier run used in another version.
        text_before: Properties that an earlier run has sent as text.
        events: What became of the events, or is planned to.
        run_id: The run's name in the ledger, once it has one.
        delivered: What the delivery came to; None where nothing was to be sent.
        refused_again: How many of the refused events an earlier run had refused too.
        signum: The signal that stopped the delivery.
        out: The file that has the messages, once it is whole.
        error: Why the run is not complete, once it is accounted for.
        exit_code: The exit code that this comes to.
    """

    options: RunOptions
    opened: OpenedFiles | None = None
    target: Target | None = None
    state_dir: Path | None = None
    ledger: "Ledger | None" = None
    elsewhere: "list[LedgerReader]" = field(default_factory=list)
    known: "KnownEvents | None" = None
    people: KnownPeople | None = None
    estimate: Estimate | None = None
    bound_otherwise: list[str] | None = None
    text_before: "list[TextBefore]" = field(default_factory=list)
    events: EventCounts = field(default_factory=EventCounts)
    run_id: str | None = None
    delivered: "Delivered | None" = None
    refused_again: int = 0
    signum: int | None = None
    out: str | None = None
    error: InflSegError | None = None
    exit_code: int = 0

    @property
    def plan(self) -> Plan:
        """The plan as far as it is complete."""
        assert self.opened is not None
        return self.opened.planner.plan

    @property
    def rejects(self) -> str | None:
        """The rejects folder, if the plan is made and rejects anything."""
        return None if self.estimate is None else self.options.rejects.path


class Reporter(Protocol):
    """Protocol of whoever shows a run to people, and asks them."""

    @property
    def asks(self) -> bool:
        """True where a question stands in for the error budget."""

    def note(self, text: str, *, warns: bool = False) -> None:
        """Take a note on the ledger, or a warning."""

    def reading(self, plan: Plan) -> AbstractContextManager[Callable[[Account], None]]:
        """Yield a function to call after each chunk of pass 1."""

    def planned(self, state: RunState) -> None:
        """Take the complete plan; nothing has been refused yet."""

    def confirm(self, state: RunState) -> None:
        """Return if the plan may be carried out.

        Raises:
            ConfirmationMissing: It may not.
        """

    def delivering(
        self, state: RunState, halt: "StopSignal", keep: Callable[[Message, str], None]
    ) -> "AbstractContextManager[Observer]":
        """Yield the observer; it passes refused messages and reasons to `keep`."""

    def ended(self, state: RunState) -> None:
        """Take the end of a run, also of one that `state.error` ends."""


def planned_events(plan: Plan, *, already_known: bool) -> EventCounts:
    """Count a plan's events before a delivery; unsent events are pending.

    Args:
        plan: A complete plan.
        already_known: Whether a destination is known; else nothing can be said of what it has.
    """
    resent = plan.count(Disposition.RESEND)
    return EventCounts(
        built=plan.account.events.built,
        already_accepted=plan.count(Disposition.ALREADY_ACCEPTED) if already_known else None,
        duplicate=plan.count(Disposition.DUPLICATE),
        pending=plan.to_send - resent,
        in_doubt=plan.count(Disposition.IN_DOUBT) + resent,
        filtered=plan.account.events.filtered,
    )


def time_range(account: Account) -> dict[str, str | None]:
    """Return the earliest and the latest instant as JSON values."""
    return {"first": account.first or None, "last": account.last or None}


def identity_figures(plan: Plan) -> dict[str, int]:
    """Return the counts of links and of conflicting people as JSON values."""
    counts = plan.linking.counts
    return {
        "linked": counts.linked,
        "conflicting": counts.conflicting,
        "users_with_several_persons": counts.shared,
        "events_resolved": counts.resolved,
    }


def estimate_figures(estimate: Estimate) -> dict[str, Any]:
    """Return the estimated cost of a delivery as JSON values."""
    return {**asdict(estimate), "seconds": round(estimate.seconds, 3)}


def delivery_figures(delivered: "Delivered", endpoint: str, namespace: str | None) -> dict[str, Any]:
    """Return the counts and rates of a delivery as JSON values."""
    tally, seconds = delivered.tally, delivered.seconds
    return {
        "endpoint": endpoint,
        "namespace": namespace,
        "batches": tally.batches,
        "requests": tally.requests,
        "retries": tally.retries,
        "bytes": tally.bytes,
        "wire_bytes": tally.wire_bytes,
        "seconds": round(seconds, 3),
        "events_per_second": round(tally.accepted / seconds, 1) if seconds else 0.0,
        "requests_per_second": round(tally.requests / seconds, 1) if seconds else 0.0,
        "paused_seconds": round(tally.paused_seconds, 3),
        "statuses": dict(tally.statuses),
    }


def refused_figures(rejects: Rejects) -> dict[str, Any]:
    """Return figures of refused messages outside the rejects folder, if any."""
    if not rejects.refused_messages.troubles:
        return {}
    return {
        "refused_kept_in": rejects.kept_elsewhere(),
        "refused_not_kept": rejects.refused_messages.not_kept,
    }


def delivered_figures(state: RunState) -> dict[str, Any]:
    """Return the delivery's figures under their name; nothing before it has ended."""
    if state.delivered is None or state.target is None:
        return {}
    target = state.target
    figures = delivery_figures(state.delivered, target.destination.endpoint, target.namespace)
    return {"delivery": figures}


def ledger_figures(state: RunState) -> dict[str, Any]:
    """Return the figures for the ledger: numbers, no cells."""
    assert state.estimate is not None
    account = state.plan.account
    return {
        "rows": asdict(account.rows),
        "events": asdict(state.events),
        "by_event": dict(account.by_event),
        "by_type": dict(account.by_type),
        "time_range": time_range(account),
        "people": state.plan.people,
        "identities": identity_figures(state.plan),
        "problem_counts": dict(account.problems.counts),
        **delivered_figures(state),
        "estimate": estimate_figures(state.estimate),
        "rejects": state.rejects,
        **refused_figures(state.options.rejects),
    }
