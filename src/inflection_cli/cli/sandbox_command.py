"""The command `infl-seg sandbox`: a local stand-in for Segment, until Ctrl-C."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inflection_cli.errors import UsageError

if TYPE_CHECKING:
    from inflection_cli.sandbox import Stats

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


def sandbox(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any that is free.")
    ] = 8080,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RATE",
            help="What goes wrong for which share of requests, such as 429=0.05; repeatable. NAME is"
            " a status from 300 to 599, reset, ack-lost, slow, html, unjson, success-false,"
            " redirect, timeout, ack-timeout, or ack- and a status.",
        ),
    ] = None,
    latency: Annotated[
        str, typer.Option(metavar="TIME", help="Wait this long before each answer: 40ms, 2s.")
    ] = "0ms",
    slow: Annotated[str, typer.Option(metavar="TIME", help="How much longer the fault slow waits.")] = "2s",
    retry_after: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="What a 429 asks the client to wait.")
    ] = 1,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the dice: the same seed gives the same faults.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.ndjson",
            help="Append each accepted message, the first time it comes; GET /messages gives them.",
        ),
    ] = None,
) -> None:
    """Run a local stand-in for Segment, with faults on request."""
    from inflection_cli.sandbox import Settings, parse_faults, run

    settings = Settings(
        port=port,
        faults=parse_faults(*fault or ()),
        seed=seed,
        latency_s=_seconds("--latency", latency),
        slow_s=_seconds("--slow", slow),
        retry_after_s=retry_after,
        keep=keep,
    )
    for line in _summary(run(settings, _greet)):
        print(line, file=sys.stderr)


def _greet(url: str) -> None:
    print(f"listening on {url}")
    command = f"infl-seg backfill FILE --endpoint {url} --write-key any-key --dedup-window 20"
    print(f"backfill to it:  {command}", file=sys.stderr)
    print(f"what it received: {url}/stats   stop it: Ctrl-C", file=sys.stderr)


def _summary(stats: "Stats") -> list[str]:
    """Format the statistics as a few lines."""
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
            f"{option} {word!r} is no time", hint=f"give a number with ms, s or m: {option} 40ms"
        )
    return float(match[1]) * _UNITS_S[match[2]]
