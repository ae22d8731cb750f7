"""HTML report of an inspection: what each file holds, column by column."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from inflection_cli.reporting.html_markup import Content, Markup, element, table
from inflection_cli.reporting.html_report import page
from inflection_cli.sanitize import escape

_MOST_ROWS: Final = 500
_MOST_FILES: Final = 20
_MOST_OF_NAME: Final = 80


def html_inspection(report: Mapping[str, Any], typed: str, digests: Mapping[str, str]) -> str:
    """Format an inspection as an HTML page.

    Args:
        report: What `--json` would print; its cells are masked already.
        typed: The command, without personal data.
        digests: Digest of each file's content, by path.
    """
    head = element(
        "header",
        element("h1", "infl-seg inspect"),
        element("p", f"{typed}, version {report['version']}", class_="soft"),
    )
    files = report["files"]
    sections = [head, *(_file(each, digests) for each in files[:_MOST_FILES])]
    if len(files) > _MOST_FILES:
        sections.append(element("p", f"and {len(files) - _MOST_FILES:,} more files, which --json describes"))
    return page("infl-seg inspect", sections)


def _file(found: Mapping[str, Any], digests: Mapping[str, str]) -> Markup:
    facts: list[tuple[Content, ...]] = [
        (name, str(found[name])) for name in ("format", "encoding", "delimiter", "compression") if found[name]
    ]
    if found["preset"]:
        facts += [("preset", f"{found['preset']['name']}: {found['preset']['title']}")]
    facts += [("rows", f"{found['rows']:,}"), ("unreadable", f"{found['unreadable']:,}")]
    sample = found["sample"]
    if sample:
        words = f"all counts are of the first {sample['rows']:,} rows, {sample['bytes']:,} bytes of the file"
        facts.append(("sample", words))
    facts += [
        ("bytes", f"{found['size_bytes']:,}"),
        ("digest of its content (BLAKE2b)", digests.get(found["path"], "")),
    ]
    name = escape(found["path"], _MOST_OF_NAME)
    head = ("column", "filled", "different", "holds", "becomes", "cells", "times")
    tables = [
        table(f"{name}: the file", ("what", "value"), facts, sortable=False),
        table(f"{name}: columns", head, map(_column, found["columns"][:_MOST_ROWS])),
        *_events(name, found["events"]),
        *_missing(name, found["missing"], found["refused"]),
    ]
    return element("section", element("h2", found["path"]), *tables)


def _column(column: Mapping[str, Any]) -> tuple[Content, ...]:
    becomes = column["field"] or (f"property {column['property']}" if column["property"] else "nothing")
    return (
        column["path"] or column["name"],
        f"{100 * column['share']:.0f}%",
        column["distinct"],
        column["content"],
        f"left out: {column['left_out']}" if column["left_out"] else becomes,
        ", ".join(column["samples"]),
        _span(column["times"]),
    )


def _span(times: Mapping[str, Any] | None) -> str:
    forms = [form for form in (times or {}).get("forms", []) if form["first"]]
    return "; ".join(f"{form['first']} to {form['last']} ({form['format']})" for form in forms)


def _events(file: str, events: Sequence[Mapping[str, Any]]) -> Iterator[Markup]:
    if events:
        rows = [(each["name"], each["count"], each["becomes"] or "nothing that is known") for each in events]
        yield table(f"{file}: events", ("in the file", "count", "becomes"), rows[:_MOST_ROWS])


def _missing(
    file: str, missing: Sequence[Mapping[str, Any]], refused: Mapping[str, Any] | None
) -> Iterator[Markup]:
    rows = [(each["about"], each["message"], each["option"] or each["profile"] or "") for each in missing]
    if refused:
        rows.append(("refused", refused["message"], refused["hint"]))
    if rows:
        yield table(f"{file}: what is missing", ("about", "what", "option"), rows, sortable=False)
