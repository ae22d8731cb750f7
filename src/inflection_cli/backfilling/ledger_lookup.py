"""Look up known events and sent types in ledgers."""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.dedup import UNCOMPARED, LedgerEvents
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.spill import SpillGroups
from inflection_cli.converting.input_file import InputFile
from inflection_cli.errors import DecisionNeeded, LedgerError
from inflection_cli.ledger.ledger_records import HASH_BYTES, ID_BYTES, KnownBatch, Run, is_fresh
from inflection_cli.ledger.state_dir import ledger_path, lock_path
from inflection_cli.mapping.personal_data import storable
from inflection_cli.model import BatchState, Disposition
from inflection_cli.segment.ids import Binder
from inflection_cli.settings.layering import FINGERPRINTS, with_value

if TYPE_CHECKING:
    from inflection_cli.ledger.ledger_file import Ledger, LedgerReader

TEXT: Final = "text"
RECORDED: Final = "property_types"
"""The name under which the ledger keeps, in a run's plan, what its properties were sent as."""

_SENT: Final = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT)


@dataclass(frozen=True, slots=True, eq=False)
class TextBefore:
    """Properties that an earlier run sent as text, but not now.

    Attributes:
        run_id: The latest such run.
        names: The properties.
        certain: Whether the run is known to have sent them; else it sent every property it had as text.
    """

    run_id: str
    names: tuple[str, ...]
    certain: bool


def file_kinds(source: InputFile, plan: Plan) -> dict[str, list[str]]:
    """Return the types in which each property of a file is sent."""
    met: dict[str, set[str]] = {}
    for name, kind in plan.account.property_kinds.get(source.path, ()):
        met.setdefault(name, set()).add(kind)
    said = {name: kind for name, kind in source.columns.kinds.items() if kind != "string"}
    return {
        name: [said[name]] if name in said else sorted(met.get(name, {TEXT}))
        for name in source.columns.by_property()
    }


def plan_kinds(plan: Plan) -> dict[str, list[str]]:
    """Return what each property is sent as, of all files together."""
    every: dict[str, set[str]] = {}
    for source in plan.inputs:
        for name, kinds in file_kinds(source, plan).items():
            every.setdefault(name, set()).update(kinds)
    return {name: sorted(kinds) for name, kinds in every.items()}


def sent_as_text_before(plan: Plan, ledger: "LedgerReader") -> list[TextBefore]:
    """Find properties that are JSON now but were sent as text before.

    A run that was recorded before properties had types sent all of them as text; which it had is known of the
    files that both have read.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    met = set().union(*plan.account.property_kinds.values())
    typed = {name for name, kind in met if kind != TEXT}
    if not typed:
        return []
    found: list[TextBefore] = []
    for run in _that_sent(ledger):
        recorded = _recorded(run)
        certain = recorded is not None or _shares_a_file(plan, run)
        names = typed if recorded is None else {name for name in typed if TEXT in recorded.get(name, ())}
        if names:
            found.append(TextBefore(run.run_id, tuple(sorted(names)), certain))
            typed -= names if certain else set()
    return _certain_first(found)


def _certain_first(found: Sequence[TextBefore]) -> list[TextBefore]:
    """Return the certain findings, or else only the latest possible one."""
    certain = [each for each in found if each.certain]
    return certain or list(found[:1])


def _that_sent(ledger: "LedgerReader") -> Iterable["Run"]:
    counts = ledger.counts()
    for run in reversed(ledger.runs()):
        states = counts.get(run.run_id, {})
        if run.command != "replay" and any(states.get(state) for state in _SENT):
            yield run


def _recorded(run: "Run") -> Mapping[str, Sequence[str]] | None:
    plan = run.arguments.get("plan")
    kinds = plan.get(RECORDED) if isinstance(plan, Mapping) else None
    return kinds if isinstance(kinds, Mapping) else None


def _shares_a_file(plan: Plan, run: "Run") -> bool:
    """Return whether a run read the same bytes as a planned file."""
    theirs = {str(entry.get("fingerprint")) for entry in run.inputs}
    return any(known in theirs for known in plan.fingerprints.values())


_UNDER_LABEL: Final = b"l"
_BEFORE: Final = b"b"


def known_on_the_wire(
    ledger: "LedgerReader", label: str, states: Collection[BatchState], disposition: Disposition
) -> Iterator[LedgerEvents]:
    """Yield the wire ids of sent events, as an archive holds them.

    A wire id is written nowhere but in a request, so to meet it in a file shows that its event has arrived: a doubtful
    one too.

    Args:
        ledger: Its namespace and its runs' labels give the ids.
        label: The `--again` label of this run: under one, only what went out under it counts, by whichever of its
            wire ids an archive calls it; without one, all does.
        states: Of the batches that count.
        disposition: What becomes of a message under such an id.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    labels = {run.run_id: run.label for run in ledger.runs()}
    binders = {used: Binder(ledger.namespace, used or None) for used in labels.values()}
    every = [Binder(ledger.namespace), *(binder for used, binder in binders.items() if used)]
    for batch in ledger.known_batches(states=states, label=label or None):
        ids = batch.ids
        for binder in every if label else [binders[labels[batch.run_id]]]:
            for at in range(0, len(ids), ID_BYTES):
                wire_id = binder.packed(ids[at : at + ID_BYTES])
                yield LedgerEvents(wire_id, UNCOMPARED, disposition, batch.run_number)


