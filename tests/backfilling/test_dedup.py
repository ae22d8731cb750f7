"""Dispositions: repeats, what the ledger knows, and which of several words about one event counts."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.backfilling import dedup
from inflection_cli.backfilling.dedup import Deduplicator, Dispositions, LedgerEvents
from inflection_cli.backfilling.spill import RUN_RECORDS, SpillGroups, count_distinct
from inflection_cli.model import Disposition

SEND, DUPLICATE = Disposition.SEND, Disposition.DUPLICATE
OF_THE_LEDGER = (
    Disposition.ALREADY_ACCEPTED,
    Disposition.IN_DOUBT,
    Disposition.RESEND,
    Disposition.ELSEWHERE,
    Disposition.REFUSED,
)
BY_WEIGHT = OF_THE_LEDGER
"""What is accepted here beats a doubt; an old doubt beats a fresh one; what another destination has comes
after both, and what was refused last."""

KEYS = st.lists(st.integers(0, 12), max_size=40)
KNOWN = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(OF_THE_LEDGER)), max_size=20)


def content_id(key: int) -> bytes:
    return blake2b(str(key).encode(), digest_size=16).digest()


def settled(
    keys: Sequence[int], known: Sequence[tuple[int, Disposition]] = (), *, step: int = 7
) -> Dispositions:
    """Settle events by key, in portions of `step`."""
    settling = Deduplicator()
    for first in range(0, len(keys), step):
        part = keys[first : first + step]
        settling.add([content_id(key) for key in part], [0] * len(part))
    settling.add_known(LedgerEvents(content_id(key), 0, what, run) for run, (key, what) in enumerate(known))
    return settling.settle()


def naive(keys: Sequence[int], known: Sequence[tuple[int, Disposition]]) -> list[Disposition]:
    """The same by a dict, one event after the other."""
    told: dict[int, list[Disposition]] = {}
    for key, what in known:
        told.setdefault(key, []).append(what)
    seen: set[int] = set()
    found = []
    for key in keys:
        words = sorted(told.get(key, [SEND]), key=[*BY_WEIGHT, SEND].index)
        found.append(DUPLICATE if key in seen else words[0])
        seen.add(key)
    return found


@given(keys=KEYS, known=KNOWN)
def test_every_event_gets_what_a_plain_dict_would_give_it(
    keys: list[int], known: list[tuple[int, Disposition]]
) -> None:
    found = settled(keys, known)
    expected = naive(keys, known)
    assert [found.one(ordinal) for ordinal in range(len(keys))] == expected
    assert {what: count for what, count in found.counts.items() if count} == Counter(expected)
    assert found.events == len(keys)


@given(keys=KEYS, known=KNOWN, first=st.integers(0, 45))
def test_counting_from_an_ordinal_on_is_counting_one_by_one(
    keys: list[int], known: list[tuple[int, Disposition]], first: int
) -> None:
    found = settled(keys, known)
    assert found.count_from(first) == Counter(naive(keys, known)[first:])


@given(keys=KEYS, known=KNOWN, first=st.integers(0, 40), count=st.integers(0, 40))
def test_a_stretch_is_none_only_where_all_of_it_is_to_be_sent(
    keys: list[int], known: list[tuple[int, Disposition]], first: int, count: int
) -> None:
    found = settled(keys, known)
    first = min(first, len(keys))
    count = min(count, len(keys) - first)
    expected = naive(keys, known)[first : first + count]
    assert (found.of(first, count) or [SEND] * count) == expected


@given(keys=KEYS, known=KNOWN, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_the_ledger_tells_makes_no_difference(
    keys: list[int], known: list[tuple[int, Disposition]], seed: Random
) -> None:
    other = list(known)
    seed.shuffle(other)
    assert settled(keys, other).bits == settled(keys, known).bits


def test_many_runs_on_disk_come_to_the_same() -> None:
    random = Random(7)
    keys = [random.randrange(RUN_RECORDS) for _ in range(2 * RUN_RECORDS + 100)]
    known = [(random.randrange(RUN_RECORDS), random.choice(OF_THE_LEDGER)) for _ in range(2_000)]
    found = settled(keys, known, step=5_000)
    assert [found.one(ordinal) for ordinal in range(len(keys))] == naive(keys, known)


@given(numbers=st.lists(st.integers(0, 50), max_size=80), run_records=st.integers(1, 9))
def test_distinct_records_are_counted_across_runs(numbers: list[int], run_records: int) -> None:
    runs = SpillGroups(8, run_records)
    for number in numbers:
        runs.add([content_id(number)[:8]])
    assert count_distinct(runs) == len(set(numbers))


@given(
    numbers=st.lists(st.integers(0, 50), max_size=80),
    run_records=st.integers(1, 9),
    most=st.none() | st.integers(1, 9),
)
def test_runs_hand_back_all_records_equal_keys_together(
    numbers: list[int], run_records: int, most: int | None
) -> None:
    runs = SpillGroups(20, run_records)
    records = [content_id(number) + i.to_bytes(4) for i, number in enumerate(numbers)]
    for record in records:
        runs.add([record])
    parts = list(runs.parts(most))
    runs.close()
    assert sorted(record for part in parts for record in part) == sorted(records)
    keys = [key for part in parts for key in {record[:16] for record in part}]
    assert len(keys) == len(set(keys))


def test_a_large_part_is_handed_back_in_lists_of_about_the_size_asked_for() -> None:
    runs = SpillGroups(16, 64)
    random = Random(3)
    records = [b"\x07" + random.randbytes(15) for _ in range(4_000)]
    runs.add(records)
    runs.add([])
    parts = [part for part in runs.parts(100) if part]
    runs.close()
    assert sorted(record for part in parts for record in part) == sorted(records)
    assert max(map(len, parts)) < 200


def conflicts(
    *events: tuple[int, int], own_ids: bool = False, known: Sequence[LedgerEvents] = ()
) -> Dispositions:
    settling = Deduplicator(own_ids=own_ids)
    settling.add([content_id(key) for key, _ in events], [content for _, content in events])
    settling.add_known(known)
    return settling.settle()


def test_a_repeat_with_other_content_is_a_conflict_with_the_one_that_is_kept() -> None:
    found = conflicts((1, 5), (2, 6), (1, 5), (1, 9))
    (conflict,) = found.conflicts
    assert (conflict.ordinal, conflict.other, conflict.own) == (3, 0, False)
    assert found.conflict_count == 1


def test_the_first_five_conflicts_are_kept_and_all_are_counted() -> None:
    found = conflicts(*((key, content) for content in (0, 1) for key in range(9)))
    assert [conflict.ordinal for conflict in found.conflicts] == [9, 10, 11, 12, 13]
    assert found.conflict_count == 9


@pytest.mark.parametrize(("other", "own"), [(1 << 32 | 5, True), (6, False)])
def test_own_ids_that_span_places_are_told_from_other_content(other: int, own: bool) -> None:
    found = conflicts((1, 5), (1, other), own_ids=True)
    assert (found.conflicts[0].own, found.own_conflict_count) == (own, int(own))


def test_what_the_ledger_has_with_other_content_names_the_run() -> None:
    known = [LedgerEvents(content_id(1), 7, Disposition.ALREADY_ACCEPTED, 42)]
    (conflict,) = conflicts((1, 5), known=known).conflicts
    assert (conflict.ordinal, conflict.other, conflict.run) == (0, None, 42)


def test_what_only_the_ledger_knows_is_nobodys_event() -> None:
    found = settled([1], [(2, Disposition.ALREADY_ACCEPTED)])
    assert (found.one(0), found.counts[Disposition.ALREADY_ACCEPTED]) == (SEND, 0)


def test_nothing_settles_to_nothing() -> None:
    found = settled([])
    assert (found.events, len(found.bits), found.count_from(0).total(), found.of(0, 0)) == (0, 0, 0, None)


def test_a_repeat_of_what_is_accepted_is_a_duplicate_of_it_and_not_accepted_twice() -> None:
    found = settled([1, 1], [(1, Disposition.ALREADY_ACCEPTED)])
    assert [found.one(0), found.one(1)] == [Disposition.ALREADY_ACCEPTED, DUPLICATE]
    assert dedup.CONFLICTS_SHOWN == 5
