"""The Python API: what it holds, and that its parts fit together."""

import json
import pickle
from datetime import UTC, datetime

import inflection_cli as api

HEADER = ("event", "userId", "email_id", "campaign_id", "timestamp")
ROWS = [
    ["opened", "u1", "e1", "c1", "2024-03-01T09:30:00Z"],
    ["opened", "", "e1", "c1", "2024-03-01T09:30:00Z"],
]


def test_its_names_are_pinned() -> None:
    assert api.__all__ == [
        "Binder",
        "Chunk",
        "ColumnOptions",
        "ConvertSettings",
        "Converted",
        "InflSegError",
        "MapOptions",
        "MessageSettings",
        "Problem",
        "Receipt",
        "Report",
        "SandboxSettings",
        "__version__",
        "backfill",
        "convert",
        "lay_out",
        "namespace_of",
        "replay",
        "serve_sandbox",
        "validate",
    ]
    assert all(getattr(api, name) for name in api.__all__)
    assert dir(api) == sorted(dir(api))


def test_an_engine_that_has_rows_makes_messages_of_them() -> None:
    layout = api.lay_out(HEADER, ROWS, api.ColumnOptions(), file="export.csv")
    settings = api.ConvertSettings(
        api.MapOptions(), api.MessageSettings("0.1.0"), now=datetime(2024, 6, 1, tzinfo=UTC)
    )
    task = pickle.dumps((api.Chunk("export.csv", HEADER, ROWS, (2, 3), 1, (), b""), layout, settings))
    converted = pickle.loads(pickle.dumps(api.convert(*pickle.loads(task))))
    assert [one.line for one in converted.rejected] == [3]
    wire_ids = api.Binder(api.namespace_of("https://segment.example", "key")).bind(converted.content_ids)
    (message,) = map(json.loads, converted.encode(wire_ids))
    assert (message["event"], message["userId"]) == ("Email Opened", "u1")
    assert message["messageId"].replace("-", "") == wire_ids[0].hex()
