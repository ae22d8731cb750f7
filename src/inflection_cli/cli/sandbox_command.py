"""The command `infl-seg sandbox`: a local stand-in for Segment, until Ctrl-C."""

import re
from typing import TYPE_CHECKING

from inflection_cli.cli.options import with_groups
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import SandboxOptions

if TYPE_CHECKING:
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.sandbox import Stats

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


@with_groups
def sandbox(given: SandboxOptions) -> int:
    """Run a local stand-in for Segment, with faults on request."""
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.sandbox import Settings, parse_faults, run

    settings = Settings(
        port=given.port,
        faults=parse_faults(*given.fault),
        seed=given.seed,
        latency_s=_seconds("--latency", given.latency),
        slow_s=_seconds("--slow", given.slow),
        retry_after_s=given.retry_after,
        keep=given.keep,
        watch=True,
        replay=given.replay,
    )
    speaker = Speaker()
    for line in _summary(run(settings, lambda url: _greet(url, speaker))):
        speaker.talk(line)
    return 0


def _greet(url: str, speaker: "Speaker") -> None:
    speaker.result(f"listening on {url}")
    command = f"infl-seg backfill FILE --endpoint {url} --write-key any-key --dedup-window 20"
    speaker.talk(f"backfill to it:  {command}")
    speaker.talk(f"watch it in a browser: {url}/")
    speaker.talk(f"what it received: {url}/stats   stop it: Ctrl-C")


def _summary(stats: "Stats") -> list[str]:
    discarded = stats["discarded"]
    lines = [
        f"{stats['requests']:,} requests",
        f"accepted: {stats['accepted']:,} (unique {stats['unique']:,}, duplicate {stats['duplicate']:,})",
        f"answers: {_counts(stats['by_status'])}",
        f"faults: {_counts(stats['by_fault'])} (seed {stats['seed']})",
        f"Segment would have discarded {discarded['total']:,}: {_counts(discarded['reasons'])}",
    ]
    if stats["hazards"]:
        lines.append(f"it would harm a backfill: {_counts(stats['hazards'])}")
    return lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _seconds(option: str, word: str) -> float:
    """Parse a time such as `40ms`, `2s` or `1m`; return seconds.

    Raises:
        UsageError: It is no such time.
    """
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(ms|s|m)", word.strip())
    if match is None:
        raise UsageError(
            f"{option} {word!r} is not a time", hint=f"give a number with ms, s or m: {option} 40ms"
        )
    return float(match[1]) * _UNITS_S[match[2]]