def known_from_archives(ledger: "LedgerReader", label: str) -> Iterator[LedgerEvents]:
    """Yield content ids of archived events that were replayed under a label.

    A replay under a label takes an archive's wire id for the content id; an export of the same events has their
    own. Flat in memory; nothing is looked up where no replay went out under the label.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    runs = {run.run_id: run for run in ledger.runs()}
    if not any(run.label == label and run.command == "replay" for run in runs.values()):
        return
    met = SpillGroups(2 * ID_BYTES + 1)
    for batch in ledger.known_batches(states=[BatchState.ACCEPTED]):
        used, ids = runs[batch.run_id].label, batch.ids
        every = [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
        if used == label:
            met.add(content_id + bytes(ID_BYTES) + _UNDER_LABEL for content_id in every)
        else:
            packed = Binder(ledger.namespace, used or None).packed
            met.add(packed(content_id) + content_id + _BEFORE for content_id in every)
    for records in met.parts():
        under_label = {record[:ID_BYTES] for record in records if record.endswith(_UNDER_LABEL)}
        for record in records:
            if record.endswith(_BEFORE) and record[:ID_BYTES] in under_label:
                yield LedgerEvents(
                    record[ID_BYTES : 2 * ID_BYTES], UNCOMPARED, Disposition.ALREADY_ACCEPTED, 0
                )
    met.close()


_NUMBER: Final = Struct(">I")
_DOUBTFUL: Final = frozenset({BatchState.IN_DOUBT, BatchState.IN_FLIGHT})
_KNOWN: Final = (Disposition.ALREADY_ACCEPTED, Disposition.IN_DOUBT, Disposition.RESEND)
_IN_INPUT: Final = b"i"
_IN_RUN: Final = b"r"
_BY_FILE: Final = frozenset({"columns", "encodings"})


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """Settings that decide whether unconfirmed events are sent again.

    Attributes:
        now: Unix seconds.
        window_s: How old a doubt may be for its ids to be sent again.
        resend: Whether the user wants older ones sent again too.
    """

    now: float
    window_s: float
    resend: bool = False


@dataclass(slots=True, eq=False)
class KnownEvents:
    """The events that a ledger knows; records the earliest doubt while iterating.

    Attributes:
        doubtful_since: The earliest doubt among the events that are sent again; None without any.
        held_runs: The runs that left unconfirmed events for too long, in the order in which they are met.
        ready: Whether the input holds ready messages: their ids may be wire ids of ours, and their content
            hashes compare with those of replays only.
    """

    ledger: "LedgerReader"
    label: str
    doubts: Doubts
    elsewhere: "Sequence[LedgerReader]" = ()
    doubtful_since: float | None = None
    held_runs: list[str] = field(default_factory=list)
    ready: bool = False

    def __iter__(self) -> Iterator[LedgerEvents]:
        """Yield each known event with its disposition.

        Raises:
            LedgerError: A ledger cannot be read.
        """
        wanted = (BatchState.ACCEPTED, *_DOUBTFUL)
        replays = _replays(self.ledger)
        for batch in self.ledger.known_batches(states=(*wanted, BatchState.REFUSED), label=self.label):
            disposition = self._disposition(batch)
            # What was refused may have been fixed since: to have other content now is no conflict.
            fixed = disposition is Disposition.REFUSED
            alike = (batch.run_id in replays) is self.ready and not fixed
            yield from _known(batch, disposition, alike=alike)
        for other in self.elsewhere:
            replays = _replays(other)
            for batch in other.known_batches(states=[BatchState.ACCEPTED], label=self.label):
                alike = (batch.run_id in replays) is self.ready
                yield from _known(batch, Disposition.ELSEWHERE, alike=alike)
        if self.label:
            yield from known_from_archives(self.ledger, self.label)
        if self.ready:
            yield from known_on_the_wire(self.ledger, self.label, wanted, Disposition.ALREADY_ACCEPTED)
            for other in self.elsewhere:
                yield from known_on_the_wire(other, self.label, wanted, Disposition.ELSEWHERE)

    def run_words(self, number: int) -> str:
        """Return text that names the run which has an event."""
        if self.elsewhere:
            return "the ledger of another destination has it"
        names = [run.run_id for run in self.ledger.runs() if run.number == number]
        return f"run {names[0]} has sent it" if names else "the ledger has it"

    def _disposition(self, batch: KnownBatch) -> Disposition:
        if batch.state is BatchState.ACCEPTED:
            return Disposition.ALREADY_ACCEPTED
        if batch.state is BatchState.REFUSED:
            return Disposition.REFUSED
        doubts, since = self.doubts, batch.doubtful_since
        fresh = since is not None and is_fresh(since, doubts.now, doubts.window_s)
        if not fresh and not doubts.resend:
            if batch.run_id not in self.held_runs:
                self.held_runs.append(batch.run_id)
            return Disposition.IN_DOUBT
        # A stamp in the future comes from a clock that was wrong.
        stamp = doubts.now if since is None else min(since, doubts.now)
        self.doubtful_since = stamp if self.doubtful_since is None else min(stamp, self.doubtful_since)
        return Disposition.RESEND


def _replays(ledger: "LedgerReader") -> frozenset[str]:
    """Return the ids of replay runs; their content hashes differ in kind."""
    return frozenset(run.run_id for run in ledger.runs() if run.command == "replay")


def _known(batch: KnownBatch, disposition: Disposition, *, alike: bool) -> Iterator[LedgerEvents]:
    ids, hashes = batch.ids, batch.hashes
    for i in range(len(batch)):
        content_hash = int.from_bytes(hashes[i * HASH_BYTES : (i + 1) * HASH_BYTES]) if alike else UNCOMPARED
        yield LedgerEvents(
            ids[i * ID_BYTES : (i + 1) * ID_BYTES], content_hash, disposition, batch.run_number
        )


@contextmanager
def held_ledger(
    state_dir: Path, namespace: str, command: str, say: Callable[[str], None] = lambda _: None
) -> "Iterator[Ledger]":
    """Lock and open a destination's ledger for one run.

    Args:
        state_dir: The state directory.
        namespace: The destination.
        command: What the lock file says of the holder.
        say: Takes what the user should know of the ledger.

    Raises:
        LedgerLocked: Another run holds it.
        LedgerError: It cannot be used.
    """
    # Few runs open a ledger, and sqlite takes long to import.
    import socket  # noqa: PLC0415

    from inflection_cli.ledger.ledger_file import open_ledger  # noqa: PLC0415
    from inflection_cli.ledger.lock import Holder, take_lock  # noqa: PLC0415

    now = time.time()
    holder = Holder(pid=os.getpid(), host=socket.gethostname(), command=command, started=now)
    with (
        take_lock(lock_path(state_dir, namespace), holder) as lock,
        open_ledger(state_dir, namespace, lock, now=now) as ledger,
    ):
        if ledger.was_migrated:
            say(
                f"{ledger.path} was written by an earlier infl-seg; "
                "its rows have checksums and are counted from now on."
            )
        yield ledger


def unprotected(ledger: "LedgerReader") -> str:
    """Return the words on a ledger in which damage may go unseen."""
    return (
        f"{ledger.path} was written by an earlier infl-seg and has no checksums. Only its structure is checked, "
        "until a run to its destination adds checksums."
    )


@contextmanager
def looked_up_ledger(state_dir: Path, namespace: str) -> "Iterator[LedgerReader | None]":
    """Open a destination's ledger read-only for a dry run; None if missing."""
    path = ledger_path(state_dir, namespace)
    if not os.path.lexists(path):
        yield None
        return
    from inflection_cli.ledger.ledger_file import read_ledger  # noqa: PLC0415 - see `held_ledger`

    with read_ledger(path) as ledger:
        yield ledger


