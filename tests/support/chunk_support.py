"""What comes of a chunk, to compare: of its rows together, and of each alone."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from inflection_cli.converting.converter import Converted
from inflection_cli.converting.person_columns import Seen


def facts(converted: Converted) -> tuple[object, ...]:
    """Everything that was said of some rows, messages made."""
    return (
        converted.mapped,
        dict(converted.filtered),
        [(one.line, list(one.cells), one.problems) for one in converted.rejected],
        converted.warnings,
        converted.events_filtered,
        list(zip(converted.content_ids, converted.content_hashes, strict=True)),
        converted.encode(converted.content_ids),
        converted.message_bytes,
        list(converted.lines),
        list(converted.times),
        list(converted.names),
        list(zip(*converted.people, strict=True)),
        converted.property_kinds,
        converted.unlinked,
        _seen(converted.seen),
    )


def joined(parts: list[Converted]) -> tuple[object, ...]:
    """The same of rows that were converted one by one."""
    whole = Converted()
    messages: list[bytes] = []
    people: list[tuple[str, str]] = []
    lines: list[int] = []
    for part in parts:
        whole.mapped += part.mapped
        for reason, count in part.filtered.items():
            whole.filtered[reason] = whole.filtered.get(reason, 0) + count
        whole.rejected += part.rejected
        whole.warnings += part.warnings
        whole.events_filtered += part.events_filtered
        whole.content_ids += part.content_ids
        whole.content_hashes += part.content_hashes
        messages += part.encode(part.content_ids)
        whole.message_bytes += part.message_bytes
        lines += part.lines
        whole.times += part.times
        whole.names += part.names
        people += zip(*part.people, strict=True)
        whole.property_kinds |= part.property_kinds
        whole.unlinked |= part.unlinked
    whole.encode, whole.lines = lambda _: messages, lines
    whole.people = [user for user, _ in people], [person for _, person in people]
    whole.seen = [seen for part in parts for seen in part.seen]
    return facts(whole)


def _seen(seen: Sequence[Seen]) -> dict[int, tuple[object, ...]]:
    """What tells of each block's people whether they are plausible."""
    found: dict[int, tuple[object, ...]] = {}
    for block in sorted({each.block for each in seen}):
        some = [each for each in seen if each.block == block]
        equal = sum((Counter(each.equal) for each in some), Counter[str]())
        others = [
            (name, [cell for each in some for cell in dict(each.others)[name]]) for name, _ in some[0].others
        ]
        columns = [
            [cell for each in some for cell in column(each)]
            for column in (attrgetter("user_ids"), attrgetter("person_ids"), attrgetter("addresses"))
        ]
        found[block] = (*columns, equal, others)
    return found
