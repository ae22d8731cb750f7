"""Format plan, problems and summary as text lines.

It names the settings files that affected a run, so that no report is filtered without a trace.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inflection_cli import rules
from inflection_cli.backfilling.account import OTHERS, EventCounts, ProblemTally, RowCounts
from inflection_cli.backfilling.ledger_lookup import TEXT, TextBefore, file_kinds
from inflection_cli.backfilling.plan import Estimate, Plan
from inflection_cli.backfilling.rejects_folder import Rejects, is_small, main_cause, share_words
from inflection_cli.backfilling.run_decisions import trouble_words
from inflection_cli.catalog import EVENTS
from inflection_cli.converting.converter import LeftOut
from inflection_cli.converting.input_file import InputFile
from inflection_cli.mapping.column_names import listed, snake_case
from inflection_cli.mapping.events import NAMED_OUT, kind_of, nearest_event
from inflection_cli.mapping.personal_data import is_personal_setting
from inflection_cli.model import Disposition, Problem, Scope, Severity
from inflection_cli.reporting.call_lines import call_lines, group_lines, own_profile
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.masking import open_value
from inflection_cli.reporting.retry_text import failed_words
from inflection_cli.reporting.shown_hints import hint_of
from inflection_cli.sanitize import counted, escape, mask_cell
from inflection_cli.settings.layering import HIDDEN, with_value

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered


_MOST_OF_VALUE: Final = 60
_MOST_OF_LINE: Final = 800
_MOST_LISTED: Final = 5
_MOST_LEFT_OUT: Final = 12
"""More than of other lists: the small kinds are those that nobody foresaw."""

_DIGEST: Final = 12
_LEAVING_OUT: Final = frozenset({"event", "since", "until", "unknown_events", "skip_event"})


@dataclass(frozen=True, slots=True, eq=False)
class SettingsSaid:
    """Settings files that affected a run.

    Attributes:
        profile: Path and hex SHA-256 of the profile.
        project: Path of the project file, and what the run took from it, by option.
    """

    profile: tuple[str, str] | None = None
    project: tuple[str, Mapping[str, Any]] | None = None


def settings_lines(said: SettingsSaid) -> Iterator[tuple[str, str]]:
    """Yield label and text for each file, escaped and cut short."""
    if said.profile is not None:
        path, digest = said.profile
        yield "profile", f"{escape(path, _MOST_OF_LINE)} (SHA-256 {digest[:_DIGEST]}…)"
    if said.project is not None:
        path, took = said.project
        words = (
            "; ".join(_words(_without_personal(took)))
            or "nothing that the command or the profile does not say"
        )
        # What is shown has been made harmless in parts: a cut takes nothing of that back.
        cut = words if len(words) <= _MOST_OF_LINE else f"{words[:_MOST_OF_LINE]}… (--json has all of it)"
        yield "project", f"{escape(path, _MOST_OF_LINE)} sets {cut}"


def settings_object(said: SettingsSaid) -> dict[str, Any]:
    """Return the settings files as a JSON object, in full."""
    return {
        "profile": None if said.profile is None else {"path": said.profile[0], "sha256": said.profile[1]},
        "project_file": None
        if said.project is None
        else {"path": said.project[0], "settings": _without_personal(said.project[1])},
    }


def _without_personal(took: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by option, without values that are a person's."""
    return {option: _open_value(option, value) for option, value in took.items()}


