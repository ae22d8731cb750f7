"""Shared code of validate, backfill and replay: pass 1 and its reports."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.plan import Plan, Planner, RejectSink
from inflection_cli.cli.option_values import convert_settings, read_options
from inflection_cli.cli.project_file import Project, find_project, reporting, settle
from inflection_cli.cli.saved_options import recorded
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.errors import InflSegError, Interrupted, OutputLost
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.findings import Findings
from inflection_cli.reporting.json_report import empty_report, plan_report
from inflection_cli.reporting.progress import reading_progress
from inflection_cli.reporting.reports import Reports, parse_reports
from inflection_cli.reporting.sanitize import escape
from inflection_cli.reporting.used_settings import SettingsSaid, settings_lines, settings_object

if TYPE_CHECKING:
    from inflection_cli.converting.converter import Converted
    from inflection_cli.mapping.profile.profile_nouns import Profile
    from inflection_cli.settings.declarations import (
        InputOptions,
        MessageOptions,
        ProjectOptions,
        ReportingOptions,
    )


@dataclass(slots=True)
class Session:
    """A running command: its plan so far and its output.

    Attributes:
        command: Its name.
        output: How the user wants to be spoken to.
        speaker: The two streams.
        planner: Makes the plan; None before the files were opened.
        known: Further members of the JSON report.
        reports: The reports of what is wrong that were asked for.
        arguments: The options that the ledger keeps, for `runs verify` to convert the files again.
        draft: Takes the events of each chunk while they are planned.
        project: The project file that was found.
        profile: How the files are mapped, where the user has a profile.
        took: What the project file had a say in, by option.
    """

    command: str
    output: "ReportingOptions"
    speaker: Speaker
    planner: Planner | None
    known: dict[str, Any]
    reports: Reports
    arguments: dict[str, Any] = field(default_factory=dict)
    draft: "Callable[[Converted], None]" = lambda _: None
    project: Project | None = None
    profile: "Profile | None" = None
    took: dict[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The plan as far as it is complete."""
        assert self.planner is not None
        return self.planner.plan

    def report(self) -> dict[str, Any]:
        """Return the JSON report of all results so far."""
        known = (
            plan_report(self.command, self.plan, show_values=self.output.show_values) if self.planner else {}
        )
        return {**known, **settings_object(self.settings_said()), **self.known}

    def settings_said(self) -> SettingsSaid:
        """Return which settings files affected the run, and in which options."""
        profile = None if self.profile is None else (self.profile.path, self.profile.digest)
        return SettingsSaid(profile, None if self.project is None else (self.project.path, self.took))

    def open(
        self,
        files: list[str],
        reading: "InputOptions",
        message: "MessageOptions | None" = None,
        rejects: RejectSink | None = None,
    ) -> None:
        """Open the files, detect their formats, and map their columns."""
        settled = settle(self.project, reading, message, os.environ)
        self.took |= settled.took
        self.profile = settled.profile
        options = read_options(settled.reading, settled.profile)
        settings = convert_settings(settled.reading, settled.message, settled.profile)
        self.arguments = recorded(settled.reading, settled.message, settings.now, settled.profile)
        inputs = open_inputs(files, options, settings)
        chunks = partial(convertible_chunks, inputs, options, settings, limit=reading.limit)
        judges_only = self.command == "validate"
        self.planner = Planner(inputs, settings, chunks, rejects=rejects, judges_only=judges_only)
        self.plan.limit = reading.limit

    def make_plan(self, known: Any = (), run_words: Callable[[int], str] | None = None) -> Plan:
        """Run pass 1 with progress on stderr."""
        assert self.planner is not None
        self.reports.keep_off([source.source.location for source in self.plan.inputs])
        with reading_progress(self.speaker) as progress:
            return self.planner.run(known, progress, run_words, self.draft)

    def say_problems(self, rest: str = "", *, result: bool = False) -> None:
        """Print the first five problems of each code, and count the rest."""
        problems = self.plan.account.problems
        lines = plan_text.problem_lines(
            problems.by_code(), problems.counts, show_values=self.output.show_values, rest=rest
        )
        say = self.speaker.result if result else self.speaker.talk
        for style, line in lines:
            say(line, style)

    def write_reports(self, exit_code: int, error: InflSegError | None = None) -> None:
        """Write the requested reports once, at the command's end or error.

        Raises:
            InputError: One cannot be written.
        """
        plan = self.planner.plan if self.planner else None
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
                notes=[f"{label}: {said}" for label, said in settings_lines(self.settings_said())],
            )
        )


@contextmanager
def session(
    command: str, output: "ReportingOptions", files: Sequence[str], project: "ProjectOptions"
) -> Iterator[Session]:
    """Open a session on files; add the report so far to errors."""
    found, fault = _project(project)
    output, took = reporting(found, output)
    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.color.value)
    wanted = parse_reports(output.report, json=output.json)
    with Reports(wanted, os.environ, private=output.show_values) as reports:
        reports.keep_off(files)
        if reports.printed:
            speaker.out = speaker.err
        at_work = Session(command, output, speaker, None, {}, reports, project=found, took=took)
        try:
            if fault is not None:
                raise fault
            speaker.detail(f"project file: {escape(found.path) if found else 'none'}")
            with interruptible():
                yield at_work
        except InflSegError as error:
            error.report = {**at_work.report(), **error.report}
            _report_end(at_work, error)
            raise
        finally:
            if at_work.planner is not None:
                at_work.plan.identities.close()


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


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` on a stop signal; restore the handlers afterwards."""
    before = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    name = signal.Signals(number).name
    raise Interrupted(
        f"interrupted by {name}; nothing was in flight", signum=number, hint="the same command starts again"
    )
