"""Records of the ledger, and rules that combine an event's states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import iter_unpack
from typing import Any, Final, NamedTuple

from inflection_cli.model import BatchState


class EventState(NamedTuple):
    """The state of one event in one batch.

    Attributes:
        content_id: 16 bytes.
        content_hash: 8 bytes.
        state: The batch's state.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None where there is no
            doubt.
        run_id: The run that recorded the batch; sorts by time.
    """

    content_id: bytes
    content_hash: bytes
    state: BatchState
    doubtful_since: float | None
    run_id: str


def is_fresh(doubtful_since: float, now: float, window_s: float) -> bool:
    """Return whether a doubt is recent enough to resend the same ids.

    A stamp in the future counts as old: a clock was wrong, so the doubt's age is unknown.

    Args:
        doubtful_since: Unix seconds at which the doubt began.
        now: Unix seconds.
        window_s: For how many seconds the destination is trusted to recognise an id; 0 for never.
    """
    return 0 <= now - doubtful_since < window_s


ID_BYTES: Final = 16
HASH_BYTES: Final = 8
DIGEST_BYTES: Final = 8
"""A person is two digests: of the personId, and of the userId that it is linked to, 0 for none."""

OPEN_BYTES: Final = ID_BYTES + 2 * DIGEST_BYTES
"""An event that a run left open: its content id, and the person as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """Data of a run at its start; without secrets or personal data.

    Attributes:
        command: The subcommand, such as `backfill`.
        arguments: The options as given, by name, without secrets; JSON values.
        shaping: All settings that shape ids (time zone, mapping, own ids …); JSON values.
        inputs: For each input its fingerprint and what else identifies it; JSON values.
        endpoint: Where the events go; credentials and query are cut off before it is stored.
        version: The tool's version.
        label: The `--again` label under which ids were bound; empty without one.
    """

    command: str
    arguments: Mapping[str, Any]
    shaping: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]]
    endpoint: str
    version: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunStart):
    """A run as recorded in the ledger.

    Attributes:
        number: Its place among the runs of this ledger; batches refer to it.
        run_id: Its name, which sorts by time.
        started: Unix seconds.
        ended: Unix seconds; None while it works, and for ever when it was killed.
        summary: Its equations and other figures; None while it has not ended.
        exit_code: None while it has not ended.
    """

    number: int
    run_id: str
    started: float
    ended: float | None
    summary: Mapping[str, Any] | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """The record of one batch: state, attempts and times.

    Attributes:
        key: Its number, in the order of intents.
        state: What is known of it.
        events: For how many events this batch speaks: a halved batch passes its events on to its halves.
        attempts: How many times it was sent, or was about to be.
        statuses: The outcomes of its attempts: HTTP statuses, `-` for no answer, `user` for the user's word.
        intended: Unix seconds of the first intent.
        settled: Unix seconds of the latest outcome; None before the first.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None without doubt.
    """

    key: int
    state: BatchState
    events: int
    attempts: int
    statuses: tuple[str, ...]
    intended: float
    settled: float | None
    doubtful_since: float | None


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """The packed events of one batch, and the batch's state.

    Attributes:
        run_number: The number of the run that recorded it.
        run_id: The name of that run.
        state: The batch's state.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None without doubt.
        ids: The content ids, 16 bytes each.
        hashes: The content hashes, 8 bytes each, in the same order.
    """

    run_number: int
    run_id: str
    state: BatchState
    doubtful_since: float | None
    ids: bytes = field(repr=False)
    hashes: bytes = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids) // ID_BYTES

    def __iter__(self) -> Iterator[EventState]:
        told = self.state, self.doubtful_since, self.run_id
        ids, hashes = iter_unpack(f"{ID_BYTES}s", self.ids), iter_unpack(f"{HASH_BYTES}s", self.hashes)
        for (content_id,), (content_hash,) in zip(ids, hashes, strict=True):
            yield EventState(content_id, content_hash, *told)