def _open_value(option: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        # Other tables have columns as values, or as names.
        named = option in {"set", "context"}
        return {
            HIDDEN if is_personal_setting("", name) else name: _open_value(name if named else "", inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_open_value("", inner) for inner in value]
    hidden = isinstance(value, str) and (option == "group_user" or is_personal_setting(option, value))
    return HIDDEN if hidden else value


def _words(took: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings, those that leave rows out first.

    So no long value can hide them behind the cut.
    """
    for option in sorted(took, key=lambda name: name not in _LEAVING_OUT):
        value = took[option]
        if isinstance(value, Mapping):
            pairs = [f"{_shown(name)} = {_shown(inner)}" for name, inner in [*value.items()][:_MOST_LISTED]]
            yield f"{option} {', '.join(pairs)}{_more(value)}"
        elif isinstance(value, list):
            yield f"{option} = {', '.join(map(_shown, value[:_MOST_LISTED]))}{_more(value)}"
        else:
            yield f"{option} = {_shown(value)}"


def _more(values: Sized) -> str:
    unlisted = len(values) - _MOST_LISTED
    return f" and {unlisted:,} more" if unlisted > 0 else ""


def _shown(value: Any) -> str:
    return escape(str(value).lower() if isinstance(value, bool) else str(value), _MOST_OF_VALUE)


SHOWN_PER_CODE = 5
_WHATEVER_THE_BUDGET: Final = frozenset({"person-implausible", "person-two-users", "own-id-conflict"})
"""Errors of a whole run, with which nothing is sent."""

_MOST_OF_NAME = 100
_MOST_OF_MESSAGE = 1000

_NAMES_OF_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def input_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield label and text for the input files, rows and events."""
    for source in plan.inputs:
        yield from _lines_of_file(source, plan)
    account = plan.account
    yield "rows", rows_equation(account.rows)
    if plan.limit is not None and account.rows.read >= plan.limit:
        yield "", f"reading stopped after {counted(account.rows.read, 'row')} (--limit)"
    for reason, count in account.filtered_by.items():
        yield "", f"{count:,} {_left_out(reason, plan)}"
    yield from left_out_lines(plan)
    if there := _events_there(plan):
        yield "", there
    kinds = ", ".join(f"{escape(name)} {count:,}" for name, count in _in_order(account.by_event))
    yield "events", f"{account.events.built:,} built" + (f": {kinds}" if kinds else "")
    repeats = plan.count(Disposition.DUPLICATE)
    if repeats:
        yield "", f"{counted(repeats, 'duplicate')} of another event of the input, not sent"
    if account.first:
        yield "time", f"{_second(account.first)} to {_second(account.last)}"
        yield "people", f"{plan.people:,}"
    yield from _identity_lines(plan)
    yield from group_lines(plan)


def left_out_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the cells that leave rows out, and what sends them."""
    found = plan.account.left_out
    shown = [each for each, _ in found.most_common(_MOST_LEFT_OUT) if each != OTHERS]
    for each in shown:
        yield "", f"  {_unmet(each, found)} in {counted(found[each], 'row')}"
    rest = found.total() - sum(found[each] for each in shown)
    if rest:
        yield "", f"  {counted(rest, 'row')} for other cells, which --json lists"
    named = next((each for each in shown if each.names_event and each.value), None)
    if named is not None:
        option = with_value("--event-name", f"{open_value(named, found) or 'NAME'}=EVENT")
        yield "", f"  to send one as an event: {escape(option)}"
    profile = plan.settings.mapping.columns.profile
    if profile is None or all(each.names_event for each in shown):
        return
    if profile.path.startswith("preset:"):
        name = profile.path.removeprefix("preset:")
        yield (
            "",
            f"  to send others: infl-seg presets save {name} mine.toml; change the when of its [[event]]",
        )
    else:
        yield "", f"  to send others, change the when of the [[event]] in {escape(profile.path)}"


def _unmet(cell: LeftOut, every: Mapping[LeftOut, int]) -> str:
    column = f"“{escape(cell.column, _MOST_OF_NAME)}”"
    if not cell.value:
        return f"{column} is {'filled' if cell.value is None else 'empty'}"
    value = open_value(cell, every)
    if value is None:
        return f"{column} is {mask_cell(cell.value, in_full=False)}"
    return f"{column} is “{escape(value, _MOST_OF_VALUE)}”"


def _identity_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the number of links, conflicts and resolved events."""
    counts = plan.linking.counts
    if counts.linked:
        links = counted(
            counts.linked, "identify links a person to a userId", "identifies link people to userIds"
        )
        yield "identity", f"{links}; sent last (--identify)"
    if counts.conflicting:
        people = counted(counts.conflicting, "person has", "people have")
        yield "" if counts.linked else "identity", f"{people} more than one userId, and no link"
    if counts.resolved:
        of = counted(counts.resolved_people, "person", "people")
        events = counted(counts.resolved, "event goes", "events go")
        yield "resolved", f"{events} out under the userId of other rows, of {of} (--resolve-identity)"


def _lines_of_file(source: InputFile, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield label and text for one input file."""
    yield "file", _file_line(source, plan.account.rows_by_file.get(source.path, 0))
    own = own_profile(source)
    if own is not None:
        yield "profile", f"{escape(own.path)} (SHA-256 {own.digest[:12]}…)"
    words = ", ".join(_column_words(source))
    if words:
        yield "columns", words
    for name, could in source.columns.not_used.items():
        yield "", f"not used: {name} could be {' or '.join(map(escape, could))}"
    sent_as = file_kinds(source, plan)
    yield from call_lines(source, sent_as, plan)
    extras = ", ".join(_property_words(source, sent_as)) if source.layout.blocks else ""
    if extras:
        yield "unmapped", f"sent as properties: {extras}"
    left_out = [escape(note.field or "") for note in source.columns.notes]
    if left_out:
        way = "--property COLUMN" if source.layout.blocks else "see below"
        yield "", f"not sent: {', '.join(left_out)} ({way})"
    if source.layout.in_part:
        parts = ", ".join(map(escape, source.layout.in_part))
        yield "", f"in part: the other members of {parts} are not sent (name them under [properties])"
    yield from _emptied(plan.account.emptied.get(source.path, {}))


def _emptied(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if counts:
        columns = ", ".join(f"{escape(name)} {count:,}" for name, count in counts.items())
        yield "nulls", f"{counted(sum(counts.values()), 'cell')} emptied by --null: {columns}"


def rows_equation(rows: RowCounts) -> str:
    """Format the row equation: read = mapped + rejected + filtered."""
    return f"{rows.read:,} read = {rows.mapped:,} mapped + {rows.rejected:,} rejected + {rows.filtered:,} filtered"


def events_equation(events: EventCounts) -> str:
    """Format the event equation: events built and where each one went."""
    known = "" if events.already_accepted is None else f"{events.already_accepted:,} already accepted + "
    return (
        f"{events.built:,} built = {events.accepted:,} accepted + {known}{events.duplicate:,} duplicate + "
        f"{events.refused:,} refused + {events.pending:,} pending + {events.in_doubt:,} unconfirmed"
    )


def speak(lines: Iterable[tuple[str, str]], speaker: Speaker, *, result: bool) -> None:
    """Print labelled lines, with the labels in one column."""
    say = speaker.labelled if result else speaker.labelled_talk
    for label, text in lines:
        say(label, text)


def problem_lines(
    problems: Mapping[str, list[Problem]],
    counts: Mapping[str, int],
    *,
    cell: Callable[[Problem], str],
    rest: str = "",
    most: int = SHOWN_PER_CODE,
) -> Iterator[tuple[str, str]]:
    """Yield style and text of problems, grouped by code, with hints.

    Args:
        problems: The kept problems by code.
        counts: How many there are of each code.
        cell: Returns a problem's cell as it is shown.
        rest: Where all of them stand, as a clause.
        most: How many places of a code are named.
    """
    for code, kept in problems.items():
        rule, count = kept[0].rule, counts[code]
        style = "red" if rule.severity is Severity.ERROR else "yellow"
        yield style, f"{rule.severity.value} {code} ({_times(count, rule.scope)}): {rule.meaning}"
        for problem in kept[:most]:
            yield (
                "",
                f"    {_place(problem)}{escape(problem.message, _MOST_OF_MESSAGE)}{_value(problem, cell)}",
            )
        unseen = count - sum(problem.count for problem in kept[:most])
        if unseen > 0:
            yield "dim", f"    and {unseen:,} more{rest}"
        hints = dict.fromkeys(map(hint_of, kept[:most]))
        for hint in hints:
            # What a hint adds to another one that is shown is enough.
            ends = [f"; {other}" for other in hints if hint.endswith(f"; {other}")]
            yield "cyan", f"    → {escape(hint.removesuffix(ends[0]) if ends else hint)}"


def size_words(count: float) -> str:
    """Format a number of bytes in decimal units (kB, MB, GB)."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def duration_words(seconds: float) -> str:
    """Format a duration roughly, in at most two units."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.1f} days"


def _file_line(source: InputFile, rows: int) -> str:
    found = source.source
    words = found.format_words
    if found.delimiter:
        words.append(_NAMES_OF_DELIMITERS.get(found.delimiter, repr(found.delimiter)))
    if found.compression:
        words.append(found.compression)
    name = "standard input" if found.path == "-" else escape(found.path)
    return f"{name} ({', '.join(words)}; {counted(rows, 'row')})"


def _column_words(source: InputFile) -> Iterator[str]:
    for name, origins in source.columns.by_field().items():
        if origins:
            yield name if origins == [name] else f"{name} from {_named(origins)}"
    for name in source.columns.constants:
        yield f"{name} set"


def _property_words(source: InputFile, kinds: Mapping[str, list[str]]) -> Iterator[str]:
    for name, origins in source.columns.by_property().items():
        kind = "" if kinds[name] == [TEXT] else f" ({' or '.join(kinds[name])})"
        if not origins:
            yield f"{escape(name)} set"
        elif len(origins) == 1 and name in {origins[0], snake_case(origins[0])}:
            yield f"{escape(origins[0])}{kind}"
        else:
            yield f"{escape(name)}{kind} from {_named(origins)}"


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"“{escape(column)}”" for column in columns)


def _left_out(reason: str, plan: Plan) -> str:
    if reason == NAMED_OUT and plan.settings.mapping.columns.profile is not None:
        return "left out by name, by the profile or --skip-event"
    return f"left out by {reason}" if reason.startswith("--") else f"left out, as {reason}"


def _no_event_left(plan: Plan) -> str:
    """Return why no row became an event, with counts by reason."""
    rows = plan.account.rows
    reasons = [f"{count:,} {_left_out(reason, plan)}" for reason, count in plan.account.filtered_by.items()]
    reasons += [f"{rows.rejected:,} rejected"] if rows.rejected else []
    return f"no row became an event{f': {rows.read:,} read, ' if reasons else ''}{', '.join(reasons)}"


def _events_there(plan: Plan) -> str:
    """Return the events of the first rows, where --event dropped all."""
    if plan.account.events.built or "--event" not in plan.account.filtered_by:
        return ""
    found = set[str]()
    for source in plan.inputs:
        column = source.columns.column_of("event")
        at = source.source.columns.index(column) if column in source.source.columns else None
        cells = [row[at] for row in source.source.sample if at is not None and at < len(row)]
        found.update(kind.name for kind in map(kind_of, cells) if kind)
    return f"the first rows have {', '.join(sorted(found))}" if found else ""


def _in_order(by_event: Mapping[str, int]) -> list[tuple[str, int]]:
    order = {kind.name: i for i, kind in enumerate(EVENTS)}
    return sorted(by_event.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _second(exact: str) -> str:
    return f"{exact[:10]} {exact[11:19]} UTC"


def _times(count: int, scope: Scope) -> str:
    return counted(count, "time", "times") if scope is Scope.FILE else counted(count, "row")


def _place(problem: Problem) -> str:
    repeated = problem.count > 1 and problem.rule.scope is Scope.ROW
    words = [f"{'first in ' if repeated else ''}{escape(problem.file)}"] if problem.file else []
    if problem.line is not None:
        words.append(f"line {problem.line}")
    if problem.column is not None:
        words.append(f"column “{escape(problem.column, _MOST_OF_NAME)}”")
    return f"{', '.join(words)}: " if words else ""


def _value(problem: Problem, cell: Callable[[Problem], str]) -> str:
    many = f" ({problem.count:,} rows)" if problem.count > 1 else ""
    if problem.value is None:
        return many
    near = nearest_event(problem.value) if problem.rule is rules.EVENT_UNKNOWN else None
    return f" {cell(problem)}{many}{f'; nearest: {near}' if near else ''}"


def stops_any_delivery(rejected: int, codes: Iterable[str]) -> bool:
    """Return whether errors stop a run with any error budget.

    Args:
        rejected: How many rows the errors reject.
        codes: What was found, with errors among it.
    """
    return not rejected or not _WHATEVER_THE_BUDGET.isdisjoint(codes)


def verdict(problems: ProblemTally, plan: Plan, backfill: str) -> str:
    """Return the last line of a validation: result and next step.

    Args:
        problems: What was found.
        plan: What would be sent.
        backfill: The command of a dry run with the same files and options.
    """
    rejected = plan.account.rows.rejected
    if problems.errors and stops_any_delivery(rejected, problems.counts):
        return "Fix the errors above. Until then backfill sends nothing."
    if problems.errors:
        rows = plan.account.rows
        many = f"{rejected:,} of {counted(rows.read, 'row')} ({share_words(rows)}) would be rejected"
        if is_small(rows):
            rest = counted(rows.read - rejected, "other row")
            return (
                f"{many}. Fix the errors above. To send the {rest} anyway: backfill --max-errors {rejected}"
            )
        return f"{many}, {main_cause(problems, 'most for')}. Fix the errors above first."
    if not plan.account.events.built:
        said = _no_event_left(plan)
        return f"Nothing would be sent: {said}. Check the filters, and run infl-seg inspect on the file."
    noted = f" ({counted(problems.warnings, 'warning')})" if problems.warnings else ""
    return f"No problems found{noted}. Next: {escape(backfill)}"


def known_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the ledger's counts for the plan's events."""
    accepted = plan.count(Disposition.ALREADY_ACCEPTED)
    resent = plan.count(Disposition.RESEND)
    held = plan.count(Disposition.IN_DOUBT)
    refused = plan.count(Disposition.REFUSED)
    words = [f"{accepted:,} already sent"] if accepted else []
    if refused:
        words.append(f"{refused:,} refused before (tried once more)")
    if back := plan.count(Disposition.CHANGED_BACK):
        words.append(f"{back:,} as an earlier state, and not as last sent (sent once more)")
    if resent:
        words.append(f"{resent:,} unconfirmed (sent again; the destination recognises their ids)")
    if held:
        words.append(f"{held:,} unconfirmed (not retried; add --resend-in-doubt)")
    if words:
        yield "ledger", " · ".join([*words, f"{plan.to_send:,} to send"])
    else:
        yield "ledger", "none of these events was sent from this machine"


def text_before_lines(before: Iterable[TextBefore]) -> Iterator[tuple[str, str]]:
    """Yield lines on properties sent as text before but not now."""
    for each in before:
        names = ", ".join(map(escape, each.names))
        run = f"{'went' if each.certain else 'may have gone'} as text in run {each.run_id}"
        yield "types", f"{names}: {run}, and not as text now. A warehouse keeps a column's first type"
        yield "", "--properties-as-text sends them as text again"


def cost_lines(cost: Estimate, events_per_second: float) -> Iterator[tuple[str, str]]:
    """Yield the estimated cost of a delivery."""
    yield (
        "cost",
        (
            f"{counted(cost.events, 'API call')} in about {counted(cost.requests, 'request')}, "
            f"{size_words(cost.bytes)}; at most {counted(cost.new_users_upper_bound, 'new tracked user')}"
        ),
    )
    pace = f"{events_per_second:,.0f} events a second" if events_per_second else "no limit on events"
    yield "takes", f"about {duration_words(cost.seconds)} at {pace} (--events-per-second)"


def destination_lines(
    plan: Plan, where: str | None, command: str, *, rehearsal: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the destination of the events, and advice before sending."""
    yield "to", where or "no destination yet (no write key)"
    of_files = [(source.path, source.settings(plan.settings).message) for source in plan.inputs]
    off = [path for path, message in of_files if not message.integrations.get("All", True)]
    if not off or len(off) < len(of_files):
        calls = counted(plan.to_send, "call")
        gets = "would get" if rehearsal else "gets"
        what = f"{_these(plan.to_send)} {calls} now, with any event time"
        yield "", f"every streaming destination of the source {gets} {what}."
        yield "", "An old click can start a live automation. For warehouses only: --integration All=false"
        if off:
            yield "", f"Of these, what {listed(off)} has goes to warehouses only (All=false in its profile)."
    else:
        yield "", "Sent to warehouses only (All=false), and to destinations that --integration turns on."
    if plan.settings.until is None and command == "backfill":
        yield "", "If the live Inflection source is connected, set --until to its start date."
        yield "", "Otherwise events are duplicated."


def _these(count: int) -> str:
    return "this" if count == 1 else "these"


def question(plan: Plan, endpoint: str, rejects: str | None) -> str:
    """Return the question that confirms a delivery before it starts."""
    rows = plan.account.rows
    rejected = f"{rows.rejected:,} of {counted(rows.read, 'row')} rejected"
    left_out = f" ({rejected}, saved in {rejects})" if rows.rejected else ""
    return f"Send {counted(plan.to_send, 'event')} to {endpoint}?{left_out} [y/N] "


def _broken_off(run: str) -> str:
    return (
        f"run {run} broke off, and its people wait: run its command again, or say that it is done: "
        f"infl-seg runs settle {run} --accepted"
    )


def speak_summary(speaker: Speaker, plan: Plan, delivered: "Delivered", rejects: str | None) -> None:
    """Print the delivery summary, with both equations in full."""
    tally = delivered.tally
    speaker.result("Summary", "bold")
    lines = [("rows", rows_equation(plan.account.rows)), ("events", events_equation(delivered.events))]
    rate = tally.accepted / delivered.seconds if delivered.seconds else 0.0
    requests = f"{counted(tally.requests, 'request')}, {counted(tally.retries, 'retry', 'retries')}"
    speed = f"{duration_words(delivered.seconds)}, {rate:,.0f} events/s"
    lines.append(("delivery", f"{requests}, {size_words(tally.wire_bytes)} on the wire, {speed}"))
    if delivered.withheld:
        links = counted(delivered.withheld, "link waits", "links wait")
        lines.append(
            ("identity", f"{links} until all events of the person are accepted; the same command sends on")
        )
        lines += [("", _broken_off(run)) for run in delivered.broken_off]
    if failed := failed_words(tally.statuses):
        lines.append(("failed", failed))
    if tally.paused_seconds >= 1:
        lines.append(("", _paused_words(tally.paused_seconds, tally.statuses)))
    if delivered.proxy is not None:
        lines.append(("proxy", escape(delivered.proxy)))
    if rejects is not None:
        lines.append(("rejects", escape(rejects)))
    speak(lines, speaker, result=True)


def _paused_words(seconds: float, statuses: Mapping[str, int]) -> str:
    """Return the length of the pauses, and a rate limit as cause."""
    if statuses.get("429"):
        return f"rate-limited for {duration_words(seconds)} (HTTP 429)"
    return f"paused for {duration_words(seconds)}"


_NOTHING_LEFT: Final = "This was a rehearsal, and nothing left this machine."
REHEARSED: Final = (
    f"Done: every event is accounted for. {_NOTHING_LEFT} "
    "Next: the same command with a write key instead of --rehearse"
)


def closing(
    plan: Plan,
    delivered: "Delivered",
    rejects: str | None,
    command: str,
    refused_in: str = "",
    *,
    rehearsal: bool = False,
) -> str:
    """Return the last line of a completed delivery: result and next step.

    Args:
        plan: What was planned.
        delivered: What it came to.
        rejects: The folder of rejected rows.
        command: The command that takes them once they are fixed.
        refused_in: Where refused messages are; by default in the folder too.
        rehearsal: Whether a sandbox took the messages.
    """
    look = (
        _NOTHING_LEFT
        if rehearsal
        else "Look at the source's delivery overview in Segment: accepted is not yet delivered."
    )
    refused, rejected = delivered.events.refused, plan.account.rows.rejected
    if refused:
        many = counted(refused, "message was", "messages were")
        where = refused_in or rejects
        if not where:
            again = f"the same command sends {_them(refused)} once more; give it a folder: --rejects DIR"
            return f"Done, but {many} refused, and no file took {_them(refused)}: {again}. {look}"
        return f"Done, but {many} refused; fix {_them(refused)} in {where}, then replay that file. {look}"
    if rejected:
        fix = f"fix {_them(rejected)} in {rejects}, then {command} those files"
        if plan.settings.mapping.keep_equal_rows:
            fix = fix_in_export(rejected)
        return f"Done, but {counted(rejected, 'row was', 'rows were')} rejected; {fix}. {look}"
    return f"Done: every event is accounted for. {look}"


def fix_in_export(rejected: int) -> str:
    """Return how rejected rows are mended where equal rows are numbered.

    The rejects folder lacks the rows beside them, so a file of it would get other numbers.
    """
    return (
        f"fix {_them(rejected)} in the export itself, because --keep-equal-rows counts its equal rows. "
        "Then run the same command again: what was sent is not sent twice"
    )


def list_closing(plan: Plan, delivered: "Delivered", kept_in: str | None, command: str) -> str:
    """Return the last line of a list's delivery that left rows out."""
    left_out = plan.account.rows.rejected + delivered.events.refused
    rows = counted(left_out, "row was", "rows were")
    fix = f"fix {_them(left_out)} in the list, and the same command sends {_them(left_out)}"
    if command == "sync":
        fix = f"the next sync tries {_them(left_out)} again; fix {_them(left_out)} in the list"
    return f"Done, but {rows} rejected or refused{f', see {kept_in}' if kept_in else ''}: {fix}."


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def nothing_to_send(plan: Plan, rejects: str | None) -> str:
    """Return the last line of a run with nothing to send."""
    known = plan.count(Disposition.ALREADY_ACCEPTED)
    every = "the one event is" if known == 1 else f"all {known:,} events are"
    why = f"{every} already accepted" if known else _no_event_left(plan)
    return f"Nothing to send: {why}{_kept_rows(plan, rejects)}."


def dry_run_closing(plan: Plan, out: str | None, rejects: str | None, command: str) -> str:
    """Return the last line of a dry run."""
    if not plan.account.events.built:
        return f"Dry run: {_no_event_left(plan)}. Next: check the filters"
    written = f"; the messages are in {out}" if out else ""
    sent = f"{counted(plan.to_send, 'event')} would be sent{written}{_kept_rows(plan, rejects)}"
    return f"Dry run: {sent}. Next: send-test, then {command}"


def _kept_rows(plan: Plan, rejects: str | None) -> str:
    rejected = plan.account.rows.rejected
    return f"; {counted(rejected, 'rejected row is', 'rejected rows are')} in {rejects}" if rejected else ""


def refused_lines(rejects: Rejects) -> Iterator[tuple[str, str]]:
    """Yield label and text for what the rejects folder did not take."""
    for trouble in rejects.refused_messages.troubles:
        yield "refused", trouble_words(trouble)
    for path in rejects.kept_elsewhere():
        yield "refused", f"messages that the rejects folder did not take are in {escape(path)}"
    lost = rejects.refused_messages.not_kept
    if lost:
        messages = counted(lost, "refused message is", "refused messages are")
        yield "refused", f"{messages} in no file; the same command sends what was refused once more"
