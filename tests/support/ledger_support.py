"""What the ledger's tests share: made-up batches, a lock holder, a ledger that is opened with its lock."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from math import inf
from pathlib import Path
from typing import Any

from inflection_cli.ledger.ledger_file import Ledger, LedgerReader, open_ledger
from inflection_cli.ledger.ledger_records import EventState, RunStart
from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.ledger.state_dir import lock_path
from inflection_cli.model import Batch, BatchState

NAMESPACE = "crm-eu"
NOW = 1_709_285_400.0  # 2024-03-01 09:30:00 UTC
HOLDER = Holder(pid=4711, host="desk", command="infl-seg backfill march.csv", started=NOW)
START = RunStart(
    command="backfill",
    arguments={"region": "eu", "since": None},
    shaping={"timezone": "Europe/Berlin"},
    inputs=[{"path": "march.csv", "fingerprint": "ab12"}],
    endpoint="https://events.eu1.segmentapis.com/v1/batch",
    version="1.0.0",
)


def content_id(number: int) -> bytes:
    return blake2b(number.to_bytes(8), digest_size=16).digest()


def content_hash(number: int) -> bytes:
    return blake2b(number.to_bytes(8), digest_size=8).digest()


def batch(*numbers: int) -> Batch:
    hashes = [int.from_bytes(content_hash(n)) for n in numbers]
    return Batch(numbers, [content_id(n) for n in numbers], hashes, [b"{}"] * len(numbers))


def known_events(ledger: LedgerReader, **which: Any) -> Iterator[EventState]:
    """Yield the events of a ledger one by one; `which` is that of `known_batches`."""
    for packed in ledger.known_batches(**which):
        yield from packed


def best_states(events: Iterable[EventState]) -> dict[bytes, EventState]:
    """Return what counts of each event: accepted before unconfirmed before the rest, the earliest doubt first."""
    found: dict[bytes, EventState] = {}
    for event in events:
        found[event.content_id] = min(found.get(event.content_id, event), event, key=_rank)
    return found


def _rank(event: EventState) -> tuple[int, float, str, str]:
    ranks = {BatchState.ACCEPTED: 0, BatchState.IN_DOUBT: 1, BatchState.IN_FLIGHT: 1}
    since = event.doubtful_since
    return ranks.get(event.state, 2), inf if since is None else since, event.run_id, event.state


@contextmanager
def opened(state_dir: Path, namespace: str = NAMESPACE) -> Iterator[Ledger]:
    with (
        take_lock(lock_path(state_dir, namespace), HOLDER) as lock,
        open_ledger(state_dir, namespace, lock, now=NOW) as ledger,
    ):
        yield ledger


def child(
    script: str, *arguments: object, confined: bool = False, under: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start a Python process that can import what the tests can.

    Root may write anywhere; a confined child of root's has lost that right.
    """
    command = [*under, sys.executable, "-c", script, *map(str, arguments)]
    if confined and os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
