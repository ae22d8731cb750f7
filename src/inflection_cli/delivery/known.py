"""What all batches together say of one event: the best of its states, and how old its doubt is."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from inflection_cli.model import BatchState

RANK: Final[Mapping[BatchState, int]] = {
    BatchState.ACCEPTED: 0,
    BatchState.IN_DOUBT: 1,
    BatchState.IN_FLIGHT: 1,
    BatchState.PENDING: 2,
    BatchState.REFUSED: 2,
    BatchState.SPLIT: 2,
}
"""How good a state is, 0 the best; what has the same rank is treated alike when a run is planned."""

_NEVER = float("inf")


class Known(NamedTuple):
    """What one batch says of one event.

    Attributes:
        content_id: 16 bytes.
        content_hash: 8 bytes.
        state: The batch's state.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None where there is no
            doubt.
        run_id: The run that recorded the batch; sorts by time.
    """

    content_id: bytes
    content_hash: bytes
    state: BatchState
    doubtful_since: float | None
    run_id: str


def best(known: Iterable[Known]) -> Known:
    """Choose, of all that is known of one event, what counts: the best state, and in it the oldest word.

    Accepted beats in doubt and in flight, which beat everything else. Among doubts the earliest counts, since
    it began then; among acceptances the earliest run's, since Segment keeps the first. The order in which
    the batches are told makes no difference.

    Args:
        known: All entries for the same content id; at least one.

    Raises:
        ValueError: Nothing is known.
    """
    return min(known, key=_precedence)


def is_fresh(doubtful_since: float, now: float, window_s: float) -> bool:
    """Tell whether a doubt is young enough for the same ids to be sent again without the user's word.

    A stamp in the future counts as old: a clock was wrong, so the doubt's age is unknown.

    Args:
        doubtful_since: Unix seconds at which the doubt began.
        now: Unix seconds.
        window_s: For how many seconds the destination is trusted to recognise an id; 0 for never.
    """
    return 0 <= now - doubtful_since < window_s


def _precedence(one: Known) -> tuple[int, float, str, BatchState, bytes]:
    since = _NEVER if one.doubtful_since is None else one.doubtful_since
    return RANK[one.state], since, one.run_id, one.state, one.content_hash
