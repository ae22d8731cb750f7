"""HTML report of a run: one file with tables and pictures."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from inflection_cli.backfilling.account import EventCounts, RowCounts
from inflection_cli.backfilling.event_figures import OTHERS, EventFigures, sum_of
from inflection_cli.model import Problem, Severity
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.findings import Findings, ended_by
from inflection_cli.reporting.html_charts import by_hour, over_time, share_bar
from inflection_cli.reporting.html_markup import Content, Markup, element, join, table
from inflection_cli.reporting.shown_hints import hint_of
from inflection_cli.sanitize import counted, escape, mask_cell

SHOWN_CAMPAIGNS: Final = 200
MOST_OF_NAME: Final = 120
SHOWN_FILES: Final = 500
SHOWN_EXAMPLES: Final = 5

_DELIVERED: Final = ("Email Delivered",)
_OPENS: Final = ("Email Opened",)
_UNIQUE_OPENS: Final = ("Email Unique Opens",)
_CLICKS: Final = ("Link Clicked",)
_UNIQUE_CLICKS: Final = ("Unique Link Click",)
_BOUNCES: Final = ("Email Bounced",)
_LEAVES: Final = ("Email Unsubscribed", "Email Reported as Spam")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Facts on a run that the HTML report names beside its findings.

    Attributes:
        typed: The command, without key and personal data.
        now: The run's one idea of the present, as text.
        profile: Path and digest of the profile; None without one.
        digests: Digest of each file's content, by path.
        limits: Limits by name: `events_per_second`, `requests_per_second`; 0 is no limit.
        figures: What the pictures show; None where no event was read.
        tracked_users: How many different ids events go out under.
    """

    typed: str
    now: str = ""
    profile: tuple[str, str] | None = None
    digests: Mapping[str, str] | None = None
    limits: Mapping[str, float] | None = None
    figures: EventFigures | None = None
    tracked_users: int = 0


def html_report(findings: Findings, facts: RunFacts) -> str:
    """Format a run as an HTML page."""
    sections = [
        _head(findings, facts),
        *_equations(findings.whole),
        *_pictures(facts.figures),
        *_campaigns(facts.figures),
        *_people(findings.whole, facts),
        *_problems(findings),
        *_delivery(findings.whole.get("delivery"), facts),
        *_origin(findings, facts),
    ]
    return page(f"infl-seg {findings.command}", sections)


