"""What a ledger tells of runs and batches, as values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import iter_unpack
from typing import Any, Final

from inflection_cli.delivery.known import Known
from inflection_cli.model import BatchState

ID_BYTES: Final = 16
HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What is known of a run when it begins; nothing of it may be secret or personal.

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
    """A run as the ledger has it.

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
    """What became of one batch.

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
    """The events of one batch, packed, with what the batch says of them.

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

    def __iter__(self) -> Iterator[Known]:
        told = self.state, self.doubtful_since, self.run_id
        ids, hashes = iter_unpack(f"{ID_BYTES}s", self.ids), iter_unpack(f"{HASH_BYTES}s", self.hashes)
        for (content_id,), (content_hash,) in zip(ids, hashes, strict=True):
            yield Known(content_id, content_hash, *told)