@contextmanager
def others_if_empty(state_dir: Path, ledger: "LedgerReader") -> "Iterator[list[LedgerReader]]":
    """Open the readable ledgers of other destinations if this one is empty.

    Raises:
        LedgerError: One cannot be read: it may be the one that has these events as sent.
    """
    from inflection_cli.ledger.ledger_file import ledger_files  # noqa: PLC0415 - see `held_ledger`

    with ExitStack() as stack:
        opened: list[LedgerReader] = []
        if not any(True for _ in ledger.known_batches()):
            others = [path for path in ledger_files(state_dir) if path != ledger.path]
            opened = [stack.enter_context(_read_other(path)) for path in others]
        yield opened


def _read_other(path: Path) -> "LedgerReader":
    from inflection_cli.ledger.ledger_file import read_ledger  # noqa: PLC0415 - see `held_ledger`

    try:
        return read_ledger(path)
    except LedgerError as error:
        error.hint += "; a source that has never got these events does not need it: --new-destination"
        raise


def refuse_events_elsewhere(plan: Plan, others: "Sequence[LedgerReader]") -> None:
    """Raise an error if another destination's ledger has these events.

    Raises:
        DecisionNeeded: It has.
        TemporaryFolderError: The temporary folder cannot be used.
    """
    count = plan.count(Disposition.ELSEWHERE)
    if count:
        names = _namespaces_with(plan, others)
        raise DecisionNeeded(
            f"this destination's ledger is empty, but {count:,} of these events are recorded as accepted for "
            f"{', '.join(names)}. A new write key or endpoint counts as a new destination",
            hint=f"the same source as before: {with_value('--namespace', names[0])}; "
            "truly another one: --new-destination",
        )


