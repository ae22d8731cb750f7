"""Pass 1: convert everything, send nothing, and return the plan."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, Final, Protocol

from inflection_cli import rules
from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.chunk_work import ChunkReader, ndjson, planned, unjudged
from inflection_cli.backfilling.dedup import ChangedBack, Conflict, Deduplicator, Dispositions, LedgerEvents
from inflection_cli.backfilling.equal_rows import EqualRows, lines_of
from inflection_cli.backfilling.event_figures import EventFigures
from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.linking import Linking
from inflection_cli.backfilling.plausibility import People, judged
from inflection_cli.backfilling.spill import EventIds, EventLocations
from inflection_cli.backfilling.unused_options import idle_call_options, idle_options, unlinked
from inflection_cli.backfilling.users_in_accounts import GroupCounts, Memberships, UsersInAccounts
from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.converting.checked_converter import once_a_column, whole_messages
from inflection_cli.converting.chunk_task import ChunkTask, no_argument
from inflection_cli.converting.converter import Converted, ConvertSettings
from inflection_cli.converting.input_file import InputFile
from inflection_cli.destination_checks.check_engine import DestinationChecks, needs_one_account
from inflection_cli.errors import UsageError
from inflection_cli.model import Chunk, Disposition, Note, Problem
from inflection_cli.reading.files.fingerprint import fingerprint
from inflection_cli.sanitize import counted
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, MAX_BODY_BYTES, max_batch_events

DIGEST_BYTES: Final = 16
"""A digest of the raw bytes of each chunk."""

_ROWS_TWICE: Final = (
    "no action needed: rows with one event id of the export are one event. --no-event-id ignores the ids"
)
REPEATS_SHARE: Final = 0.01
"""More repeats than this share of the events, and the export's times may be too coarse."""


class RejectSink(Protocol):
    """Protocol that receives the rows that are not sent."""

    def take(self, source: InputFile, chunk: Chunk, converted: Converted) -> None:
        """Store the rejected rows and unreadable lines of a chunk."""