def page(title: str, sections: Sequence[Content]) -> str:
    """Build the whole page, with a policy for its own script only."""
    folder = files("inflection_cli.reporting").joinpath("html")
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
    script = folder.joinpath("report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    )
    policy += "; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", element("main", *sections), element("script", Markup(script)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _section(title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content)


def _head(findings: Findings, facts: RunFacts) -> Markup:
    counts = findings.problems
    found = f"{counted(counts.errors, 'error')}, {counted(counts.warnings, 'warning')}"
    good = findings.error is None and not counts.errors
    end = found if findings.error is None else f"{ended_by(findings.error)}; {found}"
    return element(
        "header",
        element("h1", f"infl-seg {findings.command}"),
        element("p", end, class_=f"end {'good' if good else 'bad'}"),
        element(
            "p",
            "Times are UTC. The pictures count every event that was read, repeats included.",
            class_="soft",
        ),
        element("p", facts.typed, class_="soft"),
    )


def _equations(whole: Mapping[str, Any]) -> Iterator[Markup]:
    rows, events = whole.get("rows"), whole.get("events")
    if rows is None or events is None:
        return
    said = [f"rows: {plan_text.rows_equation(RowCounts(**rows))}"]
    if "accepted" in events:
        said.append(f"events: {plan_text.events_equation(EventCounts(**events))}")
    else:
        said.append(f"events: {events['built']:,} built, of them {events['duplicate']:,} duplicate")
    if not whole.get("complete"):
        said.append("The input was not read to its end, so these numbers are not complete.")
    yield _section("Every row and every event", *(element("p", line, class_="equation") for line in said))


def _pictures(figures: EventFigures | None) -> Iterator[Markup]:
    if figures is not None and figures.by_time:
        yield _section("Events over time", over_time(figures.by_time, figures.precision))
        yield _section("Hours and days of the week", by_hour(figures.by_hour))


def _campaigns(figures: EventFigures | None) -> Iterator[Markup]:
    if figures is None or not figures.by_campaign:
        return
    ordered = sorted(
        figures.by_campaign.items(), key=lambda item: (item[0] == OTHERS, -item[1].total(), item[0])
    )
    rest = Counter[str]()
    for _, counts in ordered[SHOWN_CAMPAIGNS:]:
        rest.update(counts)
    rows = [_campaign(name, figures, counts) for name, counts in ordered[:SHOWN_CAMPAIGNS]]
    if rest:
        rows.append(_campaign(f"({len(ordered) - SHOWN_CAMPAIGNS:,} more)", figures, rest))
    head = (
        "campaign",
        "name",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "left",
        "open rate",
        "click rate",
        "bounce rate",
    )
    words = (
        "Open and click rates are unique opens and clicks per delivered e-mail; without events of unique ones, all of"
        " them. The bounce rate is per e-mail delivered or bounced. Left: unsubscribed or reported as spam."
    )
    yield _section("Campaigns", table("Events by campaign", head, rows), element("p", words, class_="soft"))


def _campaign(name: str, figures: EventFigures, counts: Counter[str]) -> tuple[Content, ...]:
    delivered, bounced = sum_of(counts, _DELIVERED), sum_of(counts, _BOUNCES)
    opens, clicks = sum_of(counts, _OPENS), sum_of(counts, _CLICKS)
    return (
        escape(name, MOST_OF_NAME),
        escape(figures.campaign_names.get(name, ""), MOST_OF_NAME),
        delivered,
        opens,
        clicks,
        bounced,
        sum_of(counts, _LEAVES),
        _rate(sum_of(counts, _UNIQUE_OPENS) or opens, delivered),
        _rate(sum_of(counts, _UNIQUE_CLICKS) or clicks, delivered),
        _rate(bounced, delivered + bounced),
    )


def _rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "–"  # noqa: RUF001 - a dash for "no rate"


def _people(whole: Mapping[str, Any], facts: RunFacts) -> Iterator[Markup]:
    figures = facts.figures
    if figures is None or not figures.people:
        return
    rows = [
        ("known: with a user id only", figures.people["known"]),
        ("new: without a user id", figures.people["new"]),
        ("both ways: with a user id and a person id", figures.people["both"]),
    ]
    people = counted(whole.get("people", 0), "different person", "different people")
    words = f"{people}, under {counted(facts.tracked_users, 'id', 'different ids')}."
    yield _section(
        "People", element("p", words), table("Events by the ids of their person", ("person", "events"), rows)
    )


def _problems(findings: Findings) -> Iterator[Markup]:
    counts = findings.problems.counts
    kept = findings.problems.by_code()
    if not kept:
        none = "None." if findings.error is None else "None in the rows that were read."
        yield _section("Problems", element("p", none))
        return
    rows = [
        (
            code,
            "error" if kept[code][0].rule.severity is Severity.ERROR else "warning",
            counts[code],
            kept[code][0].rule.meaning,
        )
        for code in kept
    ]
    examples = [
        _example(problem, show_values=findings.show_values)
        for problems in kept.values()
        for problem in problems[:SHOWN_EXAMPLES]
    ]
    head = ("code", "place", "column", "what", "cell", "fix")
    yield _section(
        "Problems",
        table("Problems by code", ("code", "severity", "count", "meaning"), rows),
        table(f"The first {SHOWN_EXAMPLES} of each code", head, examples, sortable=False),
    )


def _example(problem: Problem, *, show_values: bool) -> tuple[Content, ...]:
    place = "" if problem.file is None else problem.file
    value = "" if problem.value is None else mask_cell(problem.value, in_full=show_values)
    return (
        problem.rule.code,
        place if problem.line is None else f"{place}, line {problem.line:,}",
        problem.column or "",
        problem.message,
        value,
        hint_of(problem),
    )


def _delivery(figures: Mapping[str, Any] | None, facts: RunFacts) -> Iterator[Markup]:
    if figures is None:
        return
    limits = facts.limits or {}
    parts: list[Content] = []
    for name, words in (
        ("events_per_second", "events a second"),
        ("requests_per_second", "requests a second"),
    ):
        limit, rate = limits.get(name, 0), figures[name]
        if limit:
            said = f"{rate:,.1f} {words} of at most {limit:,.0f}"
            parts += [element("p", said), share_bar(said, rate / limit)]
        else:
            parts.append(element("p", f"{rate:,.1f} {words}, without a limit"))
    rows: list[tuple[Content, ...]] = [
        ("endpoint", figures["endpoint"]),
        ("requests", f"{figures['requests']:,}"),
        ("retries", f"{figures['retries']:,}"),
        ("paused", f"{figures['paused_seconds']:,.1f} s"),
        ("took", f"{figures['seconds']:,.1f} s"),
        ("bytes", f"{figures['bytes']:,}, as sent {figures['wire_bytes']:,}"),
        (
            "answers",
            ", ".join(f"{status} {count:,}" for status, count in sorted(figures["statuses"].items())),
        ),
    ]
    yield _section("Delivery", *parts, table("The delivery", ("what", "value"), rows, sortable=False))


def _origin(findings: Findings, facts: RunFacts) -> Iterator[Markup]:
    whole, digests = findings.whole, facts.digests or {}
    rows: list[tuple[Content, ...]] = [("version", str(whole["version"]))]
    rows += [("at", facts.now)] if facts.now else []
    rows.append(("run", str(whole.get("run_id") or "none")))
    rows.append(("profile", "none" if facts.profile is None else f"{facts.profile[0]}, {facts.profile[1]}"))
    rows += [("settings", note) for note in findings.notes]
    listed = whole.get("files", [])
    inputs = [(each["path"], each["rows"], digests.get(each["path"], "")) for each in listed[:SHOWN_FILES]]
    more = len(listed) - SHOWN_FILES
    yield _section(
        "Where this comes from",
        table("The run", ("what", "value"), rows, sortable=False),
        *([table("Files", ("file", "rows", "digest of its content (BLAKE2b)"), inputs)] if inputs else []),
        join([f"and {more:,} more files"] if more > 0 else []),
    )