def _namespaces_with(plan: Plan, others: "Sequence[LedgerReader]") -> list[str]:
    """Return namespaces of ledgers with accepted events of the plan, most first."""
    if len(others) == 1:
        return [others[0].namespace]
    met = SpillGroups(ID_BYTES + _NUMBER.size)
    ours = _NUMBER.pack(0)
    for ids in plan.identities.ids():
        met.add(content_id + ours for content_id in ids)
    for number, other in enumerate(others, start=1):
        for batch in other.known_batches(states=[BatchState.ACCEPTED]):
            met.add(known.content_id + _NUMBER.pack(number) for known in batch)
    shared = Counter[int]()
    for records in met.parts():
        wanted = {record[:ID_BYTES] for record in records if record.endswith(ours)}
        found = {record for record in records if record[:ID_BYTES] in wanted}
        shared.update(_NUMBER.unpack(record[ID_BYTES:])[0] for record in found)
    met.close()
    return [others[number - 1].namespace for number, _ in shared.most_common() if number]


def refuse_other_settings(plan: Plan, ledger: "LedgerReader", label: str) -> None:
    """Raise an error if this input was sent under different id settings.

    Each file is judged by the last run that had it. Where nothing is to be sent nothing can be doubled, whatever
    differs; nor where the input still has every event that the run sent or found accepted, under the same id: a
    time zone that only rows without one need changes no other.

    Raises:
        DecisionNeeded: It was.
    """
    if plan.to_send == 0:
        return
    shaping, unjudged, sent = shaping_settings(plan), set(plan.fingerprints.values()), _sent(ledger)
    for run in reversed(ledger.runs()):
        common = unjudged & _fingerprints(run)
        if run.label != label or not common or not (sent[run.run_id] or _found_accepted(run)):
            continue
        differing = list(_differences(storable_shaping(run.shaping), shaping, sorted(common)))
        if not differing:
            unjudged -= common
            continue
        # The file stays unjudged: a run that was resumed is one of several that sent it.
        if not (_has_all_of(plan, ledger, [run]) and _has_all_found(plan, ledger, run, common, sent)):
            raise DecisionNeeded(
                f"run {run.run_id} has sent the same file under settings that gave its events other ids: "
                f"{'; '.join(differing)}",
                hint="use the settings of that run, or send everything once more on purpose: --again LABEL",
            )