@dataclass(slots=True)
class Plan:
    """The plan of a run: everything it would do, before sending.

    Attributes:
        inputs: The files.
        settings: What shapes messages and ids.
        chunks: Reads everything, the same way each time, with a task for each chunk.
        limit: How many rows are read at the most; None for all. The chunks end there by themselves.
        account: The counts of pass 1.
        complete: Whether pass 1 came to its end.
        dispositions: What becomes of each event; None while the plan is not complete.
        people: How many different people the events are about.
        tracked_users: How many different ids they go out under: an upper bound of new tracked users.
        groups: The people, accounts and memberships of group calls.
        digests: 16 bytes for each chunk of raw input.
        identities: What pass 1 found each event to be; nothing where the plan is never to be carried out.
        figures: What a report with pictures shows; None where there is none.
        linking: Who is who, and the links; they are events behind those of all rows.
    """

    inputs: list[InputFile]
    settings: ConvertSettings
    chunks: ChunkReader
    limit: int | None = None
    account: Account = field(default_factory=Account)
    complete: bool = False
    dispositions: Dispositions | None = None
    people: int = 0
    tracked_users: int = 0
    groups: GroupCounts = field(default_factory=GroupCounts)
    digests: bytearray = field(default_factory=bytearray)
    identities: EventIds = field(default_factory=EventIds)
    figures: EventFigures | None = None
    linking: Linking = field(default_factory=Linking)
    _fingerprints: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Digest of each file's decompressed bytes (32 hex digits), by path.

        Raises:
            InputError: A file is gone, or may not be read any more.
        """
        if not self._fingerprints:
            files = [each.source for each in self.inputs]
            self._fingerprints = {
                file.path: fingerprint(file.path, file.location, file.member) for file in files
            }
        return self._fingerprints

    @fingerprints.setter
    def fingerprints(self, known: dict[str, str]) -> None:
        """Set digests that stand for the bytes of the files."""
        self._fingerprints = known

    @property
    def chunk_count(self) -> int:
        """Number of chunks of raw input."""
        return len(self.digests) // DIGEST_BYTES

    @property
    def to_send(self) -> int:
        """Number of events that the delivery would send."""
        kept = Disposition.DUPLICATE, Disposition.ALREADY_ACCEPTED, Disposition.IN_DOUBT
        return sum(map(self.count, set(Disposition).difference(kept)))

    def count(self, disposition: Disposition) -> int:
        """Return the number of events with a disposition."""
        return self.dispositions.counts[disposition] if self.dispositions else 0


class Planner:
    """Build a plan; `plan` is readable during and after an interrupted run.

    Attributes:
        sends: Whether a state that comes back is to go out, rather than to be looked for in the ledger.

    Args:
        inputs: The files.
        settings: What shapes messages and ids.
        chunks: See `Plan`.
        rejects: Takes the rows that are not sent.
        linking: Finds out who is who; by default nobody is linked.
        judges_only: Whether the plan is never to be carried out; then it keeps no identities.
    """

    def __init__(
        self,
        inputs: Sequence[InputFile],
        settings: ConvertSettings,
        chunks: ChunkReader,
        *,
        rejects: RejectSink | None = None,
        linking: Linking | None = None,
        judges_only: bool = False,
    ) -> None:
        self.plan = Plan(list(inputs), settings, chunks, linking=linking or Linking())
        self._rejects = rejects
        self._judges_only = judges_only
        self._settling = Deduplicator(own_ids=any(source.columns.has("event_id") for source in inputs))
        self._states = ChangedBack()
        self.sends = not judges_only
        self._people = People()
        self._memberships = Memberships()
        self._places = EventLocations()
        self._unlinked: set[str] = set()
        every = [source.settings(settings).checks for source in inputs] or [settings.checks]
        self._checks = tuple(dict.fromkeys(chain.from_iterable(every)))
        self._accounts = UsersInAccounts() if needs_one_account(settings.checks) else None

    def run(
        self,
        known: Iterable[LedgerEvents] = (),
        progress: Callable[[Account], None] = lambda _: None,
        run_words: Callable[[int], str] | None = None,
        draft: Callable[[bytes], None] | None = None,
        people: KnownPeople | None = None,
    ) -> Plan:
        """Read all input and compute the disposition of each event.

        Args:
            known: What the ledger knows.
            progress: Called after each chunk.
            run_words: Says which run has an event, by the run's number in the ledger.
            draft: Takes the messages of each chunk, and the links, as NDJSON.
            people: The people whom the ledger knows.

        Raises:
            InputError: A file cannot be read to its end, or its own event ids identify nothing.
        """
        plan = self.plan
        for source in plan.inputs:
            plan.account.problems.add_all(source.problems())
        users = self._resolve_first(people) if self._checks and plan.linking.resolves else no_argument
        equal = self._equal_rows() if plan.settings.mapping.keep_equal_rows else None
        work = partial(planned, drafts=draft is not None, pictures=plan.figures is not None)
        for source, chunk, made in plan.chunks(ChunkTask(work, users)):
            converted, lines = made.converted, made.lines
            if equal is not None:
                converted.content_ids = equal.ids_of(converted.content_ids)
                lines = lines_of(lines, converted.content_ids) if lines else lines
            plan.digests += chunk.digest
            self._see(source)
            plan.account.take(chunk, converted)
            self._gather(source, chunk, converted)
            if draft is not None and lines:
                draft(lines)
            if plan.figures is not None:
                plan.figures.take(made.figures)
            progress(plan.account)
        if equal is not None:
            equal.close()
        self._add_links(people, draft)
        self._settling.add_known(self._states.through(known))
        plan.dispositions = self._settling.settle()
        if self.sends:
            plan.dispositions.send_as_new(self._states.ordinals())
        plan.people, plan.tracked_users = self._people.count()
        plan.groups = self._memberships.count()
        allowed = plan.settings.mapping.allow_implausible
        plan.account.problems.add_all(judged(self._people, plan.inputs, allowed=allowed))
        plan.account.problems.add_all(plan.linking.problems(allowed=allowed))
        plan.tracked_users -= plan.linking.counts.resolved_people
        self._judge_files()
        self._judge_repeats(plan.dispositions, run_words)
        if self._accounts is not None:
            plan.account.problems.add_all(self._accounts.problems(self._places))
        self._places.close()
        plan.complete = True
        return plan

    def _resolve_first(self, people: KnownPeople | None) -> Callable[[int], Any]:
        """Read the rows once more, for the userIds of judged messages.

        Returns:
            What finds those of a chunk, by its number.
        """
        resolver = Linking(resolve=True)
        for _, chunk, made in self.plan.chunks(ChunkTask(unjudged)):
            resolver.add(chunk.file, made.converted)
        resolver.settle(people)
        self.plan.linking.resolve_by(resolver)
        return resolver.users_of_chunk

    def _equal_rows(self) -> EqualRows:
        """Number the equal events of each file.

        Raises:
            UsageError: The export has ids of its own, which tell events apart, or a file holds rejected rows.
        """
        for known in self.plan.inputs:
            if REJECT_COLUMNS[0] in known.source.columns:
                raise UsageError(
                    f"{known.path}: holds rejected rows, and --keep-equal-rows counts equal rows in the whole export",
                    hint="fix the rows in the export itself and run it again; what was sent is not sent twice",
                )
        if self._settling.own_ids:
            raise UsageError(
                "--keep-equal-rows numbers equal events, and the export has ids of its own that tell them apart",
                hint="leave --keep-equal-rows out, or ignore those ids: --no-event-id",
            )
        return EqualRows(self.plan.chunks)

    def _see(self, source: InputFile) -> None:
        """Update the plan if an input has new keys; report unused ones."""
        at = next(i for i, known in enumerate(self.plan.inputs) if known.path == source.path)
        known = self.plan.inputs[at]
        if source is known:
            return
        self.plan.inputs[at] = source
        self._settling.own_ids |= source.columns.has("event_id")
        before = {note.field for note in known.columns.notes}
        for problem in source.problems():
            if problem.rule is rules.COLUMN_LEFT_OUT and problem.column not in before:
                self.plan.account.problems.add(problem)

    def _gather(self, source: InputFile, chunk: Chunk, converted: Converted) -> None:
        self._places.add(chunk.file, converted.lines)
        self._states.add(self._settling.events, converted.content_hashes, converted.states)
        self._settling.add(converted.content_ids, converted.content_hashes)
        self.plan.linking.add(chunk.file, converted)
        if not self._judges_only:
            self.plan.identities.add(converted.content_ids, converted.content_hashes)
        for seen in converted.seen:
            self._people.add(source.path, seen)
        if self._accounts is not None:
            self._accounts.add(converted.judged)
        self._memberships.add(converted.memberships)
        if converted.unlinked:
            self._unlinked.add(source.path)
        if self._rejects is not None and (converted.rejected or chunk.faults):
            self._rejects.take(source, chunk, converted)

    def _add_links(self, people: KnownPeople | None, draft: Callable[[bytes], None] | None) -> None:
        """Find the links, and add them behind the events of all rows."""
        plan = self.plan
        plan.linking.settle(people)
        for links in plan.linking.blocks():
            self._settling.add(links.content_ids, links.content_hashes)
            if not self._judges_only:
                plan.identities.add(links.content_ids, links.content_hashes)
            plan.account.take_links(links)
            self._judge_links(links)
            if draft is not None:
                draft(ndjson(links.encode(links.content_ids)))

    def _judge_links(self, links: Converted) -> None:
        """Report what tables say of links; no row is rejected for it."""
        if not self._checks:
            return
        checks, said = DestinationChecks(self._checks), defaultdict[str, list[tuple[int, list[Note]]]](list)
        for place, message in zip(links.lines, whole_messages(links), strict=True):
            file, line = self.plan.linking.place(place)
            said[file].append((line, checks.notes(message)))
        for file, notes in said.items():
            self.plan.account.problems.add_all(once_a_column(file, notes))

    def _judge_files(self) -> None:
        """Report problems that are only certain at the end of each file."""
        late = self.plan.account.trait_calls
        if late:
            calls = counted(late, "call carries traits and replaces", "calls carry traits and replace")
            message = f"{calls} those that Segment has now"
            self.plan.account.problems.add(Problem(rules.TRAITS_OVERWRITE, message, count=late))
        for source in self.plan.inputs:
            if source.path in self._unlinked:
                self.plan.account.problems.add(unlinked(source))
            self.plan.account.problems.add_all(idle_options(source, source.settings(self.plan.settings)))
        built = self.plan.account.types_of
        self.plan.account.problems.add_all(idle_call_options(self.plan.inputs, self.plan.settings, built))

    def _all_own_ids(self) -> bool:
        """Return whether every file has event ids of its own."""
        return all(source.columns.has("event_id") for source in self.plan.inputs)

    def _judge_repeats(self, dispositions: Dispositions, run_words: Callable[[int], str] | None) -> None:
        problems = self.plan.account.problems
        repeats = dispositions.counts[Disposition.DUPLICATE]
        built = self.plan.account.events.built
        if repeats > REPEATS_SHARE * built:
            problems.add(
                Problem(
                    rules.REPEATS_MANY,
                    f"{repeats:,} of {built:,} events repeat another one and go once",
                    count=repeats,
                    hint=_ROWS_TWICE if self._all_own_ids() else "",
                )
            )
        for conflict in dispositions.conflicts:
            file, line = self._places.of(conflict.ordinal)
            other = (
                _in_the_ledger(conflict, run_words)
                if conflict.other is None
                else "the first is {}, line {}".format(*self._places.of(conflict.other))
            )
            rule = rules.OWN_ID_CONFLICT if conflict.own else rules.SAME_ID_OTHER_CONTENT
            message = f"this event differs from another one of the same identity; {other}"
            problems.add(Problem(rule, message, file=file, line=line))
        unseen = dispositions.conflict_count - len(dispositions.conflicts)
        if unseen:
            rule = rules.OWN_ID_CONFLICT if dispositions.own_conflict_count else rules.SAME_ID_OTHER_CONTENT
            problems.add(Problem(rule, f"and {unseen:,} more events of the kind", count=unseen))


def _in_the_ledger(conflict: Conflict, run_words: Callable[[int], str] | None) -> str:
    return "the ledger has it" if run_words is None or conflict.run is None else run_words(conflict.run)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of a delivery.

    Attributes:
        events: API calls as Segment bills them.
        requests: HTTP requests, roughly.
        bytes: Encoded bytes, roughly, where only a part of the events is to be sent.
        seconds: At the chosen rates, if nothing goes wrong.
        new_users_upper_bound: Monthly tracked users that may be new.
    """

    events: int
    requests: int
    bytes: int
    seconds: float
    new_users_upper_bound: int


def estimate(plan: Plan, requests_per_second: float, events_per_second: float) -> Estimate:
    """Estimate the cost of a plan at these rates."""
    events = plan.to_send
    built = plan.account.events.built
    size = plan.account.message_bytes * events // built if built else 0
    by_bytes = -(-size // (MAX_BODY_BYTES - MAX_BODY_BYTES // 100))
    most = max_batch_events(events_per_second) if events_per_second else MAX_BATCH_EVENTS
    requests = max(-(-events // most), by_bytes)
    paces = [requests / requests_per_second if requests_per_second else 0.0]
    paces.append(events / events_per_second if events_per_second else 0.0)
    return Estimate(events, requests, size, max(paces), plan.tracked_users if events else 0)
