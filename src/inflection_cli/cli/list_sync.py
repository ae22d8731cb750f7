"""Carry out a sync: finish, compare, deliver, remember."""

import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.run_state import OpenedFiles, RunState, Target
from inflection_cli.cli.list_running import ListWork, list_work
from inflection_cli.cli.run_reporter import RunReporter
from inflection_cli.cli.sending import Sending
from inflection_cli.cli.session import Session
from inflection_cli.cli.target import find_target, takes_stdin
from inflection_cli.cli.usage_errors import kept_command
from inflection_cli.comparing.keyed_lists import ComparedList, EmptyList, ListFile, Row, compare
from inflection_cli.comparing.list_changes import refuse_shrunken
from inflection_cli.comparing.remembered_list import (
    HeldRows,
    KeptList,
    ListDraft,
    ListFacts,
    ListMemory,
    lists_elsewhere,
    withheld_rows,
)
from inflection_cli.errors import DecisionNeeded, EmptyFile, UsageError
from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.model import Fault, Message
from inflection_cli.reading import Source
from inflection_cli.sanitize import counted
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    Initial,
    ListOptions,
    ListReadingOptions,
    MessageOptions,
    ProjectOptions,
    ReportingOptions,
    SyncOptions,
)

if TYPE_CHECKING:
    from inflection_cli.delivery.context import Observer, StopSignal

_FREE: Final = frozenset({"now", "lists.max_removed"})
"""What may be another thing when a difference is finished."""


