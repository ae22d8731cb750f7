"""Settings of a sandbox: port, timing, faults and stored messages."""

from dataclasses import dataclass, field
from pathlib import Path

from inflection_cli.sandbox.faults import SandboxFault


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """Segment source that the sandbox simulates.

    Attributes:
        write_key: The one key it knows; another is answered 200 and its events are discarded, as
            Segment does. None knows every key.
        disabled: Whether the source is switched off: a 200 for everything, and nothing goes through.
        blocked_events: Event names that the source's schema blocks, again behind a 200.
    """

    write_key: str | None = field(default=None, repr=False)
    disabled: bool = False
    blocked_events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of a sandbox.

    Attributes:
        port: Where it listens on 127.0.0.1; 0 takes a free port.
        faults: What goes wrong, and how often; see `parse_faults`.
        script: Names of faults for the first requests, in order, None for none; the dice come after.
        seed: What the dice are seeded with; None draws a seed, which the statistics tell.
        latency_s: How long it waits before each answer to a message or a batch.
        slow_s: How much longer the fault `slow` waits.
        retry_after_s: The whole seconds in the `Retry-After` and `X-RateLimit-Reset` of a 429.
        keep_messages: Whether whole messages are remembered, not only their ids.
        keep: A file to which each accepted message is appended, the first time that it comes.
        source: The source that it plays.
        watch: Whether it serves the page that shows events as they arrive.
        replay: A file of messages, one a line, that arrive at the start.
    """

    port: int = 0
    faults: tuple[SandboxFault, ...] = ()
    script: tuple[str | None, ...] = ()
    seed: int | None = None
    latency_s: float = 0.0
    slow_s: float = 2.0
    retry_after_s: int = 1
    keep_messages: bool = False
    keep: Path | None = None
    source: SourceState = field(default_factory=SourceState)
    watch: bool = False
    replay: Path | None = None
