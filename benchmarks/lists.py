"""What a difference of two lists costs, beside a FULL OUTER JOIN in DuckDB over the same files.

    python benchmarks/lists.py [ROWS] [ROUNDS]

Two lists of a million rows (or ROWS) each, in different orders: a hundredth left, a hundredth came, a hundredth
changed. `diff --dry-run --out` writes whole Segment messages for these, checked, with ids. The script in DuckDB is what
an engineer would write instead: one join on the key, with the same columns and the same rows, to NDJSON, without ids,
checks or a refusal of keys that are not unique. Printed are wall time, CPU, peak memory and the ratios, whichever way
they fall. Mark: the difference takes at most 120 MB.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from measure import Cost, cost_of, ratios

COLUMNS = ("id", "userId", "plan", "seats", "country", "owner", "updated")
_PLANS = ("basic", "pro", "team", "enterprise")
_COUNTRIES = ("DE", "FR", "US", "BR", "JP")
MOST_MB = 120

JOIN = """
import duckdb, sys
old, new, out = sys.argv[1:4]
columns = {columns!r}
told = ", ".join(f"coalesce(n.{{c}}, o.{{c}}) AS {{c}}" for c in columns)
differs = " OR ".join(f"o.{{c}} IS DISTINCT FROM n.{{c}}" for c in columns[1:])
fields = ", ".join(f"CASE WHEN o.{{c}} IS DISTINCT FROM n.{{c}} THEN '{{c}}' END" for c in columns[1:])
duckdb.sql(f'''COPY (
  SELECT CASE WHEN n.id IS NULL THEN 'Left' WHEN o.id IS NULL THEN 'Joined' ELSE 'Changed' END AS event,
         {{told}}, CASE WHEN o.id IS NOT NULL AND n.id IS NOT NULL
                        THEN concat_ws(',', {{fields}}) END AS changed_fields
  FROM read_csv('{{old}}', all_varchar = true) o
  FULL OUTER JOIN read_csv('{{new}}', all_varchar = true) n ON o.id = n.id
  WHERE o.id IS NULL OR n.id IS NULL OR {{differs}}
) TO '{{out}}' (FORMAT json)''')
"""


def _row(key: int, dice: random.Random, *, changed: bool = False) -> str:
    at = key * 7919
    plan = _PLANS[(at + changed) % len(_PLANS)]
    country, owner = _COUNTRIES[at % 5], f"team-{at % 97}"
    return f"c-{key:09d},user-{key:09d},{plan},{at % 500},{country},{owner},2024-0{at % 9 + 1}-1{dice.randrange(10)}"


def write(path: Path, keys: list[int], changed: Iterable[int] = ()) -> Path:
    """Write a list of these keys, in this order."""
    of_changed = {*changed}
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(COLUMNS) + "\n")
        for key in keys:
            out.write(_row(key, random.Random(key), changed=key in of_changed) + "\n")
    return path


def lists(folder: Path, count: int) -> tuple[Path, Path, int]:
    """Write both lists; return them and the number of rows that differ."""
    some = count // 100
    old, new = [*range(count)], [*range(some, count + some)]
    for seed, keys in enumerate((old, new)):
        random.Random(seed).shuffle(keys)
    return write(folder / "old.csv", old), write(folder / "new.csv", new, range(some, 2 * some)), 3 * some


def _timed(arguments: list[str], environ: dict[str, str]) -> tuple[float, Cost]:
    began = time.monotonic()
    cost = cost_of(arguments, environ=environ)
    return time.monotonic() - began, cost


def main(count: int = 1_000_000, rounds: int = 3) -> None:
    """Measure by turns, as the machine's speed changes, and print the medians of the ratios."""
    found: dict[str, list[tuple[float, float]]] = {"wall": [], "CPU": [], "peak memory": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old, new, differing = lists(folder, count)
        words = ["diff", str(old), str(new), "--key", "id", "--added", "Joined", "--changed", "Changed"]
        words += ["--removed", "Left", "--dry-run", "--no-project", "--quiet", "--out"]
        ours = ["-m", "inflection_cli", *words, str(folder / "ours.ndjson")]
        theirs = ["-c", JOIN.format(columns=COLUMNS), str(old), str(new), str(folder / "theirs.ndjson")]
        environ = {"INFL_SEG_STATE_DIR": str(folder / "state"), "PYTHONHASHSEED": "0"}
        for number in range(rounds):
            measured = {}
            for who, arguments in (("ours", ours), ("join", theirs))[:: 1 if number % 2 else -1]:
                wall_s, cost = _timed(arguments, environ)
                measured[who] = (wall_s, cost.cpu_s, cost.peak_mb)
                print(f"{who} {wall_s:7.2f} s, {cost.cpu_s:7.2f} s of CPU, peak {cost.peak_mb:.0f} MB")
                with (folder / f"{'ours' if who == 'ours' else 'theirs'}.ndjson").open("rb") as lines:
                    assert sum(1 for _ in lines) == differing
            for at, what in enumerate(found):
                found[what].append((measured["ours"][at], measured["join"][at]))
            assert measured["ours"][2] <= MOST_MB, f"over {MOST_MB} MB"
    print(f"two lists of {count:,} rows on {os.cpu_count()} cores, {differing:,} rows differ")
    for what, pairs in found.items():
        print(f"{what}: diff takes {ratios(pairs)} what the join takes")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