@dataclass(slots=True)
class _Step:
    """One difference of a sync, with what is to be remembered.

    Attributes:
        facts: What is remembered of the new list.
        memory: Where; None where nothing is to be remembered.
        draft: The new list as it is written; None for the one under way.
        work: What is compared and sent.
        held: How many rows keep their old state, at the end.
        gone: How many of them are gone from the list, and were rejected or refused.
        refused: The ordinals of refused events.
    """

    work: ListWork
    facts: ListFacts
    memory: ListMemory | None
    draft: ListDraft | None = None
    held: int = 0
    gone: int = 0
    refused: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Keep the new list before any event leaves."""
        changes = self.work.changes
        assert changes is not None
        if self.memory is None or self.draft is None:
            return
        # What finishes this difference after a kill knows nothing of the lines that cannot be read.
        for cells in withheld_rows(changes):
            self.draft.add(cells)
        if not changes.sent:
            return
        self.memory.begin(self.draft, self._complete_facts())
        self.draft = None

    def complete(self, state: RunState) -> None:
        """Remember the new list, with the old state of unsent rows."""
        changes, memory = self.work.changes, self.memory
        assert changes is not None
        assert state.plan.dispositions is not None
        if memory is None:
            return
        rows = HeldRows(changes, state.plan.dispositions, self.refused)
        self.held, self.gone = len(rows) + changes.withheld, rows.gone
        if len(rows):
            waiting = memory.under_way()
            assert waiting is not None
            self.draft = memory.draft()
            for cells in rows.applied(waiting.rows()):
                self.draft.add(cells)
        memory.complete(self.draft, self._complete_facts())

    def _complete_facts(self) -> ListFacts:
        changes = self.work.changes
        assert changes is not None
        return replace(self.facts, columns=changes.difference.kept_columns)


class SyncReporter(RunReporter):
    """Reporter that stores the list between the steps of a run.

    Args:
        step: Returns the difference that is delivered, once it is open.
        beside: Whether what it prints goes to stderr, as another run's report goes to stdout.
    """

    def __init__(self, at_work: Session, *, step: Callable[[], _Step], beside: bool, **named: Any) -> None:
        super().__init__(at_work, **named)
        self._step = step
        if beside:
            at_work.speaker.out = at_work.speaker.err

    def confirm(self, state: RunState) -> None:
        """Ask before sending, then keep the new list."""
        super().confirm(state)
        self._step().begin()

    @contextmanager
    def delivering(
        self, state: RunState, halt: "StopSignal", keep: Callable[[Message, str], None]
    ) -> "Iterator[Observer]":
        """Show the progress of the delivery, and note what is refused."""

        def noted(message: Message, reason: str) -> None:
            self._step().refused.add(message.ordinal)
            keep(message, reason)

        with super().delivering(state, halt, noted) as observer:
            yield observer

    def ended(self, state: RunState) -> None:
        """Remember the list where the run is complete, and print the summary."""
        step = self._step()
        # Where every event was accepted or refused, the difference is over, whatever the refusals say of the
        # destination: a message that is refused each time would hold up all lists to come.
        is_over = not (state.events.pending or state.events.in_doubt)
        if not state.options.dry_run and (state.error is None or is_over):
            step.complete(state)
            if step.held:
                rows = counted(step.held, "row keeps its", "rows keep their")
                self.note(
                    f"{rows} old state in the remembered list, and the next sync tries again", warns=True
                )
            if step.gone:
                name = shlex.quote(step.facts.name)
                self.note(
                    f"{counted(step.gone, 'row', 'rows')} that left the list cannot be fixed there. To give up: "
                    f"infl-seg sync forget {name}, then the same sync with --initial skip",
                    warns=True,
                )
        super().ended(state)


@dataclass(frozen=True, slots=True)
class _Drafted:
    """A new list that is written down as it is read."""

    file: ListFile
    draft: ListDraft

    @property
    def label(self) -> str:
        return self.file.label

    @property
    def columns(self) -> Sequence[str]:
        return self.file.columns

    @property
    def digest(self) -> str:
        return self.file.digest

    @property
    def kept(self) -> Source | None:
        return self.file.kept

    @property
    def faults(self) -> Sequence[Fault]:
        return self.file.faults

    def rows(self) -> Iterator[Row]:
        return self.draft.through(self.file.rows())


class ListSync:
    """A sync of one file.

    Args:
        file: The list as it is now.
        lists: What is compared and sent.
        remembering: How the list is remembered.
        reading: How it is read.
        message: What every message carries.
    """

    def __init__(
        self,
        file: str,
        lists: ListOptions,
        remembering: SyncOptions,
        reading: ListReadingOptions,
        message: MessageOptions,
    ) -> None:
        self._file, self._lists, self._reading, self._message = file, lists, reading, message
        self._initial = remembering.initial
        self._name = _name_of(file, lists, remembering)
        self._stack = ExitStack()
        self._memory: ListMemory | None = None
        self._namespace = ""
        self._state_dir = Path()
        self._label = ""
        self._remembers = False
        self._step: _Step | None = None
        self._has_out = False
        self._finished: dict[str, Any] | None = None

    def run(
        self,
        project: ProjectOptions,
        destination: DestinationOptions,
        delivery: DeliveryOptions,
        output: ReportingOptions,
    ) -> int:
        """Finish an earlier difference, then the new one; return the exit code.

        Raises:
            InflSegError: A run could not begin, was refused or is not complete.
        """
        target = _target(destination, delivery)
        self._namespace = target.namespace if target else destination.namespace or ""
        self._label = delivery.again or ""
        self._remembers = not (delivery.dry_run or delivery.rehearse)
        deliver = partial(self._deliver, target, project, destination)
        with self._stack:
            waiting = self._locked(Path(delivery.state_dir) if delivery.state_dir else None)
            if waiting is None:
                return deliver(delivery, output, None)
            if not self._remembers:
                return deliver(delivery, output, waiting)
            beside = replace(output, json=False, report=[])
            self._has_out = delivery.out is not None
            code = deliver(replace(delivery, out=None), beside, waiting, beside=output.json or output.report)
            self._finished = self._current().work.figures
            return max(code, deliver(delivery, output, None))

    def _locked(self, given: Path | None) -> KeptList | None:
        """Lock the list for writing; return an unfinished new list."""
        if not self._namespace:
            return None
        self._state_dir = state_dir(given, os.environ)
        self._memory = ListMemory(self._state_dir, self._namespace, self._name)
        if self._remembers:
            typed = kept_command(sys.argv)
            holder = Holder(os.getpid(), socket.gethostname(), typed, time.time())
            self._stack.enter_context(take_lock(self._memory.lock_path, holder))
        return self._memory.under_way()

    def _deliver(
        self,
        target: Target | None,
        project: ProjectOptions,
        destination: DestinationOptions,
        delivery: DeliveryOptions,
        output: ReportingOptions,
        waiting: KeptList | None,
        *,
        beside: Any = False,
    ) -> int:
        sending = Sending(
            "sync",
            destination,
            delivery,
            output,
            project=project,
            max_errors=self._reading.max_errors,
            rejects=self._reading.rejects,
            target=target,
        )
        opened = partial(self._opened, waiting)
        reporter_of = partial(SyncReporter, step=self._current, beside=bool(beside))
        return sending.run(opened, [self._file], reporter_of)

    def _current(self) -> _Step:
        assert self._step is not None
        return self._step

    def _opened(self, waiting: KeptList | None, at_work: Session, rejects: Rejects) -> OpenedFiles:
        """Compare the remembered list with the unfinished one or the file."""
        remembered = self._memory.remembered() if self._memory else None
        generation = self._memory.next_generation() if self._memory else 1
        if waiting is not None:
            generation = waiting.facts.generation
        work = list_work(
            self._lists,
            self._reading,
            self._message,
            at_work.project,
            name=self._name,
            generation=generation,
        )
        _refuse_skipped(self._initial, work)
        options = _flat({**work.arguments, "again": self._label})
        if waiting is not None:
            _refuse_other_options(waiting, options)
            work.at(datetime.fromisoformat(waiting.facts.now))
            work.notes.append("finishes what an earlier run began; the new list comes after it")
            work.notes += [
                "its messages are not written to --out, which gets those of the new list"
            ] * self._has_out
        elif remembered is not None:
            _refuse_other_key(remembered, work.settings.key)
        work.finished = self._finished
        facts = waiting.facts if waiting else self._facts(work, options, generation)
        memory = self._memory if self._remembers else None
        self._step = step = _Step(work, facts, memory)
        old: ComparedList = remembered or EmptyList()
        is_first = remembered is None and waiting is None
        # A line that is not remembered would be a new row once it can be read.
        is_skipped = is_first and not self._sends_first(work)
        new: ComparedList = waiting or self._new_list(step, strict=is_skipped)
        if is_skipped:
            work.settings = replace(work.settings, events={})
        difference = compare(old, new, work.settings)
        if waiting is None:
            refuse_shrunken(difference, work.max_removed, "the remembered list", new.label)
        if is_first:
            work.notes += self._first_words(work, difference.counts.new)
        return work.opened(difference, old, new, rejects)

    def _new_list(self, step: _Step, *, strict: bool) -> ComparedList:
        """Open the file, with a draft of it where it is remembered."""
        file = ListFile(self._file, step.work.reading, step.work.settings, strict=strict)
        if file.kept is None and not (self._memory and self._memory.remembered()):
            raise EmptyFile(f"{file.label} holds no row", hint="check that the export is complete")
        if step.memory is None:
            return file
        step.draft = step.memory.draft()
        self._stack.callback(step.draft.drop)
        return _Drafted(file, step.draft)

    def _sends_first(self, work: ListWork) -> bool:
        return work.settings.call_type is not None or self._initial is Initial.SEND

    def _first_words(self, work: ListWork, rows: int) -> Iterator[str]:
        if not self._namespace:
            yield "no destination is named, so nothing is known of an earlier list"
        for other in lists_elsewhere(self._state_dir, self._namespace, self._name) if self._namespace else ():
            yield f"a list of this name is kept for destination {other}; after a change of the write key, "
            yield f"--namespace {other} goes on with it, or all changes since then are left out"
        if self._sends_first(work):
            yield "first time: every row is new"
            return
        yield f"first time: {counted(rows, 'row is', 'rows are')} remembered, none is sent (--initial send)"

    def _facts(self, work: ListWork, options: Mapping[str, Any], generation: int) -> ListFacts:
        return ListFacts(
            name=self._name,
            namespace=self._namespace,
            key=list(work.settings.key),
            generation=generation,
            now=work.settings.convert.now.isoformat(),
            command=kept_command(sys.argv),
            options=options,
        )


def _refuse_skipped(initial: Initial | None, work: ListWork) -> None:
    """Refuse to skip a first list that is always sent.

    Raises:
        UsageError: It is.
    """
    kind = work.settings.call_type
    if kind is not None and initial is Initial.SKIP:
        raise UsageError(
            f"--initial skip and --as {kind} exclude each other: the first list is always sent as {kind}",
            hint="leave --initial skip out; or send events of changes alone: --segment NAME, or --added NAME",
        )


def _name_of(file: str, lists: ListOptions, remembering: SyncOptions) -> str:
    """Return the name that a list is remembered by.

    Raises:
        UsageError: It is empty or no text, or standard input has none.
    """
    if remembering.name is None and file == "-":
        raise UsageError("standard input has no name to remember it by", hint="--name 'trial users'")
    name = f"{Path(file).name} by {' + '.join(lists.key)}" if remembering.name is None else remembering.name
    if not name.strip() or not name.isprintable():
        raise UsageError("--name is empty, or holds what cannot be shown", hint="--name 'trial users'")
    return name.strip()


def _target(destination: DestinationOptions, delivery: DeliveryOptions) -> Target | None:
    """Return the destination whose remembered list counts, or None."""
    if delivery.rehearse and takes_stdin(destination, os.environ):
        return None
    return find_target(destination, gzip=not delivery.no_gzip)


def _flat(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by dotted name, as JSON has them."""
    found: dict[str, Any] = {}
    for name, value in orjson.loads(orjson.dumps(arguments)).items():
        inner = value if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): each for key, each in inner.items()}
    return {name: value for name, value in found.items() if name not in _FREE}


def _refuse_other_options(waiting: KeptList, options: Mapping[str, Any]) -> None:
    """Raise an error if a difference would be finished by other options.

    Raises:
        DecisionNeeded: It would, and some of its events may have been sent by the first ones.
    """
    began = waiting.facts.options
    differing = [name for name, value in began.items() if name in options and options[name] != value]
    if differing:
        names = ", ".join(dict.fromkeys(name.rpartition(".")[2].replace("_", "-") for name in differing))
        raise DecisionNeeded(
            f"a difference of the list “{waiting.facts.name}” is unfinished, and was begun by other options: {names}",
            hint=f"finish it first: {waiting.facts.command}; then take the new options; or give up what it has not "
            f"sent, and begin again: infl-seg sync forget {shlex.quote(waiting.facts.name)}",
        )


def _refuse_other_key(remembered: KeptList, key: Sequence[str]) -> None:
    """Raise an error if a list is remembered by another key.

    Raises:
        UsageError: It is.
    """
    known = [*remembered.facts.key]
    if known != [*key]:
        raise UsageError(
            f"the list “{remembered.facts.name}” is remembered by the key {' + '.join(known)}, and --key is "
            f"{' + '.join(key)}",
            hint="take the same key; or begin another list: --name NAME",
        )
