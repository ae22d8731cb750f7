"""Shared code of diff and sync: from options to a difference."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.plan import RejectSink
from inflection_cli.backfilling.run_state import OpenedFiles
from inflection_cli.cli.option_values import call_types, convert_settings, pairs, read_options
from inflection_cli.cli.project_file import Project, settle
from inflection_cli.cli.saved_options import recorded
from inflection_cli.comparing.keyed_lists import ComparedList, Difference, ListFile, compare
from inflection_cli.comparing.list_changes import ListChanges, MaxRemoved, refuse_shrunken
from inflection_cli.comparing.list_layout import ENTERED, EXITED, KINDS, DiffSettings, Kind, for_lists
from inflection_cli.errors import EmptyFile, UsageError
from inflection_cli.reading import ReadOptions
from inflection_cli.reporting.list_text import list_lines, list_object, nothing_words
from inflection_cli.settings.declarations import (
    InputOptions,
    ListOptions,
    ListReadingOptions,
    MessageOptions,
    declared,
)
from inflection_cli.settings.layering import given_values

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

_SENT_AS: Final = ("identify", "group")


@dataclass(slots=True)
class ListWork:
    """Settings of a list command, and the difference once it is known.

    Attributes:
        settings: What is compared and sent.
        reading: How files are read.
        max_removed: How many rows may be gone.
        arguments: The options that the ledger keeps.
        profile: How the lists are mapped, where the user has a profile.
        took: What the project file had a say in.
        notes: Lines of the plan that only this list has.
        changes: What differs, once the lists are compared.
        finished: The counts of an earlier difference that this command has finished first.
    """

    settings: DiffSettings
    reading: ReadOptions
    max_removed: MaxRemoved
    arguments: dict[str, Any]
    profile: "Profile | None"
    took: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    changes: ListChanges | None = None
    finished: dict[str, Any] | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """The counts of a known difference, as a JSON object."""
        assert self.changes is not None
        return {**list_object(self.changes), "finished": self.finished}

    def at(self, now: datetime) -> None:
        """Fix the time of the run, as an earlier try had it."""
        self.settings = replace(self.settings, convert=replace(self.settings.convert, now=now))

    def opened(
        self, difference: Difference, old: ComparedList, new: ComparedList, rejects: RejectSink
    ) -> OpenedFiles:
        """Return a difference as the input of a run.

        Args:
            difference: What differs.
            old: The old list, once it is read.
            new: The new one.
            rejects: Takes the rows that are not sent.

        Raises:
            InputError: The old list lacks what the mapping needs.
        """
        changes = self.changes = ListChanges(difference, old.kept, new.kept, self.settings)
        # A list is no export: that a run has compared it says nothing of what sending it would double.
        prints = {each.label: f"list {each.digest}" for each in (old, new)}
        figures = {"list": self.figures}
        return OpenedFiles(
            changes.planner(rejects, prints),
            {**self.arguments, **figures},
            self.profile,
            self.took,
            figures=figures,
            lines=list(list_lines(changes, self.notes)),
            nothing=nothing_words(changes),
        )


def list_work(
    lists: ListOptions,
    chosen: ListReadingOptions,
    message: MessageOptions,
    project: Project | None,
    *,
    name: str = "",
    generation: int | None = None,
) -> ListWork:
    """Return what the options of a list command come to.

    Raises:
        UsageError: An option is missing or cannot be met.
    """
    max_removed = MaxRemoved.parse(lists.max_removed)
    given = {"call_type": lists.call_type, **given_values(chosen)}
    reading = InputOptions(**{name: value for name, value in given.items() if name not in _OWN})
    settled = settle(_of_lists(project), _with_time(reading, lists), message, os.environ)
    convert = convert_settings(settled.reading, settled.message, settled.profile)
    options = read_options(settled.reading, settled.profile)
    if not lists.key:
        raise UsageError(
            "--key is missing: nothing says which rows of the two lists are the same",
            hint="name the column that tells all rows apart: --key COLUMN",
        )
    kind = _call_type(settled.reading)
    timed = "timestamp" in convert.mapping.columns.columns
    own_time = timed or (settled.profile is not None and settled.profile.timestamp is not None)
    events = _events(lists, kind)
    if lists.previous and "changed" not in (events if kind is None else {}):
        raise UsageError(
            "--previous adds old values to the event of changed rows, and there is none",
            hint="name it: --changed NAME, or leave --previous out",
        )
    settings = DiffSettings(
        convert=for_lists(convert, kind, own_time=own_time),
        key=tuple(dict.fromkeys(lists.key)),
        events=events,
        ignore=tuple(lists.ignore),
        segment=lists.segment,
        call_type=kind,
        previous=lists.previous,
        own_time=own_time,
        message_id=lists.message_id,
        name=name,
        generation=generation,
    )
    arguments = recorded(settled.reading, settled.message, convert.now, settled.profile)
    return ListWork(
        settings,
        options,
        max_removed,
        {**arguments, "lists": asdict(lists)},
        settled.profile,
        settled.took,
    )


_OWN: Final = frozenset({"max_errors", "rejects"})


def _of_lists(project: Project | None) -> Project | None:
    """Return a project file reduced to its settings for lists."""
    if project is None:
        return None
    kept = {each.field for group in (ListReadingOptions, MessageOptions) for each in declared(group)}
    return project.without(*(project.settings.keys() - kept))


def _with_time(reading: InputOptions, lists: ListOptions) -> InputOptions:
    """Return the options with `--timestamp` as a mapped column."""
    if lists.timestamp is None:
        return reading
    if "timestamp" in pairs("--map", reading.map, "userId='Customer ID'"):
        raise UsageError(
            "--timestamp and --map timestamp=… both name the column of the time",
            hint="keep one of the two",
        )
    return replace(reading, map=[*reading.map, f"timestamp={lists.timestamp}"])


def _call_type(reading: InputOptions) -> Any:
    """Return the type of `--as`, or None for events.

    Raises:
        UsageError: It is of some files only, or none that has traits.
    """
    found = call_types(reading)
    if not found:
        return None
    (pattern, kind), *_ = found
    if pattern is not None or kind not in _SENT_AS:
        raise UsageError(
            f"--as {reading.call_type[0]}: what changed in a list is sent as identify or group, or as events",
            hint="--as identify or --as group; events: --segment NAME, or --added NAME",
        )
    return kind


def _events(lists: ListOptions, kind: Any) -> dict[Kind, str]:
    """Return the name of the event of each kind that is sent.

    Raises:
        UsageError: There is none, there are two, or one is empty.
    """
    named = {each: getattr(lists, each) for each in KINDS if getattr(lists, each) is not None}
    ways = [way for way, is_there in (("--segment", lists.segment is not None), ("--as", kind)) if is_there]
    ways += ["--" + each for each in named][:1]
    if len(ways) != 1:
        told = f"{' and '.join(ways)} exclude each other" if ways else "nothing says what is sent"
        raise UsageError(
            told,
            hint="one of: --segment NAME; --added NAME, --changed NAME, --removed NAME; --as identify or group",
        )
    for option, text in (
        ("--segment", lists.segment),
        *((f"--{each}", text) for each, text in named.items()),
    ):
        if text is not None and not text.strip():
            raise UsageError(f"{option} is empty", hint=f"{option} 'Trial users'")
    if lists.segment is not None:
        return {"removed": EXITED, "added": ENTERED}
    if kind is not None:
        return {"added": kind, "changed": kind}
    return {each: text.strip() for each, text in named.items()}


def compared_files(work: ListWork, old: str, new: str, rejects: RejectSink) -> OpenedFiles:
    """Compare two files; return the difference as a run's input.

    Raises:
        InputError: A list cannot be read, or has lost more rows than is likely.
        UsageError: An option cannot be met.
    """
    if old == new == "-":
        raise UsageError("both lists would be read from standard input", hint="name a file for one of them")
    after = ListFile(new, work.reading, work.settings)
    before = ListFile(old, work.reading, work.settings, after)
    if before.kept is None and after.kept is None:
        raise EmptyFile(f"{old} and {new} are both empty", hint="check that the exports are complete")
    difference = compare(before, after, work.settings)
    refuse_shrunken(difference, work.max_removed, old, new)
    return work.opened(difference, before, after, rejects)