def _sent(ledger: "LedgerReader") -> Counter[str]:
    """Return how many events each run has sent, unconfirmed ones included."""
    counts = ledger.counts().items()
    return Counter({run_id: sum(states.get(state, 0) for state in _SENT) for run_id, states in counts})


def _fingerprints(run: Run) -> set[str]:
    return {str(entry.get("fingerprint")) for entry in run.inputs}


def _found_accepted(run: Run) -> int:
    """Return how many events of a run's input earlier runs had sent.

    A run that was killed has no summary; its plan had found them before the first request.
    """
    events = (run.summary or run.arguments.get("plan") or {}).get("events", {})
    return int(events.get("already_accepted") or 0)


def _has_all_found(
    plan: Plan, ledger: "LedgerReader", run: Run, common: set[str], sent: Counter[str]
) -> bool:
    """Return whether the input has every event that a run found accepted.

    The ledger has no list of what it found. For the same files the plan itself says how many events are known. For
    others it is what other runs sent of the files. Where these are fewer than it found, or a file has no such run, the
    rest came from other files, and nothing can be told.
    """
    found = _found_accepted(run)
    if not found:
        return True
    if set(plan.fingerprints.values()) == _fingerprints(run):
        return sum(map(plan.count, _KNOWN)) >= found + sent[run.run_id]
    senders = [
        other
        for other in ledger.runs()
        if other.label == run.label
        and other.run_id != run.run_id
        and sent[other.run_id]
        and not common.isdisjoint(_fingerprints(other))
    ]
    covered = set[str]().union(*map(_fingerprints, senders))
    return common <= covered and _has_all_of(plan, ledger, senders, found)


