"""Files of any bytes through pass 1 and pass 2, without a command line; and what such files are made of."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from example_support import examples
from hypothesis import strategies as st

from inflection_cli.backfilling.dedup import LedgerEvents
from inflection_cli.backfilling.link_delivery import LinkPhase
from inflection_cli.backfilling.linking import Linking
from inflection_cli.backfilling.plan import Plan, Planner
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.second_pass import outgoing
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.converting.converter import ConvertSettings, Rejected
from inflection_cli.converting.in_order import Workers
from inflection_cli.converting.input_file import FileSettings
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import MapOptions
from inflection_cli.model import Problem
from inflection_cli.reading import ReadOptions
from inflection_cli.segment.message import MessageSettings

some = examples(15)
"""For properties over whole files, each example of which takes some milliseconds."""

NOW: Final = datetime(2024, 6, 1, tzinfo=UTC)
COLUMNS: Final = (
    "event",
    "userId",
    "personId",
    "email_id",
    "campaign_id",
    "email_subject",
    "email_link_url",
    "is_unique_open",
    "timestamp",
    "Colour",
)


def settings(columns: ColumnOptions | None = None, **changes: Any) -> ConvertSettings:
    """Settings as the command line makes them without options, but for a present that stands still."""
    mapping = MapOptions(columns=columns or ColumnOptions())
    made = ConvertSettings(mapping=mapping, message=MessageSettings("0.1.0"), now=NOW)
    return replace(made, **changes)


def mapped_by(**changes: Any) -> ConvertSettings:
    """Settings with other options for rows and events."""
    return settings(mapping=MapOptions(**changes))


@dataclass(frozen=True)
class Outcome:
    """What both passes over some files came to."""

    plan: Plan
    lines: list[bytes] = field(repr=False)
    told: list[Problem]
    warnings: list[Problem]
    rejected: list[Rejected]
    message_bytes: int
    rejects: dict[str, bytes] = field(repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What would be sent, in order."""
        return [json.loads(line) for line in self.lines]

    @property
    def ids(self) -> list[str]:
        """The content ids of what would be sent, in order."""
        return [message["messageId"] for message in self.messages]

    @property
    def codes(self) -> dict[str, int]:
        """How many problems there are of each code."""
        return dict(self.plan.account.problems.counts)

    @property
    def facts(self) -> tuple[Any, ...]:
        """Everything that must be the same however the files were read."""
        return (
            self.lines,
            self.told,
            self.warnings,
            [(rejected.line, list(rejected.cells), rejected.problems) for rejected in self.rejected],
            self.codes,
            self.plan.account.rows,
            self.plan.account.events,
            self.plan.account.by_event,
            self.plan.account.first,
            self.plan.account.last,
            self.plan.people,
            self.plan.tracked_users,
            self.message_bytes,
            self.rejects,
            self.plan.account.by_type,
            self.plan.account.trait_calls,
            self.plan.groups,
            self.plan.linking.counts,
            [
                {Path(path).name: found for path, found in by_file.items()}
                for by_file in (
                    self.plan.account.types_of,
                    self.plan.account.property_kinds,
                    self.plan.account.emptied,
                )
            ],
        )


class Here(Executor):
    """Does what it is given at once, in this process, as a pool would: ahead of what is asked for."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*args, **kwargs))
        return done


def shared(count: int) -> Workers:
    """Workers who read ahead as a pool of so many does, and get and give what can be pickled."""
    return Workers(Here, count, lambda _: False)


@contextmanager
def small_tasks(pieces: int = 2) -> Iterator[None]:
    """Hand few pieces over at once, so that a small file makes many tasks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inflection_cli.converting.in_order._PIECES_AT_ONCE", pieces)
        yield


