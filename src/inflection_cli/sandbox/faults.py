"""Faults and settings of a sandbox, and their seeded random choice."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

from inflection_cli.errors import UsageError

_ROUNDING: Final = 1e-9  # ten times 0.1 is a little more or less than 1

_LOGIN_PAGE: Final = b"<!doctype html><title>Sign in</title><form><input name=user></form>"


class Act(Enum):
    """Effect of a fault on the connection."""

    ANSWER = auto()
    """Answer, but not as Segment does."""
    RESET = auto()
    """Cut the connection with a TCP reset, without an answer."""
    SILENCE = auto()
    """Keep the connection open and never answer."""
    DELAY = auto()
    """Answer well, but late."""


@dataclass(frozen=True, slots=True)
class SandboxFault:
    """One kind of injected fault.

    Attributes:
        name: Its name, as in `--fault NAME=RATE`.
        act: What becomes of the connection.
        remembers: Whether the batch is judged and remembered first, as if all were well.
        status: The status answered, for `Act.ANSWER`.
        content_type: The answer's media type.
        body: The answer's body; None leaves the wording to the server.
        rate: The share of requests that it befalls, 0 to 1.
    """

    name: str
    act: Act
    remembers: bool
    status: int = 0
    content_type: str = "application/json"
    body: bytes | None = None
    rate: float = 0.0


_NAMED: Final = {
    fault.name: fault
    for fault in (
        SandboxFault("reset", Act.RESET, remembers=False),
        SandboxFault("ack-lost", Act.RESET, remembers=True),
        SandboxFault("timeout", Act.SILENCE, remembers=False),
        SandboxFault("ack-timeout", Act.SILENCE, remembers=True),
        SandboxFault("slow", Act.DELAY, remembers=True),
        SandboxFault("html", Act.ANSWER, False, 200, "text/html; charset=utf-8", _LOGIN_PAGE),
        SandboxFault("unjson", Act.ANSWER, False, 200, body=b'{"success": tr'),
        SandboxFault("success-false", Act.ANSWER, False, 200, body=b'{"success": false}'),
        SandboxFault("redirect", Act.ANSWER, False, 307),
    )
}

_KNOWN: Final = ", ".join((*_NAMED, "a status from 300 to 599 such as 503", "ack-503"))


def fault_named(name: str) -> SandboxFault:
    """Return the fault with this name.

    Beside the names there are numbers: `503` answers that status and forgets the batch, `ack-503`
    remembers the batch first, as a gateway does that gives up on a service which did not.

    Raises:
        UsageError: There is no such fault.
    """
    if name in _NAMED:
        return _NAMED[name]
    number = name.removeprefix("ack-")
    if len(number) == 3 and number.isascii() and number.isdigit() and 300 <= int(number) <= 599:
        return SandboxFault(name, Act.ANSWER, name.startswith("ack-"), int(number))
    raise UsageError(f"there is no fault named {name!r}", hint=f"choose among {_KNOWN}")


def parse_faults(*words: str) -> tuple[SandboxFault, ...]:
    """Parse faults with their rates, each written `NAME=RATE`, as in `429=0.05`.

    Raises:
        UsageError: A word is not so written, names no fault or one twice, or the rates exceed 1.
    """
    faults = tuple(_parse(word) for word in words)
    names = [fault.name for fault in faults]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the fault {name!r} is given twice", hint="give each fault one rate")
    total = math.fsum(fault.rate for fault in faults)
    if total > 1 + _ROUNDING:
        raise UsageError(
            f"the faults' rates add up to {total:g}, but no more than 1 request in 1 can fail",
            hint="lower the rates until their sum is at most 1, for example --fault 429=0.05",
        )
    return faults


def _parse(word: str) -> SandboxFault:
    name, equals, number = word.partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not equals or not 0 <= rate <= 1:
        raise UsageError(
            f"{word!r} is not a fault with its rate",
            hint="write NAME=RATE with a rate from 0 to 1, for example --fault 429=0.05",
        )
    fault = fault_named(name.strip().lower())
    return SandboxFault(
        fault.name, fault.act, fault.remembers, fault.status, fault.content_type, fault.body, rate
    )


class Dice:
    """Seeded random choice of a fault for each request.

    Each request costs one draw, whatever the faults are, so the same seed and the same order of
    requests give the same faults.
    """

    def __init__(self, faults: Sequence[SandboxFault], seed: int, script: Iterable[str | None] = ()) -> None:
        self._faults = tuple(faults)
        self._random = random.Random(seed)  # noqa: S311 - dice, no secret; must be repeatable
        self._script = iter([None if name is None else fault_named(name) for name in script])

    def roll(self) -> SandboxFault | None:
        """Return the fault for the next request, or None."""
        for scripted in self._script:
            return scripted
        place = self._random.random()
        for fault in self._faults:
            place -= fault.rate
            if place < 0:
                return fault
        return None


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
