"""Export of a run's message ids, or of statements that delete them."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from inflection_cli.catalog import EVENTS
from inflection_cli.errors import UsageError
from inflection_cli.history.run_history import RunStatus
from inflection_cli.model import BatchState
from inflection_cli.segment.ids import Binder, uuid_text
from inflection_cli.settings.declarations import IdFormat

TABLES: Final = (
    *(kind.name.lower().replace(" ", "_") for kind in EVENTS),
    *("tracks", "identifies", "pages", "groups"),
)
"""Tables of Segment's warehouses: one for each event name, one for each type of call."""

MAY_BE_IN: Final = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT)
"""Batches whose events the destination may have."""

_IDS_A_STATEMENT: Final = 1000
_TABLE: Final = re.compile(
    r"([A-Za-z_]\w*(-\w+)*\.(?=\w+\.))?([A-Za-z_]\w*\.)?[A-Za-z_]\w*",
    re.ASCII,
)
"""A name with at most two dots. The first of three parts may be a project of BigQuery, which has hyphens."""


def export(entry: RunStatus, form: IdFormat, tables: Sequence[str] = ()) -> Iterator[str]:
    """Yield the export of a run as text, block by block.

    Args:
        entry: The run.
        form: `csv` and `ndjson` have one id a line with its state; `sql` deletes the ids from each table.
        tables: The tables; by default `TABLES`.

    Raises:
        UsageError: A table has no name that can stand in SQL unquoted.
        LedgerError: The ledger cannot be read.
    """
    for name in tables:
        if not _TABLE.fullmatch(name):
            raise UsageError(
                f"--table {name!r} is no name of a table",
                hint="a name of letters, digits and _, with its schema before a dot: --table prod.email_opened; only "
                "a project before the schema may have hyphens",
            )
    if form is IdFormat.CSV:
        yield "message_id,state\n"
    for state, ids in _ids(entry):
        match form:
            case IdFormat.CSV:
                yield "".join(f"{message_id},{state}\n" for message_id in ids)
            case IdFormat.NDJSON:
                yield "".join(f'{{"message_id":"{message_id}","state":"{state}"}}\n' for message_id in ids)
            case IdFormat.SQL:
                listed = ", ".join(f"'{message_id}'" for message_id in ids)
                for table in tables or TABLES:
                    yield f"DELETE FROM {table} WHERE id IN ({listed});\n"  # noqa: S608 - both were checked


def _ids(entry: RunStatus) -> Iterator[tuple[str, list[str]]]:
    """Yield state and message ids of a run in blocks."""
    bind = Binder(entry.ledger.namespace, entry.run.label or None).bind
    for batch in entry.ledger.known_batches(states=MAY_BE_IN, run_id=entry.run.run_id):
        state = "accepted" if batch.state is BatchState.ACCEPTED else "in_doubt"
        wire = [uuid_text(wire_id).decode() for wire_id in bind([known.content_id for known in batch])]
        for start in range(0, len(wire), _IDS_A_STATEMENT):
            yield state, wire[start : start + _IDS_A_STATEMENT]
