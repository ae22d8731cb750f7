"""Lists in tests: written as CSV or NDJSON, and what their events make of an earlier list."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

COLUMNS = ("plan", "seats")
SENT = ("--added", "Joined", "--changed", "Changed", "--removed", "Left")
MAPPED = ("--key", "id", "--map", "userId=id", "--property", "plan", "--property", "seats")
ANY_LOSS = ("--max-removed", "100%")

State = Mapping[str, Mapping[str, str]]
"""The rows of a list by key, each with its cells by column."""

cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=4)
states = st.dictionaries(
    st.from_regex(r"k[a-z0-9]{0,2}", fullmatch=True),
    st.fixed_dictionaries(dict.fromkeys(COLUMNS, cells)),
    max_size=6,
)


def as_csv(
    state: State, order: Sequence[str] | None = None, columns: Sequence[str] = ("id", *COLUMNS)
) -> str:
    """Write a list as CSV, its rows and columns in any order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for key in order or state:
        writer.writerow([key if name == "id" else state[key].get(name, "") for name in columns])
    return text.getvalue()


def after(state: State, messages: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Apply the events of a difference to a list."""
    rows = {key: {name: text for name, text in row.items() if text} for key, row in state.items()}
    order = ["Left", "Joined", "Changed"]
    met = []
    for message in messages:
        key, event, properties = message["userId"], message["event"], dict(message["properties"])
        met.append(order.index(event))
        changed = properties.pop("changed_fields", None)
        if event == "Left":
            assert rows.pop(key) == properties
            continue
        assert (key in rows) is (event == "Changed")
        if event == "Changed":
            before = {name: rows[key].get(name) for name in COLUMNS}
            assert changed == [name for name in COLUMNS if before[name] != properties.get(name)]
        rows[key] = properties
    assert met == sorted(met)
    return rows


def without_blanks(state: State) -> dict[str, dict[str, str]]:
    """A list as its events know it: an empty cell is absent."""
    return {key: {name: text for name, text in row.items() if text} for key, row in state.items()}


def ndjson(*rows: Mapping[str, Any]) -> str:
    """Write rows as NDJSON."""
    return "".join(json.dumps(row) + "\n" for row in rows)
