"""The verbs of the Python API: validate, backfill and replay.

They print nothing, ask nothing and never end the process; an error is raised with what is known of the run.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from inflection_cli.api.arguments import (
    BackfillArguments,
    Paths,
    ReadingArguments,
    ReplayArguments,
    checked,
    names_of_files,
    option_group,
)
from inflection_cli.api.results import Receipt, Report, receipt_of, report_of
from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.run import run
from inflection_cli.backfilling.run_state import OpenedFiles, RunCommand, RunOptions, RunState, Target
from inflection_cli.cli.opening import open_prebuilt, open_rows
from inflection_cli.cli.option_values import budget, seconds
from inflection_cli.cli.project_file import Project, find_project, slowed
from inflection_cli.cli.target import find_target, unusual_key, with_kept_answer
from inflection_cli.errors import InflSegError, UsageError
from inflection_cli.ledger.ledger_file import new_run_id
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.model import Message
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    InputOptions,
    MessageOptions,
    WorkOptions,
)

if TYPE_CHECKING:
    from inflection_cli.delivery.context import Observer, StopSignal


def validate(paths: Paths, **options: Unpack[ReadingArguments]) -> Report:
    """Read files of rows, send nothing, and report each problem.

    Args:
        paths: Paths, globs or folders, one or several.
        options: Named and meant as on the command line.

    Raises:
        InflSegError: A file cannot be read or mapped at all, or an option cannot be met.
    """
    given = checked("validate", options, ReadingArguments)
    reading = option_group(InputOptions, given)
    work, project = option_group(WorkOptions, given), _project(given)
    with closing(
        open_rows(names_of_files(paths), reading, project=project, work=work, judges_only=True)
    ) as opened:
        return report_of(opened.planner.run())


def backfill(paths: Paths, **options: Unpack[BackfillArguments]) -> Receipt:
    """Send files of rows to Segment and account for every row.

    Nothing is sent unless `write_key` is given, and not in a dry run.

    Args:
        paths: Paths, globs or folders, one or several.
        options: Named and meant as on the command line.

    Raises:
        InflSegError: The run could not begin, was refused or is not complete; `receipt` says how far it came.
    """
    given = checked("backfill", options, BackfillArguments)
    reading = option_group(InputOptions, given)
    message = option_group(MessageOptions, given)
    files, project = names_of_files(paths), _project(given)

    def opened(rejects: Rejects) -> OpenedFiles:
        return open_rows(
            files, reading, message, project, work=option_group(WorkOptions, given), rejects=rejects
        )

    return _sent("backfill", files, given, project, opened)


def replay(paths: Paths, **options: Unpack[ReplayArguments]) -> Receipt:
    """Send files of prebuilt messages to Segment; see `backfill`.

    Raises:
        InflSegError: The run could not begin, was refused or is not complete; `receipt` says how far it came.
    """
    given = checked("replay", options, ReplayArguments)
    reading = option_group(InputOptions, given)
    message = option_group(MessageOptions, given)
    files, project = names_of_files(paths), _project(given)

    def opened(rejects: Rejects) -> OpenedFiles:
        return open_prebuilt(files, reading, message, project, rejects=rejects.folder)

    return _sent("replay", files, given, project, opened)


class _Notes:
    """Reporter that prints nothing, asks nothing, and collects notes."""

    asks = False

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str, *, warns: bool = False) -> None:  # noqa: ARG002 - a protocol
        self.notes.append(text)

    def reading(self, _plan: Plan) -> AbstractContextManager[Callable[[Account], None]]:
        return nullcontext(lambda _: None)

    def planned(self, state: RunState) -> None:
        odd_key = None if state.target is None or state.options.rehearsal else unusual_key(state.target)
        self.notes += [*([odd_key] if odd_key else []), *(state.bound_otherwise or ())]

    def confirm(self, state: RunState) -> None:
        """Ignore the plan: who names a write key has agreed."""

    @contextmanager
    def delivering(
        self, _state: RunState, _halt: "StopSignal", keep: Callable[[Message, str], None]
    ) -> "Iterator[Observer]":
        from inflection_cli.delivery.context import NullObserver  # noqa: PLC0415 - a dry run imports no network
        from inflection_cli.sanitize import escape  # noqa: PLC0415

        class Keeper(NullObserver):
            def refused(self, message: Message, status: int, excerpt: str) -> None:
                keep(message, f"refused with HTTP {status}: {escape(excerpt)}")

        yield Keeper()

    def ended(self, state: RunState) -> None:
        """Ignore the end: it is returned."""


def _sent(
    command: RunCommand,
    files: list[str],
    given: Mapping[str, Any],
    project: Project | None,
    opened: Callable[[Rejects], OpenedFiles],
) -> Receipt:
    """Carry out a run; add its receipt to any error."""
    delivery, _ = slowed(project, option_group(DeliveryOptions, given))
    call = f"inflection_cli.{command}([{', '.join(map(repr, files))}], …"

    def again(*, max_errors: int | None = None) -> str:
        return f"{call})" if max_errors is None else f"{call}, max_errors={max_errors})"

    now = time.time()
    run_id = new_run_id(now)
    rejects = Rejects.at(os.fspath(given.get("rejects", f"./infl-seg-rejects-{run_id}")))
    options = RunOptions(
        command=command,
        files=partial(opened, rejects),
        destination=partial(_place, _destination(given, delivery), delivery),
        rejects=rejects,
        within_budget=budget(str(given.get("max_errors", 0))).allows,
        patience_s=seconds("--patience", delivery.patience),
        requests_per_second=delivery.request_rate,
        events_per_second=delivery.event_rate,
        now=now,
        run_id=run_id,
        typed=again(),
        again=again,
        out=delivery.out,
        label=delivery.again or "",
        resend_in_doubt=delivery.resend_in_doubt,
        new_destination=bool(given.get("new_destination")),
        dry_run=delivery.dry_run,
        rehearsal=delivery.rehearse,
    )
    rejects.folder.require_a_folder()
    state, reporter = RunState(options), _Notes()
    try:
        _off_the_loop(partial(run, state, reporter))
    except InflSegError as error:
        state.exit_code = error.exit_code
        error.receipt = receipt_of(state, tuple(reporter.notes))
        raise
    receipt = receipt_of(state, tuple(reporter.notes))
    assert receipt is not None
    return receipt


def _destination(given: Mapping[str, Any], delivery: DeliveryOptions) -> Target | None:
    """Return the destination that was named; no key is looked for elsewhere.

    Raises:
        UsageError: Arguments contradict each other, or none names a key where one is needed.
    """
    if delivery.dry_run and delivery.rehearse:
        raise UsageError("dry_run and rehearse exclude each other", hint="keep one of the two")
    if delivery.again is not None and not delivery.again.strip():
        raise UsageError("again needs a label", hint="again='repair-1', or leave it out")
    if delivery.rehearse:
        return None
    if "write_key" in given:
        return find_target(option_group(DestinationOptions, given), gzip=not delivery.no_gzip)
    if not delivery.dry_run:
        raise UsageError(
            "there is no write key",
            hint="write_key=…; without a Segment account: rehearse=True, or dry_run=True",
        )
    return None


@contextmanager
def _place(target: Target | None, delivery: DeliveryOptions) -> Iterator[tuple[Target, Path] | None]:
    """Yield destination and state directory, or a sandbox with a temporary ledger."""
    if delivery.rehearse:
        from inflection_cli.cli.rehearsal import rehearsal  # noqa: PLC0415 - a dry run imports no network

        with rehearsal(gzip=not delivery.no_gzip) as place:
            yield place
    elif target is None:
        yield None
    else:
        place_of_ledger = state_dir(Path(delivery.state_dir) if delivery.state_dir else None, os.environ)
        yield with_kept_answer(target, place_of_ledger), place_of_ledger


def _project(given: Mapping[str, Any]) -> Project | None:
    """Return the project file if the caller named a folder."""
    return find_project(Path(given["project"]), os.environ) if "project" in given else None


def _off_the_loop(work: Callable[[], object]) -> None:
    """Run work in another thread if this one has an event loop."""
    if not _has_a_loop():
        work()
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def _has_a_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:  # where nobody has imported it no loop runs, and a dry run need not import it
        return False
    with suppress(RuntimeError):
        return bool(asyncio.get_running_loop())
    return False
