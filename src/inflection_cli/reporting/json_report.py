"""The JSON object of `--json`; scripts depend on its keys."""

import json
import re
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

import orjson

from inflection_cli.backfilling.ledger_lookup import file_kinds
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.run_state import (
    RunState,
    delivered_figures,
    estimate_figures,
    identity_figures,
    refused_figures,
    time_range,
)
from inflection_cli.converting.converter import LeftOut
from inflection_cli.converting.input_file import InputFile
from inflection_cli.errors import InflSegError, SettingsFileFaults
from inflection_cli.model import Disposition, Problem
from inflection_cli.reporting.call_lines import met_types, own_profile
from inflection_cli.reporting.masking import open_value
from inflection_cli.reporting.shown_hints import fitted, hint_of
from inflection_cli.sanitize import mask_cell
from inflection_cli.text_faults import UNSEEN
from inflection_cli.version import __version__

PROBLEMS_SHOWN = 100

# What is below DEL JSON spells out anyway, and the line ends of the indented text are to stay.
_HARMFUL: Final = re.compile(f"(?![\\x00-\\x1f])[{UNSEEN}]")


def dumps(report: dict[str, Any]) -> str:
    """Convert a report to indented JSON text."""
    try:
        text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # A path whose bytes are not UTF-8 has surrogates, which only the standard library spells.
        text = json.dumps(report, indent=2)
    # A terminal may be steered, and the runner of GitHub reads commands out of what is printed; JSON may spell
    # every character another way.
    return _HARMFUL.sub(lambda match: json.dumps(match[0])[1:-1], text).replace("##[", "##\\u005b")


def empty_report(command: str) -> dict[str, Any]:
    """Return the keys that every report begins with."""
    return {"command": command, "version": __version__, "complete": False}


def plan_report(command: str, plan: Plan, *, show_values: bool) -> dict[str, Any]:
    """Return the plan's report, after pass 1 or during it."""
    account = plan.account
    return {
        **empty_report(command),
        "complete": plan.complete,
        "files": [_file(source, plan) for source in plan.inputs],
        "rows": asdict(account.rows),
        "events": {
            "built": account.events.built,
            "duplicate": plan.count(Disposition.DUPLICATE),
            "filtered": account.events.filtered,
        },
        "filtered_by": dict(account.filtered_by),
        "left_out": [_left_out(each, account.left_out, show_values=show_values) for each in account.left_out],
        "by_event": dict(account.by_event),
        "by_type": dict(account.by_type),
        "time_range": time_range(account),
        "people": plan.people,
        "identities": identity_figures(plan),
        "problem_counts": dict(account.problems.counts),
        "problems": [
            problem_object(problem, show_values=show_values)
            for problem in account.problems.first(PROBLEMS_SHOWN)
        ],
    }


def _left_out(cell: LeftOut, every: Counter[LeftOut], *, show_values: bool) -> dict[str, Any]:
    """Return the cell by which rows are no event of the profile."""
    value = cell.value
    if value and not show_values and open_value(cell, every) is None:
        value = mask_cell(value, in_full=False)
    return {"column": cell.column, "value": value, "rows": every[cell]}


def problem_object(problem: Problem, *, show_values: bool = False) -> dict[str, Any]:
    """Return a problem as a JSON object, its cell masked by default."""
    report: dict[str, Any] = {
        "code": problem.rule.code,
        "severity": problem.rule.severity.value,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": hint_of(problem),
        "count": problem.count,
    }
    if problem.value is not None:
        report["value"] = problem.value if show_values else mask_cell(problem.value, in_full=False)
    return report


def run_report(state: RunState) -> dict[str, Any]:
    """Return what a backfill or replay adds to the plan's report."""
    report: dict[str, Any] = {"run_id": state.run_id, "rejects": state.rejects, "out": state.out}
    if state.estimate is not None:
        report["estimate"] = estimate_figures(state.estimate)
        if state.bound_otherwise is not None:
            report["bound_otherwise"] = state.bound_otherwise
        report |= {
            "text_before": [
                {"run_id": each.run_id, "names": list(each.names), "certain": each.certain}
                for each in state.text_before
            ],
            "events": asdict(state.events),
        }
    return {**report, **refused_figures(state.options.rejects), **delivered_figures(state)}


def error_object(error: InflSegError) -> dict[str, Any]:
    """Return the error that ended a run, with any file faults."""
    told = {"code": error.code, "message": error.message, "hint": fitted(error.hint)}
    if error.cause:
        told["cause"] = error.cause
    if isinstance(error, SettingsFileFaults):
        faults = [{"line": line, "message": words} for line, words in error.faults]
        return {**told, "file": error.file, "faults": faults}
    return told


def _file(source: InputFile, plan: Plan) -> dict[str, Any]:
    found, own = source.source, own_profile(source)
    return {
        "path": found.path,
        "format": found.format,
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "compression": found.compression,
        "rows": plan.account.rows_by_file.get(found.path, 0),
        "types": met_types(source, plan),
        "profile": None if own is None else {"path": own.path, "sha256": own.digest},
        "columns": source.columns.by_column(),
        "fields": source.columns.by_field(),
        "properties": {
            origin: name for name, origins in source.columns.by_property().items() for origin in origins
        },
        "property_types": file_kinds(source, plan),
        "not_used": {name: [*could] for name, could in source.columns.not_used.items()},
        "left_out": [note.field for note in source.columns.notes],
        "in_part": [*source.layout.in_part],
        "emptied": dict(plan.account.emptied.get(found.path, {})),
    }
