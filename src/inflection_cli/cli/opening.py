"""Open the files of validate, backfill and replay."""

import os
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from inflection_cli.backfilling.plan import Planner, RejectSink
from inflection_cli.backfilling.run_state import OpenedFiles
from inflection_cli.cli.option_values import convert_settings, linking_of, pairs, read_options
from inflection_cli.cli.project_file import Project, of_messages, own_settings, settle, shared
from inflection_cli.cli.saved_options import recorded
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.converting.job_count import default_jobs
from inflection_cli.errors import UsageError
from inflection_cli.reading.rejected_rows import RejectsFolder
from inflection_cli.settings.declarations import InputOptions, MessageOptions, WorkOptions

if TYPE_CHECKING:
    from inflection_cli.converting.dask_cluster import DaskCluster
    from inflection_cli.converting.worker_pool import WorkerPool


def open_rows(
    files: list[str],
    reading: InputOptions,
    message: MessageOptions | None = None,
    project: Project | None = None,
    *,
    work: WorkOptions | None = None,
    rejects: RejectSink | None = None,
    judges_only: bool = False,
) -> OpenedFiles:
    """Open files of rows, detect their formats, and map their columns.

    Args:
        files: Paths, globs, or `-`.
        reading: How they are read and mapped.
        message: What every message carries; None where none is made.
        project: The project file, for what the options leave open.
        work: Who reads and converts them.
        rejects: Takes the rows that are not sent.
        judges_only: Whether the plan is never to be carried out.

    Raises:
        InputError: A file cannot be read or mapped at all.
        UsageError: An option cannot be met.
    """
    settled = settle(project, reading, message, os.environ)
    options = read_options(settled.reading, settled.profile)
    settings = convert_settings(settled.reading, settled.message, settled.profile)
    arguments = recorded(settled.reading, settled.message, settings.now, settled.profile)
    own = own_settings(reading, message, project, options, settings)
    arguments |= {"profiles": dict(own.recorded)} if own.recorded else {}
    try:
        inputs = open_inputs(files, options, settings, own)
    finally:
        # A pattern with a typing error is told before what comes of it.
        own.require_files()
    linking = linking_of(settled.reading, settled.profile, settings.message, inputs, reading)
    pool, took = _pool(work or WorkOptions(), project, inputs, reading.limit)
    workers = None if pool is None else pool.workers
    chunks = partial(convertible_chunks, inputs, options, settings, limit=reading.limit, workers=workers)
    planner = Planner(inputs, settings, chunks, rejects=rejects, linking=linking, judges_only=judges_only)
    planner.plan.limit = reading.limit
    close = pool.close if pool else None
    return OpenedFiles(planner, arguments, settled.profile, {**settled.took, **took}, stop=close)


def _pool(
    given: WorkOptions, project: Project | None, inputs: list[InputFile], limit: int | None
) -> "tuple[WorkerPool | DaskCluster | None, dict[str, Any]]":
    """Return a run's workers, if any, and what the project file set.

    Raises:
        UsageError: Options contradict each other, or a cluster's address cannot be used.
        ClusterError: A cluster cannot be used.
    """
    if given.cluster is not None and given.jobs is not None:
        raise UsageError("--jobs and --cluster exclude each other", hint="leave one of the two out")
    if given.cluster is not None:
        return _cluster(given, given.cluster, limit), {}
    work, took = shared(project, given)
    count = default_jobs(each.source for each in inputs) if work.jobs is None else work.jobs
    # How many rows are left under a limit is known piece by piece.
    if count == 1 or limit is not None:
        return None, took
    from inflection_cli.converting.worker_pool import WorkerPool

    return WorkerPool(count), took


def _cluster(work: WorkOptions, address: str, limit: int | None) -> "DaskCluster":
    if limit is not None:
        raise UsageError(
            "--limit reads the first rows, which needs no cluster", hint="leave one of the two out"
        )
    from inflection_cli.converting.dask_cluster import DaskCluster

    return DaskCluster(address, insecure=work.cluster_insecure)


def open_prebuilt(
    files: list[str],
    reading: InputOptions,
    message: MessageOptions,
    project: Project | None = None,
    *,
    rejects: RejectsFolder | None = None,
) -> OpenedFiles:
    """Open files of prebuilt messages; see `open_rows`.

    Raises:
        InputError: A file cannot be read at all.
        UsageError: An option cannot be met.
    """
    from inflection_cli.replaying.replayer import ReadyRejects

    settled = settle(of_messages(project), reading, message, os.environ)
    reading, message = settled.reading, settled.message or message
    sink = None if rejects is None else ReadyRejects(rejects)
    planner = planner_of(files, reading, message, rejects=sink)
    planner.plan.limit = reading.limit
    arguments = recorded(reading, message, planner.plan.settings.now)
    return OpenedFiles(planner, arguments, settled.profile, settled.took)


def planner_of(
    files: list[str],
    chosen: InputOptions,
    message: MessageOptions,
    *,
    rejects: RejectSink | None = None,
    now: datetime | None = None,
    judges_people: bool = True,
) -> Planner:
    """Open files of prebuilt messages and return their planner.

    Args:
        files: Paths, globs, or `-`.
        chosen: Which messages are kept; what it says of columns does not matter.
        message: What is laid over the messages.
        rejects: Takes what is not sent.
        now: The run's one idea of the present; by default the present.
        judges_people: See `MapOptions`.

    Raises:
        InputError: A file cannot be read at all.
        UsageError: An option cannot be met.
    """
    from inflection_cli.replaying.replayer import ReplaySettings, open_messages, replayable_chunks
    from inflection_cli.segment.prebuilt_messages import ReadySettings

    # Other commands write a dot before a path within each record; here every path starts there.
    chosen = replace(chosen, records=(chosen.records or "").removeprefix(".") or None)
    convert = convert_settings(chosen, message)
    convert = replace(convert, mapping=replace(convert.mapping, judges_people=judges_people))
    if now is not None:
        convert = replace(convert, now=now)
    given = pairs("--integration", message.integration, "All=false")
    integrations = convert.message.integrations.items()
    said = {name: on for name, on in integrations if name in given}
    unsaid = {name: on for name, on in integrations if name not in given}
    settings = ReplaySettings(
        convert, ReadySettings(said, unsaid, convert.message.context, convert.message.snake_traits)
    )
    inputs = open_messages(files, read_options(chosen))
    chunks = partial(replayable_chunks, inputs, settings, limit=chosen.limit, records=chosen.records)
    return Planner(inputs, convert, chunks, rejects=rejects)
