"""What Segment's Tracking API accepts, as its own documentation has it."""

from typing import Final

MAX_EVENT_BYTES: Final = 32_000
"""One event, as it came. Segment docs, HTTP API, "Max request size": 32KB per event, read as thousands."""

MAX_BODY_BYTES: Final = 500_000
"""A whole batch body, inflated. Segment docs, HTTP API, "Batch": 500KB per request, read as thousands."""

MAX_BATCH_EVENTS: Final = 2_500
"""Segment docs, HTTP API, "Errors": up to 2500 events; over it a 200, and the events are rejected."""

MAX_MESSAGE_ID_CHARACTERS: Final = 99
"""Segment docs, HTTP API, "Errors", "Deduplication": messageId values "with fewer than 100 characters"."""

MIN_WRITE_KEY_CHARACTERS: Final = 4
"""Only an empty or very short key is answered 400; how short is not documented, so this is a guess."""

BODY_BOUND_BYTES: Final = 8_000_000
"""Ours: what the sandbox reads of a body, as sent and inflated, before it answers 413 and gives up."""

TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})
"""Segment docs, HTTP API, "Batch": each call must have a `type` with a valid method name."""
