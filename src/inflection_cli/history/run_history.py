"""History of runs in the ledgers: end, events sent and events open."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from struct import Struct
from typing import Any, Final

from inflection_cli.backfilling.ledger_lookup import held_ledger
from inflection_cli.backfilling.rejects_folder import kept_beside_the_ledger
from inflection_cli.backfilling.spill import SpillGroups
from inflection_cli.errors import LedgerError, UsageError
from inflection_cli.ledger.ledger_file import LedgerReader, ledger_files, read_ledger
from inflection_cli.ledger.ledger_records import ID_BYTES, Run
from inflection_cli.ledger.lock import Holder, holder_of
from inflection_cli.ledger.state_dir import LOCK_SUFFIX, forget_answers, ledger_path
from inflection_cli.model import BatchState
from inflection_cli.settings.layering import with_value
from inflection_cli.suggestions import meant, nearest

LAST: Final = "last"

_DOUBTFUL: Final = (BatchState.IN_DOUBT, BatchState.IN_FLIGHT)
_DOUBT: Final = Struct(">16sQd")  # content id, number of the run (0 says accepted), doubtful since


class RunEnd(StrEnum):
    """State of a run: ended, killed or running."""

    ENDED = "ended"
    KILLED = "killed"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class RunDoubt:
    """Events that a run left unconfirmed, without those accepted since.

    Attributes:
        events: How many events are unconfirmed.
        since: Unix seconds of the earliest doubt among them; None without any.
        accepted_since: How many more were unconfirmed and have been accepted since.
    """

    events: int = 0
    since: float | None = None
    accepted_since: int = 0


@dataclass(frozen=True, slots=True)
class RunEvents:
    """Current counts of the events that a run planned to send.

    Attributes:
        accepted: Recorded as accepted by this run.
        in_doubt: Sent, without an answer that counts; those on their way at this moment included.
        pending: Not sent, or certainly not taken.
        refused: Refused alone, for their content.
    """

    accepted: int
    in_doubt: int
    pending: int
    refused: int


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run and its current state.

    Attributes:
        ledger: The ledger that has it.
        run: What was recorded.
        ending: How it ended.
        holder: Who works on it, while it is running.
        events: What became of its events.
        doubt: What it left unconfirmed.
        finished_by: A later run that read the same files and left nothing open; None without one.
    """

    ledger: LedgerReader
    run: Run
    ending: RunEnd
    holder: Holder | None
    events: RunEvents
    doubt: RunDoubt
    finished_by: str | None

    @property
    def report(self) -> Mapping[str, Any]:
        """Summary of the run; its plan's figures if it has not ended."""
        if self.run.summary is not None:
            return self.run.summary
        plan = self.run.arguments.get("plan")
        return plan if isinstance(plan, dict) else {}


@dataclass(slots=True)
class StateOfBatches:
    """Totals of a run's batches that are in one state.

    Attributes:
        batches: How many there are.
        events: For how many events they speak.
        attempts: How often they were sent, or about to be.
        statuses: Outcomes of attempts: HTTP statuses, `-` for no answer, `user` for the user's word.
        first: Unix seconds of the first intent.
        last: Unix seconds of the latest outcome; None before the first.
    """

    first: float
    batches: int = 0
    events: int = 0
    attempts: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    last: float | None = None


