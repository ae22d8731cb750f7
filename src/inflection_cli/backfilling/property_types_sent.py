"""Types of sent properties, compared with those of earlier runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.plan import Plan
from inflection_cli.converting.input_file import InputFile
from inflection_cli.model import BatchState

if TYPE_CHECKING:
    # SQLite takes a tenth of the start, and most commands open no ledger.
    from inflection_cli.ledger.ledger_file import LedgerReader
    from inflection_cli.ledger.ledger_records import Run

TEXT: Final = "text"
RECORDED: Final = "property_types"
"""The name under which the ledger keeps, in a run's plan, what its properties were sent as."""

_SENT: Final = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
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