def _has_all_of(plan: Plan, ledger: "LedgerReader", runs: Sequence[Run], at_least: int = 0) -> bool:
    """Return whether the input has every event of runs, enough of them."""
    met = SpillGroups(ID_BYTES + 1)
    for ids in plan.identities.ids():
        met.add(content_id + _IN_INPUT for content_id in ids)
    for run in runs:
        for batch in ledger.known_batches(states=(BatchState.ACCEPTED, *_DOUBTFUL), run_id=run.run_id):
            met.add(known.content_id + _IN_RUN for known in batch)
    found, count = True, 0
    for records in met.parts():
        every = set(records)
        sent = [record[:ID_BYTES] for record in every if record.endswith(_IN_RUN)]
        found &= all(content_id + _IN_INPUT in every for content_id in sent)
        count += len(sent)
    met.close()
    return found and count >= at_least


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], prints: Sequence[str]) -> Iterator[str]:
    for name in sorted({*theirs, *ours} - _BY_FILE):
        if theirs.get(name) != ours.get(name):
            option = f"--{name.replace('_', '-')}"
            yield _change(option, _given(theirs.get(name)), _given(ours.get(name)))
    keys = {*theirs.get("columns", {}), *ours.get("columns", {})}
    for fingerprint in prints:
        was, now = (shaping.get("encodings", {}).get(fingerprint) for shaping in (theirs, ours))
        if was and now and was != now:
            yield f"--encoding was {was}, is {now}"
        for key in sorted(key for key in keys if key.partition(" ")[0] == fingerprint):
            one, other = (shaping.get("columns", {}).get(key) for shaping in (theirs, ours))
            # Sent as other calls, the file makes other messages.
            if one is None or other is None:
                continue
            for name in sorted({*one, *other}):
                if one.get(name) != other.get(name):
                    yield _change(name, _column(one.get(name)), _column(other.get(name)))


def bound_otherwise(plan: Plan, ledger: "LedgerReader", label: str) -> list[str]:
    """Return a line for each field that an earlier run bound otherwise."""
    runs = ledger.runs()
    if not runs:
        return []
    shaping = shaping_settings(plan)["columns"]
    counts = ledger.counts()
    for run in reversed(runs):
        sent = any(counts.get(run.run_id, {}).get(state) for state in (BatchState.ACCEPTED, *_DOUBTFUL))
        common = {str(entry.get("fingerprint")) for entry in run.inputs} & set(plan.fingerprints.values())
        if run.label != label or not common or not (sent or _found_accepted(run)):
            continue
        theirs = storable_shaping(run.shaping)["columns"]
        return list(
            dict.fromkeys(
                line
                for fingerprint in sorted(common)
                for line in _bound(run.run_id, theirs.get(fingerprint, {}), shaping.get(fingerprint, {}))
            )
        )
    return []


def other_preset_versions(
    plan: Plan, arguments: Mapping[str, Any], ledger: "LedgerReader", label: str
) -> list[str]:
    """Return a line for each preset used earlier in another version.

    Runs of the same files are named first. Other runs count too, since their exports may overlap.
    """
    ours, found = presets_of(arguments), dict[str, tuple[bool, str]]()
    counts = ledger.counts() if ours else {}
    for run in reversed(ledger.runs() if ours else ()):
        sent = any(counts.get(run.run_id, {}).get(state) for state in (BatchState.ACCEPTED, *_DOUBTFUL))
        if run.label != label or not (sent or _found_accepted(run)):
            continue
        same = {str(entry.get("fingerprint")) for entry in run.inputs} & set(plan.fingerprints.values())
        for name, version in presets_of(run.arguments).items():
            if ours.get(name, version) != version and (name not in found or (same and not found[name][0])):
                line = (
                    f"an earlier run of {'this file' if same else 'other files'} ({run.run_id}) used version "
                    f"{version} of the preset {name}. This run uses version {ours[name]}: its events could get "
                    "other ids"
                )
                found[name] = bool(same), line
    return [line for _, line in found.values()]


def presets_of(arguments: Mapping[str, Any]) -> dict[str, int]:
    """Return the version of each preset in recorded options, by name."""
    own = [each.get("profile") for each in (arguments.get("profiles") or {}).values()]
    used = [(each or {}).get("preset") for each in (arguments.get("profile"), *own)]
    return {each["name"]: each["version"] for each in used if each and each.keys() >= {"name", "version"}}


