"""The command line: its commands, and the exit code of every ending."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from copy import copy
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from inflection_cli.cli.backfill_command import backfill
from inflection_cli.cli.check_profile_command import check_profile
from inflection_cli.cli.command_class import Commands
from inflection_cli.cli.diff_command import diff
from inflection_cli.cli.doctor_command import doctor
from inflection_cli.cli.init_command import init
from inflection_cli.cli.inspect_command import inspect
from inflection_cli.cli.presets_command import presets
from inflection_cli.cli.reference_commands import explain, schema
from inflection_cli.cli.replay_command import replay
from inflection_cli.cli.runs_command import runs
from inflection_cli.cli.sandbox_command import sandbox
from inflection_cli.cli.send_test_command import send_test
from inflection_cli.cli.sync_command import sync
from inflection_cli.cli.usage_errors import redacted_error, usage_error
from inflection_cli.cli.validate_command import validate
from inflection_cli.errors import InflSegError, OutputLost, ReaderLeft
from inflection_cli.reporting.outlet import outlets
from inflection_cli.reporting.shown_hints import set_running
from inflection_cli.version import __version__

EXIT_CODES = """\
Exit codes: 0 done; 1 done, but rows were rejected or messages refused, or validate, doctor or check-profile found
errors; 2 usage, or a confirmation is missing; 3 delivery incomplete, run the same command again; 4 an input cannot
be read or mapped, or an output cannot be written; 5 the destination refused; 6 the ledger is locked, damaged or
cannot be written, or the temporary folder is full; 7 a decision is needed; 8 over the error budget, people that
cannot be right, or a list that shrank: nothing was sent; 70 an internal error; 129, 130, 143 interrupted, resumable;
141 the reader of the output has ended."""

_MISUSE: Final[type[Exception]] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""What Typer raises for a command that cannot be parsed: of the package click, or of its own."""

app = Commands(
    name="infl-seg",
    help="Bring the history of email campaigns from Inflection.io into Twilio Segment.",
    epilog=EXIT_CODES,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"infl-seg {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Import the history of Inflection.io email campaigns into Twilio Segment."""


app.command("init")(init)
app.command("inspect")(inspect)
app.command("validate")(validate)
app.command("backfill")(backfill)
app.command("send-test")(send_test)
app.command("replay")(replay)
app.command("diff")(diff)
app.command("sync")(sync)
app.command("doctor")(doctor)
app.add_typer(runs, name="runs")
app.add_typer(presets, name="presets")
app.command("explain")(explain)
app.command("schema")(schema)
app.command("check-profile")(check_profile)
app.command("sandbox")(sandbox)


_CTRL_C = 130
_WITHOUT_COMMAND: Final = frozenset({"--version", "-V", "--help", "-h", "--help-all"})
"""Options of the program itself."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line; never raise an exception.

    Returns:
        The exit code.
    """
    set_running()
    with outlets():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        parser = _parser(arguments[0] if arguments else "")
        code = _exit_code(parser(args=list(arguments), prog_name="infl-seg", standalone_mode=False))
        # Typer makes a Ctrl-C that reaches it an exit code without a word; ours come as exceptions, with theirs.
        return _report(_interrupted(), arguments) if code == _CTRL_C else code
    except typer.Exit as leave:
        return leave.exit_code
    except _MISUSE as error:
        return _misused(error, arguments)
    except InflSegError as error:
        return _report(error, arguments)
    except (typer.Abort, KeyboardInterrupt):
        return _report(_interrupted(), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        return _report(_defect(error), arguments)


@cache
def _parser(first: str = "") -> Any:
    """Build the parser of the command that the first word names.

    Any other word gets that of all commands, whose options take a tenth of a short run to build. So does
    `init`, which runs other commands by the same parser. An option of no command needs only the commands' names.
    """
    one = copy(app)
    if first in _WITHOUT_COMMAND:
        one.registered_commands = [_outline(each) for each in app.registered_commands]
    elif first != "init":
        named = [each for each in app.registered_commands if each.name == first]
        groups = [each for each in app.registered_groups if each.name == first]
        if named or groups:
            one.registered_commands, one.registered_groups = named, groups
    return get_command(one)


def _outline(command: Any) -> Any:
    """Return a command with its name and help, and without options."""
    outline = copy(command)
    outline.help = command.callback.__doc__
    outline.callback = lambda: None
    return outline


def _exit_code(returned: Any) -> int:
    return returned if isinstance(returned, int) else 0


def _misused(error: Any, arguments: Sequence[str]) -> int:
    """Report a usage error with a suggested value."""
    return _report(usage_error(error), arguments)


def _interrupted() -> InflSegError:
    from inflection_cli.errors import Interrupted

    return Interrupted("interrupted; nothing was in flight", signum=2, hint="run the same command again")


def _defect(error: Exception) -> InflSegError:
    """Return the error for an internal defect, with location but no data."""
    if os.environ.get("INFL_SEG_DEBUG"):
        raise error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return InflSegError(
        f"internal error (bug): {type(error).__name__}{place}",
        hint="please report it to the maintainers, with the command. "
        "INFL_SEG_DEBUG=1 shows the traceback, which may contain data",
    )


def _report(error: InflSegError, arguments: Sequence[str]) -> int:
    """Report the error that ended the run, as text or JSON."""
    from inflection_cli.reporting.console import Speaker

    speaker = Speaker(color="never" if "--no-color" in arguments else "auto")
    if "--json" in arguments:
        from inflection_cli.reporting.json_report import dumps, empty_report, error_object
        from inflection_cli.reporting.outlet import print_machine

        command = next((word for word in arguments if not word.startswith("-")), "")
        with redacted_error(error, sys.argv):
            told = error_object(error)
        report = {**empty_report(command), "error": told, "exit_code": error.exit_code}
        try:
            print_machine(dumps({**report, **getattr(error, "report", {})}))
        except OutputLost as lost:
            speaker.lost(lost)
    if not isinstance(error, ReaderLeft):  # a pipe that is closed early is no fault of anybody's
        # Who sits before a terminal has typed it, and may want to type it again; a pipe ends in a log.
        with nullcontext() if sys.stderr and sys.stderr.isatty() else redacted_error(error, sys.argv):
            speaker.error(error)
    return error.exit_code
