"""Records the ids that the presets give: python tests/presets/record_ids.py [--again NAME]...

A version of a preset keeps its ids for ever. So ids are only added to those of a version, and a new version replaces
them. `--again` takes the ids of a preset anew, which is right only before its version was released.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PRESETS = HERE.parents[1] / "src" / "inflection_cli" / "presets"
RECORDED = HERE / "recorded_ids.json"


def versions() -> dict[str, int]:
    """Return the version of each preset, by name."""
    files = sorted(PRESETS.glob("*/preset.toml"))
    return {path.parent.name: tomllib.loads(path.read_text("utf-8"))["preset"]["version"] for path in files}


def ids_of(name: str) -> set[str]:
    """Return the ids of a preset's golden messages."""
    lines = (HERE / name / "golden.ndjson").read_bytes().splitlines()
    return {json.loads(line)["messageId"] for line in lines}


def recorded() -> dict[str, dict[str, Any]]:
    """Return version and ids of each preset, as they were recorded."""
    known: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text("utf-8")) if RECORDED.exists() else {}
    return known


def record(again: list[str]) -> None:
    """Add the ids of all presets to those that are known."""
    known, found = recorded(), {}
    for name, version in versions().items():
        before = known.get(name, {"version": 0, "ids": []})
        kept = before["ids"] if before["version"] == version and name not in again else []
        found[name] = {"version": version, "ids": sorted(ids_of(name).union(kept))}
    RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record([word for word in sys.argv[1:] if word != "--again"])