def outcome(
    files: Mapping[str, bytes] | bytes,
    how: ConvertSettings | None = None,
    *,
    own: Mapping[str, ConvertSettings] = MappingProxyType({}),
    linking: Callable[[], Linking] = Linking,
    chunk_bytes: int = 1 << 16,
    limit: int | None = None,
    known: Iterable[LedgerEvents] = (),
    workers: Workers | None = None,
) -> Outcome:
    """Plan some files, by name, and make their messages.

    Args:
        files: Their bytes, by name.
        how: What shapes messages and ids.
        own: The same of single files, by name.
        linking: Makes what links people.
        chunk_bytes: About how many bytes are read at once.
        limit: How many rows are read.
        known: What the ledger knows.
        workers: Who reads and converts; by default nobody else.
    """
    named = {"export.csv": files} if isinstance(files, bytes) else files
    options, how = ReadOptions(chunk_bytes=chunk_bytes), how or settings()
    with tempfile.TemporaryDirectory(prefix="pipeline-tests-") as folder:
        paths = [str(Path(folder, name)) for name in named]
        for path, data in zip(paths, named.values(), strict=True):
            Path(path).write_bytes(data)
        single = {name: FileSettings(options, settings) for name, settings in own.items()}
        inputs = open_inputs(paths, options, how, lambda path: single.get(Path(path).name))
        chunks = partial(convertible_chunks, inputs, options, how, limit=limit, workers=workers)
        rejects = Rejects.at(str(Path(folder, "rejects")))
        plan = Planner(inputs, how, chunks, rejects=rejects, linking=linking()).run(known)
        rejects.close()
        alone = convertible_chunks(inputs, options, how, AS_CHUNKS, limit=limit)
        converted = [convert() for _, _, convert in alone]
        batches = chain(outgoing(plan, list), LinkPhase(plan, list).outgoing())
        lines = [line for batch in batches if batch for line in batch.wire]
        plan.linking.close()
        kept = {path.name: path.read_bytes() for path in sorted(Path(folder).glob("rejects/*"))}
        return Outcome(
            plan,
            lines,
            [_nameless(problem, folder) for problem in plan.account.problems.first(1_000)],
            [_nameless(problem, folder) for one in converted for problem in one.warnings],
            [_nameless_row(rejected, folder) for one in converted for rejected in one.rejected],
            plan.account.message_bytes,
            {name: data.replace(folder.encode(), b"") for name, data in kept.items()},
        )


def _nameless(problem: Problem, folder: str) -> Problem:
    message = problem.message.replace(folder, "")
    return replace(problem, file=(problem.file or "").replace(folder, ""), message=message)


def _nameless_row(rejected: Rejected, folder: str) -> Rejected:
    return replace(rejected, problems=tuple(_nameless(problem, folder) for problem in rejected.problems))


def csv_of(rows: Iterable[Sequence[str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A CSV file as Python's csv module writes it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def ndjson_of(rows: Iterable[Sequence[str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """The same rows as NDJSON, empty cells left out."""
    objects = ({name: cell for name, cell in zip(columns, row, strict=True) if cell} for row in rows)
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


EVENT_NAMES: Final = ("Email Opened", "Link Clicked", "opened", "EMAIL_DELIVERED", "Email Unique Opens")
TIMES: Final = ("2024-03-01T09:30:00Z", "2024-03-01 10:30:00.25 +0100", "1709285400", "2024-03-02T00:00:00Z")
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
SAFE_TEXT: Final = TEXT.filter(lambda text: not text.isspace())
LINKS: Final = st.sampled_from(["", "", "https://shop.example/a,b", "http://x.example/ü", "shop.example"])

GOOD_ROWS: Final = st.tuples(
    st.sampled_from(EVENT_NAMES),
    st.sampled_from(["u1", "u2", "007", "ACME/eu,west", "ünal"]),
    st.sampled_from(["", "p1", "p2", "19-digits-1234567890123456789"]),
    st.sampled_from(["e1", "e2"]),
    st.sampled_from(["c1", "c2"]),
    TEXT,
    LINKS,
    st.sampled_from(["", "true", "No", "1"]),
    st.sampled_from(TIMES),
    st.sampled_from(["", "red", "dark blue"]),
)
"""Rows of `COLUMNS` that go out, some with a warning."""

ANY_ROWS: Final = st.tuples(
    st.sampled_from([*EVENT_NAMES, "", "Sent", " Email Opened "]),
    st.sampled_from(["u1", "u2", "", " u1 ", "1.5E+18", "null"]),
    st.sampled_from(["", "p1", "p2", "0000"]),
    st.sampled_from(["e1", "", "1,5E+9"]),
    st.sampled_from(["c1", "c2", ""]),
    TEXT,
    LINKS,
    st.sampled_from(["", "true", "false", "maybe"]),
    st.sampled_from(
        [*TIMES, "", "soon", "2024-03-01 09:30:00", "2099-01-01T00:00:00Z", "1999-01-01T00:00:00Z"]
    ),
    st.sampled_from(["", "red", "ada@shop.example"]),
)
"""Rows of `COLUMNS` in any state."""

BROKEN_LINES: Final = st.sampled_from(
    [
        b'Email Opened,"a"b,,,,,,,,\n',
        b"too,few\n",
        b"a\rb,,,,,,,,,\n",
        b"\0,,,,,,,,,\n",
        b"\xff,,,,,,,,,\n",
        b"\n",
    ]
)
"""Lines that cannot be read, each by itself, and a blank one."""


@st.composite
def any_files(draw: st.DrawFn) -> bytes:
    """A CSV file of rows in any state, with lines between them that cannot be read."""
    parts = draw(st.lists(st.one_of(ANY_ROWS.map(_line), GOOD_ROWS.map(_line), BROKEN_LINES), max_size=12))
    whole = csv_of([]) + _line(draw(GOOD_ROWS)) + b"".join(parts)
    return whole + draw(st.sampled_from([b"", b"", b'Email Opened,"not closed\n,,\n']))


def _line(row: Sequence[str]) -> bytes:
    return csv_of([row]).split(b"\n", 1)[1]
