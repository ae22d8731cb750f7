"""Format whether batches are sent again after a 5xx."""

from collections.abc import Iterator, Mapping
from typing import Final

from inflection_cli.backfilling.run_state import Target
from inflection_cli.sanitize import counted

_HOUR_S: Final = 3600.0
_FAILURES: Final = {
    "connect": "no connection",
    "proxy": "refused by the proxy",
    "certificate": "certificate not verified",
    "timeout": "no answer in time",
    "cut": "connection lost",
    "protocol": "no valid answer",
}


def retry_lines(target: Target | None) -> Iterator[tuple[str, str]]:
    """Yield the line of the plan on retries after a 5xx."""
    if target is None:
        return
    when = "after a 5xx or a lost connection"
    if target.dedup_window_s:
        hours = f"{target.dedup_window_s / _HOUR_S:g} hours ({target.window_from})"
        yield "retries", f"{when}: on; the destination drops repeated ids for {hours}"
        return
    yield (
        "retries",
        f"{when}: off ({target.window_from}); such a batch stays unconfirmed",
    )
    yield "", "if the destination drops repeated message ids for hours: --dedup-window HOURS"


def failed_words(statuses: Mapping[str, int]) -> str:
    """Return how often attempts failed, and how; empty if none did."""
    failed = {name: count for name, count in statuses.items() if not name.startswith("2")}
    most = sorted(failed.items(), key=lambda item: -item[1])
    return ", ".join(
        f"{counted(count, 'time')} {_FAILURES.get(name, f'HTTP {name}')}" for name, count in most
    )


def window_question(target: Target, hours: float) -> str:
    """Return the question that turns retries after a 5xx on."""
    return (
        f"A batch may have arrived although {target.destination.host} answers with a 5xx or the connection is lost.\n"
        f"Does this destination drop repeated message ids for {hours:g} hours? Then such a batch is sent again. "
        "[y/N] "
    )


def answer_kept(*, yes: bool) -> str:
    """Return what follows from the answer, and how to overrule it."""
    result = "on" if yes else "off"
    return f"Retries after a 5xx are {result}. The answer is kept for this destination; --dedup-window overrules it."
