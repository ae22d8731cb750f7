"""The command `infl-seg validate`: read everything, send nothing, report problems."""

import sys
from contextlib import closing

from inflection_cli.cli.options import Files, with_groups
from inflection_cli.settings.declarations import InputOptions, ProjectOptions, ReportingOptions, WorkOptions


@with_groups
def validate(
    files: Files,
    reading: InputOptions,
    work: WorkOptions,
    project: ProjectOptions,
    output: ReportingOptions,
) -> int:
    """Read everything and send nothing; report each problem, its location and fix."""
    from inflection_cli.cli.opening import open_rows
    from inflection_cli.cli.option_values import budget
    from inflection_cli.cli.session import session
    from inflection_cli.cli.usage_errors import backfill_after
    from inflection_cli.reporting import plan_text
    from inflection_cli.reporting.json_report import dumps
    from inflection_cli.reporting.outlet import print_machine
    from inflection_cli.reporting.plan_text import settings_lines

    budget(reading.max_errors)  # it decides nothing here, and a bad one is not to be found later
    with session("validate", output, files, project) as at_work:
        at_work.opened = open_rows(files, reading, project=at_work.project, work=work, judges_only=True)
        with closing(at_work.opened) as opened, at_work.reading(at_work.plan) as progress:
            plan = opened.planner.run(progress=progress)
        problems = plan.account.problems
        exit_code = 1 if problems.errors else 0
        at_work.write_reports(exit_code)
        if output.json:
            print_machine(dumps({**at_work.report(), "exit_code": exit_code}))
            return exit_code
        plan_text.speak(settings_lines(at_work.settings_said()), at_work.speaker, result=True)
        plan_text.speak(plan_text.input_lines(plan), at_work.speaker, result=True)
        at_work.say_problems(result=True)
        style = "yellow" if exit_code or not plan.account.events.built else "green"
        at_work.speaker.result(plan_text.verdict(problems, plan, backfill_after(sys.argv)), style)
    return exit_code