def _bound(run_id: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each field that two runs bind differently."""
    for name in _IDENTITY:
        was, now = theirs.get(name), ours.get(name)
        if was == now:
            continue
        earlier = f"bound {name} from {_source(was)}" if was else f"did not bind {name}"
        this = f"binds {name} from {_source(now)}" if now else f"does not bind {name}"
        yield f"an earlier run of this file ({run_id}) {earlier}; this run {this}: its events get other ids"


def _source(column: str | None) -> str:
    return "a constant" if column is None or column.startswith("=") else f"“{column}”"


def _change(name: str, was: str, now: str) -> str:
    """Return what differs between two runs, without personal values."""
    was, now = (FINGERPRINTS.sub("a value that is not shown", each) for each in (was, now))
    return f"{name} was {was}, is {'another one' if was == now else now}"


def _given(value: object) -> str:
    return "not given" if value in {None, False} else "given" if value is True else str(value)


def _column(value: str | None) -> str:
    if value is None:
        return "not read"
    return f"set to {value[1:]}" if value.startswith("=") else f"column “{value}”"


def storable_shaping(shaping: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that affect event ids, personal values as fingerprints.

    Earlier versions have recorded some of these values as they were.
    """
    nulls, columns = shaping.get("null"), shaping.get("columns", {})
    return {
        **shaping,
        "null": nulls and ", ".join(storable("", each) for each in nulls.split(", ")),
        "columns": {
            key: {
                name: f"={storable(name, said[1:])}" if said[:1] == "=" else said
                for name, said in read.items()
            }
            for key, read in columns.items()
        },
    }


def shaping_settings(plan: Plan) -> dict[str, Any]:
    """Return every setting that affects event ids, as JSON values."""
    settings = plan.settings
    mapping = settings.mapping
    profile = mapping.columns.profile
    from_email = mapping.user_id_from_email or mapping.anonymous_id_from_email
    names = (*_IDENTITY, "email") if from_email else _IDENTITY
    shaping = {
        "columns": {_columns_key(plan, s): _identity_columns(s, names) for s in plan.inputs},
        "encodings": {plan.fingerprints.get(s.path, s.path): s.source.encoding for s in plan.inputs},
        "timezone": settings.timezone,
        "timestamp_format": settings.timestamp_format,
        "user_id_from_email": mapping.user_id_from_email,
        "anonymous_id_from_email": mapping.anonymous_id_from_email,
        "null": ", ".join(sorted(mapping.nulls)) or None,
        "profile": None if profile is None else f"the one with SHA-256 {profile.digest[:12]}…",
    }
    return storable_shaping(shaping)


def _columns_key(plan: Plan, source: InputFile) -> str:
    """Return a file's fingerprint, with its types if not track alone.

    One list of contacts may well be sent as identifies and as groups, and neither doubles the other.
    """
    fingerprint = plan.fingerprints.get(source.path, source.path)
    is_track = source.layout.is_track_first or source.types == ["track"]
    return fingerprint if is_track else f"{fingerprint} {' '.join(source.types)}"


_IDENTITY: Final = (
    "event",
    "userId",
    "personId",
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "email_link_url",
    "timestamp",
    "event_id",
)
_OF_CALLS: Final = ("groupId", "name")
"""What identifies calls other than track beside these; of a track event it is no part of its id."""


def _identity_columns(source: InputFile, names: Sequence[str]) -> dict[str, str]:
    columns = source.columns
    has_calls = source.layout.calls and not source.layout.is_track_first
    names = (*names, *_OF_CALLS) if has_calls else names
    named = {name: columns.names[columns.fields[name]] for name in names if name in columns.fields}
    constants = {name: value for name, value in columns.constants.items() if name in names}
    return {**named, **{name: f"={value}" for name, value in constants.items()}}


def input_records(plan: Plan) -> list[dict[str, Any]]:
    """Return the path, fingerprint and row count of each input."""
    return [
        {
            "path": source.path,
            "fingerprint": plan.fingerprints.get(source.path, ""),
            "rows": plan.account.rows_by_file.get(source.path, 0),
        }
        for source in plan.inputs
    ]
