"""Shared code of validate, backfill and replay: output, reports, log."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.event_figures import EventFigures
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.run_state import OpenedFiles, RunState
from inflection_cli.cli.project_file import Project, find_project, reporting
from inflection_cli.cli.usage_errors import kept_command, redacted, redacted_error
from inflection_cli.errors import InflSegError, InputError, Interrupted, OutputLost, UsageError
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.findings import Findings
from inflection_cli.reporting.json_report import empty_report, plan_report, run_report
from inflection_cli.reporting.log_file import LogFile
from inflection_cli.reporting.masking import NOTE, cell_display
from inflection_cli.reporting.plan_text import SettingsSaid, settings_lines, settings_object
from inflection_cli.reporting.progress import reading_progress
from inflection_cli.reporting.reports import Reports, parse_reports
from inflection_cli.reporting.shown_hints import fitted
from inflection_cli.sanitize import escape
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from inflection_cli.reporting.html_report import RunFacts
    from inflection_cli.settings.declarations import ProjectOptions, ReportingOptions


@contextmanager
def logged(
    path: str | None, command: str, speaker: Speaker, outcome: Callable[[], dict[str, Any]]
) -> Iterator[None]:
    """Write a log of the command if one was asked for.

    Args:
        path: Where it is; None for no log.
        command: The command's name.
        speaker: Its talk is logged too.
        outcome: Returns exit code and counts, once the command has come to its end.

    Raises:
        UsageError: The file cannot be written.
    """
    if path is None:
        yield
        return
    log = speaker.log = LogFile(path, partial(redacted, argv=sys.argv))
    log.event("start", command=command, version=__version__, typed=kept_command(sys.argv))
    try:
        yield
    except Exception as error:
        log.event("end", **{**outcome(), **_fault(error)})
        raise
    else:
        log.event("end", **outcome())
    finally:
        speaker.log = None
        log.close()
        if log.trouble:
            speaker.warn(f"--log-file {path} took no more: {log.trouble}; the log is not complete")


def _fault(error: Exception) -> dict[str, Any]:
    if not isinstance(error, InflSegError):
        told = {"code": InflSegError.code, "message": type(error).__name__}
        return {"exit_code": InflSegError.exit_code, "error": told}
    told = {"code": error.code, "message": error.message, "hint": fitted(error.hint), "cause": error.cause}
    return {"exit_code": error.exit_code, "error": told}


@dataclass(slots=True, eq=False)
class Session:
    """A running command: output, settings files, and results so far.

    Attributes:
        command: Its name.
        output: How the user wants to be spoken to.
        speaker: The two streams.
        reports: The reports of what is wrong that were asked for.
        project: The project file that was found.
        took: What the project file had a say in beside the reading of files, by option.
        opened: The files, once they are open.
        run: What a backfill or replay has come to.
        exit_code: The exit code, once the command has come to its end.
    """

    command: str
    output: "ReportingOptions"
    speaker: Speaker
    reports: Reports
    project: Project | None
    took: dict[str, Any]
    opened: OpenedFiles | None = None
    run: RunState | None = None
    exit_code: int = 0

    @property
    def plan(self) -> Plan:
        """The plan as far as it is complete."""
        assert self.opened is not None
        return self.opened.planner.plan

    def report(self) -> dict[str, Any]:
        """Return the JSON report of all results so far."""
        planned = (
            plan_report(self.command, self.plan, show_values=self.output.show_values) if self.opened else {}
        )
        ran = run_report(self.run) if self.run else {}
        figures = self.opened.figures if self.opened else {}
        return {**planned, **figures, **settings_object(self.settings_said()), **ran}

    def outcome(self) -> dict[str, Any]:
        """Return exit code and counts for the log."""
        report = self.report()
        counts: dict[str, Any] = {name: report[name] for name in ("rows", "events") if name in report}
        return {"exit_code": self.exit_code, **counts}

    def settings_said(self) -> SettingsSaid:
        """Return which settings files affected the run, and in which options."""
        profile = self.opened.profile if self.opened else None
        took = {**self.took, **(self.opened.took if self.opened else {})}
        return SettingsSaid(
            None if profile is None else (profile.path, profile.digest),
            None if self.project is None else (self.project.path, took),
        )

    @contextmanager
    def reading(self, plan: Plan) -> Iterator[Callable[[Account], None]]:
        """Show the progress of pass 1 on stderr."""
        self.reports.keep_off([source.source.location for source in plan.inputs])
        if self.reports.has_pictures:
            plan.figures = EventFigures()
        size_bytes = sum(each.source.packed_bytes for each in plan.inputs) if plan.limit is None else 0
        with reading_progress(self.speaker, lambda: size_bytes) as progress:
            yield progress

    def say_problems(self, rest: str = "", *, result: bool = False) -> None:
        """Print the first five problems of each code, and count the rest."""
        problems = self.plan.account.problems
        cells = cell_display(
            self.speaker,
            in_full=self.output.show_values,
            result=result,
            inputs=self.plan.inputs,
            messages=self.command == "replay",
        )
        lines = plan_text.problem_lines(
            problems.by_value(), problems.counts, cell=cells.of_problem, rest=rest
        )
        say = self.speaker.result if result else self.speaker.talk
        for style, line in lines:
            say(line, style)
        if cells.any_masked:
            say(NOTE, "dim")

    def write_reports(self, exit_code: int, error: InflSegError | None = None) -> None:
        """Write the requested reports once, at the command's end or error.

        Raises:
            InputError: One cannot be written.
        """
        self.exit_code = exit_code
        plan = self.plan if self.opened else None
        account = plan.account if plan else Account()
        self.reports.write(
            Findings(
                command=self.command,
                files=[source.path for source in plan.inputs] if plan else [],
                problems=account.problems,
                rows=account.rows,
                whole={**empty_report(self.command), **self.report(), "exit_code": exit_code},
                error=error,
                show_values=self.output.show_values,
                root=self.reports.root,
                notes=[f"{label}: {said}" for label, said in self._notes() if label],
            ),
            self._facts,
        )

    def _notes(self) -> Iterator[tuple[str, str]]:
        yield from settings_lines(self.settings_said())
        yield from self.opened.lines if self.opened else ()

    def _facts(self) -> "RunFacts":
        """Return what only the HTML report names."""
        from inflection_cli.reporting.html_report import RunFacts

        typed = kept_command(sys.argv)
        if self.opened is None:
            return RunFacts(typed)
        plan, profile, run = self.plan, self.opened.profile, self.run
        digests: dict[str, str] = {}
        with suppress(InputError):  # a file that is gone by now has no digest
            digests = plan.fingerprints
        return RunFacts(
            typed,
            f"{plan.settings.now:%Y-%m-%d %H:%M:%S}",
            profile=None if profile is None else (profile.path, profile.digest),
            digests=digests,
            limits={
                "events_per_second": run.options.events_per_second if run else 0,
                "requests_per_second": run.options.requests_per_second if run else 0,
            },
            figures=plan.figures,
            tracked_users=plan.tracked_users,
        )


@contextmanager
def session(
    command: str,
    output: "ReportingOptions",
    files: Sequence[str],
    project: "ProjectOptions",
    *,
    out: str | None = None,
) -> Iterator[Session]:
    """Open a session on files; add the report so far to errors.

    Args:
        command: Its name.
        output: How the user wants to be spoken to.
        files: The input files as they were named.
        project: Whether the project file counts.
        out: Where messages are written; None for nowhere.

    Raises:
        UsageError: Two outputs would go to one file.
    """
    found, fault = _project(project)
    output, took = reporting(found, output)
    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
    wanted = parse_reports(output.report, json=output.json)
    _require_apart(
        [("--log-file", output.log_file), ("--out", out), *(("--report", each.path) for each in wanted)]
    )
    with Reports(wanted, os.environ, private=output.show_values) as reports:
        reports.keep_off(files)
        if reports.printed:
            speaker.out = speaker.err
        at_work = Session(command, output, speaker, reports, found, took)
        try:
            if fault is not None:
                raise fault
            with logged(output.log_file, command, speaker, at_work.outcome), interruptible():
                note_terminal_input(speaker, files)
                speaker.detail(f"project file: {escape(found.path) if found else 'none'}")
                yield at_work
        except InflSegError as error:
            error.report = {**at_work.report(), **error.report}
            with redacted_error(error, sys.argv):
                _report_end(at_work, error)
            raise


def _require_apart(outputs: Sequence[tuple[str, str | None]]) -> None:
    """Check that no file is written by two options; devices may be.

    Raises:
        UsageError: One would be.
    """
    seen: dict[str, str] = {}
    for option, path in outputs:
        real = os.path.realpath(path) if path else os.devnull
        if os.path.exists(real) and not os.path.isfile(real):  # noqa: PTH110, PTH113 - a path as it was typed
            continue
        if real in seen:
            raise UsageError(
                f"{seen[real]} and {option} would both write {path}",
                hint=f"give each a file of its own, for example {seen[real]} other-{Path(real).name}",
            )
        seen[real] = option


def note_terminal_input(speaker: Speaker, files: Sequence[str]) -> None:
    """Print how to end input that is typed on a terminal."""
    if "-" in files and sys.stdin is not None and sys.stdin.isatty():
        speaker.talk("Reading from this terminal. End the input with Ctrl-D, or name a file.")


def _project(options: "ProjectOptions") -> tuple[Project | None, InflSegError | None]:
    """Return the project file, or its error to be reported later."""
    try:
        return find_project(Path.cwd(), os.environ, off=options.no_project), None
    except InflSegError as error:
        return None, error


def _report_end(at_work: Session, error: InflSegError) -> None:
    """Write the reports of a run that an error ended."""
    try:
        at_work.write_reports(error.exit_code, error)
    except OutputLost as lost:
        at_work.speaker.lost(lost)
    except InflSegError as unwritten:
        at_work.speaker.error(unwritten)


SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interruptible() -> AbstractContextManager[None]:
    """Raise `Interrupted` on a stop signal; restore the handlers afterwards."""
    return on_signal(_interrupt)


@contextmanager
def on_signal(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call a handler on a stop signal; restore the handlers afterwards."""
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    name = signal.Signals(number).name
    raise Interrupted(
        f"interrupted by {name}; nothing was in flight", signum=number, hint="the same command starts again"
    )