@dataclass(frozen=True, slots=True)
class LedgerSet:
    """All ledgers of a state directory, open read-only.

    Attributes:
        state_dir: The state directory.
        readers: Those that can be read.
        troubles: Why others cannot.
    """

    state_dir: Path
    readers: Sequence[LedgerReader]
    troubles: Sequence[LedgerError]

    def runs(self) -> Iterator[tuple[LedgerReader, Run]]:
        """Yield every run with its ledger, in starting order per ledger.

        Raises:
            LedgerError: A ledger cannot be read.
        """
        for reader in self.readers:
            for run in reader.runs():
                yield reader, run

    def entries(self) -> Iterator[RunStatus]:
        """Yield every run with its current state.

        Raises:
            LedgerError: A ledger cannot be read.
        """
        for reader in self.readers:
            yield from _entries(reader, reader.runs())

    def first_trouble(self) -> LedgerError:
        """Return the first ledger error, with a hint for other ledgers."""
        error = self.troubles[0]
        if self.readers:
            others = " or ".join(sorted({with_value("--namespace", each.namespace) for each in self.readers}))
            error.hint += f"; to ask another ledger alone: {others}"
        return error

    def find(self, word: str) -> RunStatus:
        """Return the run by id, id prefix, or `last` (the latest).

        Raises:
            UsageError: None or several are meant.
            LedgerError: No run has that very id, and a ledger that may have the one meant cannot be read.
        """
        every = list(self.runs())
        found = [pair for pair in every if pair[1].run_id == word]
        if not found and self.troubles:
            raise self.first_trouble()
        if word == LAST and every:
            found = [max(every, key=lambda pair: (pair[1].started, pair[1].run_id))]
        found = found or [pair for pair in every if word and pair[1].run_id.startswith(word)]
        if len(found) > 1:
            names = ", ".join(run.run_id for _, run in found[:5])
            raise UsageError(
                f"{len(found)} runs begin with {word}: {names}",
                hint="type more of it; the same id in two ledgers: name one with --namespace",
            )
        if not found:
            near = nearest(word, [run.run_id for _, run in every])
            asked = f"{meant(near)} " if near else ""
            raise UsageError(
                f"there is no run {word} in {self.state_dir}",
                hint=f"{asked}infl-seg runs list shows them; another state directory: --state-dir DIR",
            )
        reader, run = found[0]
        return next(iter(_entries(reader, [run])))


@contextmanager
def open_ledgers(state_dir: Path, namespace: str | None = None) -> Iterator[LedgerSet]:
    """Open every ledger of a state directory read-only, even during runs.

    Args:
        state_dir: The state directory.
        namespace: Only this destination's ledger.

    Raises:
        LedgerError: The directory cannot be read.
    """
    readers: list[LedgerReader] = []
    troubles: list[LedgerError] = []
    with ExitStack() as stack:
        for path in ledger_files(state_dir):
            try:
                reader = stack.enter_context(read_ledger(path))
            except LedgerError as error:
                if namespace is None or path == ledger_path(state_dir, namespace):
                    troubles.append(error)
                continue
            if namespace in {None, reader.namespace}:
                readers.append(reader)
        yield LedgerSet(state_dir, readers, troubles)


