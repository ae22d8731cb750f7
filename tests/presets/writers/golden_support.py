"""What the writers of preset exports share: made-up files, and the messages they should become.

Like `reference_profiles.py`, whose messages and ids it uses, it imports nothing of the package.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import reference_profiles as plain

Message = dict[str, Any]


def write_ndjson(path: Path, records: Iterable[Any]) -> None:
    """Write JSON values, one a line."""
    path.write_text("".join(line(record) + "\n" for record in records), encoding="utf-8")


def write_json(path: Path, document: Any) -> None:
    """Write one JSON document over several lines."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_golden(folder: Path, messages: Iterable[Message]) -> None:
    """Write the expected messages in order; one that is there twice counts once."""
    first: dict[str, Message] = {}
    for message in messages:
        first.setdefault(message["messageId"], message)
    text = "".join(plain.write(message) + "\n" for message in first.values())
    (folder / "golden.ndjson").write_text(text, encoding="utf-8")


def line(value: Any) -> str:
    """Return JSON on one line without spaces, as most vendors write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
