"""How much of the binding rate is reached over 30 s at 200 ms latency, by the client's trace and the server's view.

    python benchmarks/throttle.py [SECONDS]

Mark: at least 98 % of the limit, and in no window of a second more than rate plus one batch.
"""

import sys
import time
from collections.abc import Iterator
from itertools import count

import anyio

from inflection_cli import SandboxSettings, serve_sandbox
from inflection_cli.delivery.context import DeliveryContext, StopSignal
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.journal import MemoryJournal
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch
from inflection_cli.segment.batching import batches
from inflection_cli.segment.client import Client
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.ids import uuid8, uuid_text
from inflection_cli.segment.limits import max_batch_events
from inflection_cli.segment.message import with_id

_BODY = b',"type":"track","event":"Email Opened","userId":"u","timestamp":"2024-03-01T09:30:00.000Z"}'


def _stream(max_events: int) -> Iterator[Batch | None]:
    def messages() -> Iterator[Batch]:
        for n in count():
            content_id = uuid8(b"%d" % n)
            yield Batch([n], [content_id], [0], [with_id(uuid_text(content_id), _BODY)])

    return batches(messages(), max_events=max_events, envelope_bytes=100)


async def _run(url: str, requests: float, events: float, seconds: float) -> list[tuple[float, int]]:
    trace: list[tuple[float, int]] = []
    halt = StopSignal()
    destination = Destination(url, Secret("benchmark-write-key-0123456789ab"), version="0")
    async with Client(destination, on_first_byte=lambda at, n: trace.append((at, n))) as client:
        throttle = Throttle(requests_per_second=requests, events_per_second=events)
        edge = DeliveryContext(client=client, throttle=throttle, journal=MemoryJournal(), halt=halt)
        async with anyio.create_task_group() as group:
            group.start_soon(_stop_later, halt, seconds)
            # Where requests bind, a batch is small, so that the limit is what is measured and not the machine.
            await deliver(_stream(max_batch_events(events) if events else 10), edge)
    return trace


async def _stop_later(halt: StopSignal, seconds: float) -> None:
    await anyio.sleep(seconds)
    halt.request()


def _busiest_second(seen: list[tuple[float, int]]) -> int:
    most = first = held = 0
    for at, n in seen:
        held += n
        while at - seen[first][0] >= 1.0:
            held -= seen[first][1]
            first += 1
        most = max(most, held)
    return most


def main(seconds: float = 30.0) -> None:
    """Measure both limits, and print the share that was reached."""
    for name, requests, events in (("500 events/s", 0.0, 500.0), ("50 requests/s", 50.0, 0.0)):
        with serve_sandbox(SandboxSettings(latency_s=0.2)) as sandbox:
            started = time.process_time()
            trace = anyio.run(_run, sandbox.url, requests, events, seconds)
            cpu = time.process_time() - started
            arrivals = [(a[0], int(a[1])) for a in sandbox.stats()["arrivals"]]
        for view, seen in (("client", trace), ("server", arrivals)):
            unit = [(at, n if events else 1) for at, n in seen]
            span = unit[-1][0] - unit[0][0]
            share = (sum(n for _, n in unit) - unit[-1][1]) / span / (events or requests)
            print(f"{name:14} {view}: {share:.1%} of the limit; busiest second {_busiest_second(unit)}")
        print(f"{'':14} {cpu / len(trace) * 1e3:.1f} ms of CPU a request, sandbox included")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