def batches_by_state(entry: RunStatus) -> dict[BatchState, StateOfBatches]:
    """Return the totals of a run's batches by state.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    states: dict[BatchState, StateOfBatches] = {}
    for batch in entry.ledger.batches(entry.run.run_id):
        summed = states.setdefault(batch.state, StateOfBatches(batch.intended))
        summed.batches += 1
        summed.events += batch.events
        summed.attempts += batch.attempts
        summed.statuses.update(batch.statuses)
        summed.first = min(summed.first, batch.intended)
        if batch.settled is not None:
            summed.last = max(summed.last or batch.settled, batch.settled)
    return states


def kept_beside(entry: RunStatus) -> Path | None:
    """Return the file of messages that the rejects folder did not accept."""
    return kept_beside_the_ledger(entry.ledger.path.parent.parent, entry.run.run_id)


def resolve_doubt(
    state_dir: Path, entry: RunStatus, state: BatchState, command: str, say: Callable[[str], None]
) -> int:
    """Record the user's decision on a run's doubt; return the events affected.

    What the user should know of the ledger is handed to `say`.

    Raises:
        LedgerLocked: A run is at work on the ledger.
        LedgerError: It cannot be written.
    """
    with held_ledger(state_dir, entry.ledger.namespace, command, say) as ledger:
        (found,) = _entries(ledger, [run for run in ledger.runs() if run.run_id == entry.run.run_id])
        ledger.settle_run(entry.run.run_id, state, now=time.time())
        return found.doubt.events


def forget(state_dir: Path, entry: RunStatus, command: str, say: Callable[[str], None]) -> None:
    """Delete a run from its ledger.

    What the user should know of the ledger is handed to `say`.

    Raises:
        LedgerLocked: A run is at work on the ledger.
        LedgerError: It cannot be written.
    """
    with held_ledger(state_dir, entry.ledger.namespace, command, say) as ledger:
        ledger.forget(entry.run.run_id)


def forget_all(shelf: LedgerSet, command: str, say: Callable[[str], None]) -> None:
    """Delete all runs and answers, or none if a ledger is locked.

    What the user should know of a ledger is handed to `say`.

    Raises:
        LedgerLocked: A run is at work on one of them.
        LedgerError: One cannot be read or written.
    """
    if shelf.troubles:
        raise shelf.troubles[0]
    with ExitStack() as stack:
        held = [
            stack.enter_context(held_ledger(shelf.state_dir, reader.namespace, command, say))
            for reader in shelf.readers
        ]
        for ledger in held:
            ledger.forget_all()
            forget_answers(shelf.state_dir, ledger.namespace)


def _entries(reader: LedgerReader, runs: Sequence[Run]) -> Iterator[RunStatus]:
    """Yield runs of a ledger with their current state."""
    holder = holder_of(reader.path.with_suffix(LOCK_SUFFIX))
    counts = reader.counts()
    later_first = reader.runs()[::-1]
    doubts = _doubts(reader) if any(set(states) & set(_DOUBTFUL) for states in counts.values()) else {}
    for run in runs:
        at_work = run.ended is None and holder is not None and holder.started <= run.started
        ending = RunEnd.ENDED if run.ended is not None else RunEnd.RUNNING if at_work else RunEnd.KILLED
        doubt = doubts.get(run.number, RunDoubt())
        events = _events(run, counts.get(run.run_id, {}), doubt)
        finished_by = _finished_by(run, later_first)
        yield RunStatus(reader, run, ending, holder if at_work else None, events, doubt, finished_by)


def _finished_by(run: Run, later_first: Sequence[Run]) -> str | None:
    """Return the latest later run that completed all files of this run."""
    prints = {str(each.get("fingerprint")) for each in run.inputs}
    for later in later_first:
        if later.number <= run.number:
            return None
        theirs = {str(each.get("fingerprint")) for each in later.inputs}
        if later.exit_code in {0, 1} and later.label == run.label and prints <= theirs:
            return later.run_id
    return None


def _events(run: Run, states: Mapping[BatchState, int], doubt: RunDoubt) -> RunEvents:
    """Count a run's events by state; those in no batch are pending."""
    accepted, refused = states.get(BatchState.ACCEPTED, 0), states.get(BatchState.REFUSED, 0)
    doubtful = sum(states.get(state, 0) for state in _DOUBTFUL)
    plan = run.arguments.get("plan")
    planned = plan.get("estimate", {}).get("events") if isinstance(plan, dict) else None
    pending = states.get(BatchState.PENDING, 0)
    if isinstance(planned, int):
        pending = max(0, planned - accepted - refused - doubtful)
    return RunEvents(accepted, doubt.events, pending, refused)


def _doubts(reader: LedgerReader) -> dict[int, RunDoubt]:
    """Return what is unconfirmed now, by run number, in bounded memory."""
    met = SpillGroups(_DOUBT.size)
    for state in (BatchState.ACCEPTED, *_DOUBTFUL):
        for batch in reader.known_batches(states=[state]):
            number = 0 if state is BatchState.ACCEPTED else batch.run_number
            since = batch.doubtful_since or 0.0
            met.add(_DOUBT.pack(known.content_id, number, since) for known in batch)
    doubts: dict[int, RunDoubt] = {}
    for records in met.parts():
        accepted = {record[:ID_BYTES] for record in records if not _DOUBT.unpack(record)[1]}
        earliest: dict[tuple[bytes, int], float] = {}
        for content_id, number, since in map(_DOUBT.unpack, records):
            if number:
                key = content_id, number
                earliest[key] = min(since, earliest.get(key, since))
        for (content_id, number), since in earliest.items():
            doubts[number] = _more(doubts.get(number, RunDoubt()), since, lifted=content_id in accepted)
    met.close()
    return doubts


def _more(doubt: RunDoubt, since: float, *, lifted: bool) -> RunDoubt:
    if lifted:
        return RunDoubt(doubt.events, doubt.since, doubt.accepted_since + 1)
    return RunDoubt(
        doubt.events + 1, since if doubt.since is None else min(since, doubt.since), doubt.accepted_since
    )
