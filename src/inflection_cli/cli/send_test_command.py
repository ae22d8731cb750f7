"""The command `infl-seg send-test`: one test message per event, to check setup."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from inflection_cli.cli.options import with_groups
from inflection_cli.settings.declarations import (
    EVENTS_PER_SECOND,
    REQUESTS_PER_SECOND,
    DestinationOptions,
    LoggedOptions,
    SourceOptions,
    TestOptions,
)

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered
    from inflection_cli.backfilling.run_state import Target
    from inflection_cli.delivery.context import StopSignal
    from inflection_cli.replaying.wiring_test import Probe
    from inflection_cli.reporting.console import Speaker


@with_groups
def send_test(source: SourceOptions, testing: TestOptions, output: LoggedOptions) -> int:
    """Send one test message per event; print where to check them."""
    from inflection_cli.cli.option_values import seconds
    from inflection_cli.cli.session import interruptible, logged
    from inflection_cli.cli.target import unusual_key
    from inflection_cli.errors import InflSegError
    from inflection_cli.reporting.console import Speaker

    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
    patience_s = seconds("--patience", testing.patience)
    report: dict[str, Any] = {"events": [], "delivery": None}
    try:
        with (
            logged(output.log_file, "send-test", speaker, lambda: {"exit_code": 0, **report}),
            interruptible(),
            ExitStack() as stack,
        ):
            probes = _probes(testing)
            target = stack.enter_context(_target(source, testing))
            odd = unusual_key(target)
            if odd:
                speaker.warn(odd)
            return _send(probes, target, patience_s, report, (speaker, testing, output))
    except InflSegError as error:
        error.report = {**report, **error.report}
        raise


def _probes(testing: TestOptions) -> "list[Probe]":
    """Build new test messages for a new test person."""
    import secrets
    import uuid
    from datetime import UTC, datetime

    from inflection_cli.replaying.wiring_test import make_probes
    from inflection_cli.segment.message import MessageSettings
    from inflection_cli.version import __version__

    settings = MessageSettings(
        library_version=__version__, integrations=_integrations(testing), context={"test": True}
    )
    return make_probes(
        settings, now=datetime.now(UTC), person=secrets.token_hex(4), fresh_id=lambda: uuid.uuid4().bytes
    )


def _integrations(testing: TestOptions) -> dict[str, Any]:
    """Return the integrations: all off, except those that the user turned on."""
    from inflection_cli.cli.option_values import integrations, pairs

    given = pairs("--integration", testing.integration, "All=true")
    said = {name: on for name, on in integrations(testing.integration).items() if name in given}
    return {"All": False, **said} if not said.get("All") else {"Inflection": False, **said}


def _send(
    probes: "list[Probe]",
    target: "Target",
    patience_s: float,
    report: dict[str, Any],
    manners: "tuple[Speaker, TestOptions, LoggedOptions]",
) -> int:
    """Deliver the test messages and report the result."""
    from inflection_cli.backfilling.run_state import delivery_figures
    from inflection_cli.replaying.wiring_test import trouble
    from inflection_cli.reporting.wiring_test_text import rows

    speaker, _, _ = manners
    speaker.talk(f"Sending {len(probes)} test messages to {target.words()}")
    report["events"] = rows(probes)
    delivered, signum = _deliver(probes, target, patience_s, speaker)
    # The ids are bound to no namespace: each test is new to every destination.
    report["delivery"] = delivery_figures(delivered, target.destination.endpoint, None)
    if delivered.proxy is not None:
        speaker.detail(f"through the proxy {delivered.proxy}")
    error = trouble(delivered, signum)
    if error is not None:
        raise error
    with speaker.result_of():
        _print_result(probes, report, manners)
    return 0


def _print_result(
    probes: "list[Probe]", report: dict[str, Any], manners: "tuple[Speaker, TestOptions, LoggedOptions]"
) -> None:
    from inflection_cli.reporting.json_report import dumps, empty_report
    from inflection_cli.reporting.outlet import print_machine
    from inflection_cli.reporting.wiring_test_text import advice, table

    speaker, testing, output = manners
    if output.json:
        print_machine(dumps({**empty_report("send-test"), "complete": True, **report, "exit_code": 0}))
        return
    off = not _integrations(testing).get("All", True)
    for line in [
        *table(probes, speaker.width),
        "",
        *advice(probes, destinations_off=off, rehearsed=testing.rehearse),
    ]:
        speaker.result(line)


def _deliver(
    probes: "list[Probe]", target: "Target", patience_s: float, speaker: "Speaker"
) -> "tuple[Delivered, int | None]":
    """Deliver the messages; return the result and the signal that stopped it."""
    from inflection_cli.backfilling.delivery_run import DeliverySettings
    from inflection_cli.delivery.context import StopSignal
    from inflection_cli.replaying.wiring_test import deliver_probes
    from inflection_cli.reporting.progress import DeliveryProgress
    from inflection_cli.segment.limits import DEDUP_WINDOW_S

    settings = DeliverySettings(
        destination=target.destination,
        namespace="",
        requests_per_second=REQUESTS_PER_SECOND,
        events_per_second=EVENTS_PER_SECOND,
        patience_s=patience_s,
        # A test message that comes twice harms nobody, so it is tried again whatever became of the first.
        dedup_window_s=DEDUP_WINDOW_S,
    )
    halt = StopSignal()
    progress = DeliveryProgress(speaker, len(probes), EVENTS_PER_SECOND, lambda *_: None)
    with progress, _stoppable(halt) as signals:
        delivered = deliver_probes(probes, settings, observer=progress, halt=halt)
    return delivered, signals[0] if signals else None


@contextmanager
def _stoppable(halt: "StopSignal") -> Iterator[list[int]]:
    """Stop the delivery on a signal; yield the list of received signals."""
    from inflection_cli.cli.session import on_signal

    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        halt.request()

    with on_signal(stop):
        yield came


@contextmanager
def _target(source: SourceOptions, testing: TestOptions) -> Iterator["Target"]:
    """Yield the user's destination, or a sandbox."""
    from inflection_cli.cli.target import require_target

    gzip = not testing.no_gzip
    if not testing.rehearse:
        options = DestinationOptions(
            write_key=source.write_key,
            write_key_file=source.write_key_file,
            region=source.region,
            endpoint=source.endpoint,
            ca_file=source.ca_file,
        )
        yield require_target(options, gzip=gzip, command="send-test")
        return
    from inflection_cli.cli.rehearsal import rehearsal

    with rehearsal(gzip=gzip) as (target, _):
        yield target
