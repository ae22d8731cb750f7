"""The sandbox as Segment's official Python SDK meets it: what its own client takes for Segment."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from inflection_cli.sandbox import Sandbox, Settings, SourceState, serve

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own dependency, dateutil
    from segment.analytics import request as sdk_request
    from segment.analytics.client import Client

KEY = "an-sdk-write-key"
EVENTS = 250


@contextmanager
def sdk(sandbox: Sandbox, **options: Any) -> Iterator[tuple[Any, list[Exception]]]:
    """Give an SDK client that speaks to the sandbox, and the errors that it reports."""
    errors: list[Exception] = []
    client = Client(
        options.pop("write_key", KEY),
        host=sandbox.url,
        upload_interval=0.01,
        on_error=lambda error, _: errors.append(error),
        **options,
    )
    try:
        yield client, errors
    finally:
        client.join()
        sdk_request._session.close()


def track(client: Any, count: int = EVENTS) -> None:
    for number in range(count):
        client.track(f"u{number}", "Email Opened", {"subject": "Grüße, \U0001f4e8"}, message_id=f"m{number}")
    client.flush()


@pytest.mark.parametrize("zipped", [False, True])
def test_what_the_sdk_sends_is_accepted_and_remembered_once(zipped: bool) -> None:
    with serve(Settings(keep_messages=True)) as sandbox, sdk(sandbox, gzip=zipped) as (client, errors):
        track(client)
        stats = sandbox.stats()
        messages = sandbox.messages()

    assert errors == []
    assert set(stats["by_status"]) == {"200"}
    assert (stats["unique"], stats["duplicate"], stats["discarded"]["total"]) == (EVENTS, 0, 0)
    assert stats["by_event"] == {"Email Opened": EVENTS}
    assert [message["messageId"] for message in messages] == [f"m{n}" for n in range(EVENTS)]
    assert messages[0]["properties"] == {"subject": "Grüße, \U0001f4e8"}
    assert (stats["wire_bytes"] < stats["bytes"]) == zipped


def test_each_kind_of_call_is_understood() -> None:
    with serve() as sandbox, sdk(sandbox) as (client, errors):
        client.identify("u1", {"plan": "free"})
        client.track("u1", "Link Clicked")
        client.page("u1", "Docs", "Home")
        client.screen("u1", "Docs", "Home")
        client.group("u1", "g1")
        client.alias("p1", "u1")
        client.flush()
        stats = sandbox.stats()

    assert errors == []
    assert stats["by_type"] == dict.fromkeys(("alias", "group", "identify", "page", "screen", "track"), 1)
    assert stats["discarded"]["total"] == 0


def test_the_sdks_own_sent_at_is_told_as_a_hazard() -> None:
    with serve() as sandbox, sdk(sandbox) as (client, _):
        track(client, 1)

        assert sandbox.stats()["hazards"] == {"batch-sent-at": 1}


def test_the_sdk_takes_a_wrong_key_for_a_success() -> None:
    settings = Settings(source=SourceState(write_key="the-one-that-it-knows"))
    with serve(settings) as sandbox, sdk(sandbox) as (client, errors):
        track(client, 3)

        assert errors == []
        assert sandbox.stats()["discarded"] == {"total": 3, "reasons": {"write-key-unknown": 3}}


def test_the_sdk_reads_the_reason_of_a_refusal() -> None:
    with serve() as sandbox, sdk(sandbox, write_key="abc") as (client, errors):
        track(client, 1)

    assert [str(error) for error in errors] == [
        "[Segment] sandbox-400: the write key is empty or too short (400)"
    ]


def test_the_sdk_retries_a_server_error_and_says_so_in_its_header() -> None:
    with serve(Settings(script=("503",))) as sandbox, sdk(sandbox) as (client, errors):
        track(client, 1)  # of two the SDK makes one request or two, as its clock has it
        stats = sandbox.stats()

    assert errors == []
    assert stats["by_status"] == {"200": 1, "503": 1}
    assert stats["retries"] == {"1": 1}
    assert (stats["unique"], stats["duplicate"]) == (1, 0)


@pytest.mark.parametrize(("fault", "duplicate"), [("reset", 0), ("ack-lost", 1)])
def test_a_cut_connection_makes_the_sdk_send_the_same_ids_again(fault: str, duplicate: int) -> None:
    with serve(Settings(script=(fault,))) as sandbox, sdk(sandbox) as (client, errors):
        track(client, 1)  # of two the SDK makes one request or two, as its clock has it
        stats = sandbox.stats()

    assert errors == []
    assert stats["by_fault"] == {fault: 1}
    assert (stats["unique"], stats["duplicate"]) == (1, duplicate)


def test_the_sdk_reads_the_wait_of_a_429() -> None:
    with serve(Settings(script=("429",), retry_after_s=7)) as sandbox, sdk(sandbox) as (client, _):
        with pytest.raises(sdk_request.APIError) as caught:
            sdk_request.post(KEY, sandbox.url, batch=[])

        assert client is not None
        assert caught.value.status == 429
        assert sdk_request.parse_retry_after(caught.value.response) == 7
