"""Kinds of columns by their cells, and meanings by their names."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from inflection_cli import rules
from inflection_cli.catalog import COLUMN_ALIASES, FALSE_WORDS, SENDER_WORDS, TRUE_WORDS, EventKind
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.personal_data import has_only_addresses, looks_personal
from inflection_cli.mapping.profile.property_types import decimal_marks
from inflection_cli.mapping.times.timestamps import TimestampReader

Kind = Literal[
    "empty",
    "time",
    "flag",
    "link",
    "address",
    "phone",
    "network address",
    "browser",
    "json",
    "number",
    "id",
    "text",
]
"""What most cells of a column are."""

KIND_SHARE: Final = 0.9
"""At least this share of a column's different cells has to be of a kind for the column to be of it."""

TIME_WORDS: Final = frozenset({"at", "date", "datetime", "day", "on", "time", "timestamp", "ts", "when"})
"""Words in a column's name that say that its numbers are times."""

_GROUPED: Final = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)
"""A number whose mark may stand before its fraction or between thousands."""

_ID_WORDS: Final = frozenset({"code", "id", "key", "no", "ref", "uuid"})
_LINK: Final = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:[.,']\d{3})+)(?:[.,]\d+)?", re.ASCII)
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_ID: Final = re.compile(r"(?=.*\d)[\w.:/|+-]{1,64}")
_BROWSER: Final = re.compile(r"(?:Mozilla|Opera|Dalvik|Outlook|Thunderbird)/\d")
EVENT_SHARE: Final = 0.5
"""A column names events when more than this share of its filled cells is the name of one."""

_NAMES_REMEMBERED: Final = 1 << 13

_COPY_STAMP: Final = re.compile(
    r"(?:fivetran|airbyte|sdc|dlt|hevo|rivery|stitch|etl|dbt)_.*|uuid_ts"
    r"|(?:.*_)?(?:emitted|exported|extracted|imported|ingested|loaded|replicated|synced)(?:_(?:at|on|date|time|ts))?"
    r"|(?:.*_)?(?:extraction|ingest|ingestion|load|replication|sync)_(?:at|on|date|datetime|id|time|timestamp|ts)"
)
"""Names of what was added when a row was copied from one store to another: a time, or the copy's own id."""

_OF_A_COPY: Final = ("_metadata", "_stitch")
"""Beginnings of such names, in which the line counts: metadata may well be the export's own."""

_OF_A_SENDER: Final = (
    "sender",
    "replyto",
    "mailfrom",
    "fromaddr",
    "fromdomain",
    "fromemail",
    "fromid",
    "fromname",
)
"""Beginnings of names without signs between their words that are about the sender."""

_IDLE_WORDS: Final = frozenset(
    {
        "at",
        "code",
        "count",
        "date",
        "datetime",
        "day",
        "first",
        "last",
        "num",
        "number",
        "of",
        "on",
        "reason",
        "time",
        "times",
        "timestamp",
        "total",
        "ts",
        "type",
        "was",
        "when",
    }
)
"""Words around an event in a column's name."""

_NOT_TIMES: Final = frozenset(
    {
        rules.TIMESTAMP_MISSING.code,
        rules.TIMESTAMP_UNREADABLE.code,
        rules.TIMESTAMP_EPOCH_UNCLEAR.code,
        rules.TIMESTAMP_SERIAL.code,
        rules.TIMESTAMP_SCIENTIFIC.code,
        rules.TIMESTAMP_BEFORE_1970.code,
    }
)


def kind_of_cell(text: str) -> Kind:
    """Return the kind of a cell; `are_times` decides about times.

    Args:
        text: The cell without outer white space, not empty.
    """
    return next((kind for kind, holds in _TESTS if holds(text)), "text")


def kind_of_column(name: str, kinds: Mapping[Kind, int], *, times: bool) -> Kind:
    """Return the kind of a column.

    Args:
        name: Its name: it tells ids made of digits from numbers.
        kinds: How many of its different cells are of each kind.
        times: Whether its cells are times.
    """
    total = sum(kinds.values())
    if not total:
        return "empty"
    if times:
        return "time"
    tally = Counter(kinds)
    digits = tally["number"] + tally["flag"]
    for kind, count in (*tally.items(), ("number", digits), ("id", digits + tally["id"])):
        if count >= KIND_SHARE * total:
            return "id" if kind == "number" and _ID_WORDS & words_of(name) else kind
    return "text"


def are_times(name: str, cells: Iterable[str], reader: TimestampReader) -> bool:
    """Return whether cells are times; bare numbers need a fitting column name.

    Args:
        name: The column's name.
        cells: Some of its cells, none of them empty; in a column known as the timestamp one that reads is enough.
        reader: Reads times without a zone or format.
    """
    texts = [cell.strip() for cell in cells]
    numbers_count = bool(TIME_WORDS & words_of(name))
    found = sum(
        (isinstance(read, str) or read.rule.code not in _NOT_TIMES)
        and (numbers_count or not _DIGITS.fullmatch(text))
        for text, read in zip(texts, reader.read(texts), strict=True)
    )
    is_timestamp = squash(name) in {"timestamp", *COLUMN_ALIASES["timestamp"]}
    return found > 0 and (is_timestamp or found >= KIND_SHARE * len(texts))


class NumberMarks(NamedTuple):
    """The decimal characters of a column's numbers.

    Attributes:
        read: Those by which all of them are numbers.
        proved: Those that stand before a fraction for certain.
    """

    read: frozenset[str] = frozenset(".,")
    proved: frozenset[str] = frozenset()

    def joined(self, other: "NumberMarks") -> "NumberMarks":
        """Return the marks of both together."""
        return NumberMarks(self.read & other.read, self.proved | other.proved)

    @property
    def decimal(self) -> str | None:
        """The character before the fraction; None if it is unclear."""
        if len(self.read) > 1:
            return "."
        is_clear = bool(self.read) and self.read == self.proved
        return next(iter(self.read)) if is_clear else None


def number_marks(text: str) -> NumberMarks:
    """Return the decimal characters by which a cell is a number."""
    read = decimal_marks(text)
    is_grouped = _GROUPED.fullmatch(text) is not None
    return NumberMarks(read, frozenset() if is_grouped or len(read) > 1 else read)


def names_browsers(name: str, cells: Iterable[str]) -> bool:
    """Return whether a column has browsers' names, not user agents.

    Its name alone would make it the user agent, which has a version behind a slash.
    """
    if squash(name) != "browser":
        return False
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and not any("/" in cell for cell in filled)


def are_addresses(cells: Iterable[str]) -> bool:
    """Return whether the filled cells are e-mail addresses, also with names."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and sum(map(_is_address, filled)) >= KIND_SHARE * len(filled)


def _is_address(cell: str) -> bool:
    return "@" in cell and (looks_personal(cell) or has_only_addresses(cell))


def words_of(name: str) -> set[str]:
    """Return the words of a column's name, in lower case."""
    return set(snake_case(name).split("_"))


@lru_cache(maxsize=_NAMES_REMEMBERED)
def event_of_column(name: str) -> EventKind | None:
    """Find the event in a name like `Delivered At`; None if absent."""
    words = [word for word in snake_case(name).split("_") if word not in _IDLE_WORDS]
    return kind_of("".join(words)) if words else None


def is_copy_stamp(name: str) -> bool:
    """Return whether a copy added a column: `_fivetran_synced`, `emitted_at`, `_dlt_id`."""
    if name.lower().startswith(_OF_A_COPY):
        return True
    return _COPY_STAMP.fullmatch(snake_case(name.rpartition(".")[2])) is not None


def is_of_the_sender(name: str) -> bool:
    """Return whether a name is the sender's: `from_email`, `data.from`, `sender.id`."""
    words = path_words(name)
    return not SENDER_WORDS.isdisjoint(words) or any(word.startswith(_OF_A_SENDER) for word in words)


def path_words(name: str) -> set[str]:
    """Return the words of a column's name or path, in lower case."""
    return {word for key in name.split(".") for word in (*snake_case(key).split("_"), squash(key))}


def _is_network_address(text: str) -> bool:
    if not (("." in text or ":" in text) and len(text) <= 45):
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_TESTS: Final[tuple[tuple[Kind, Callable[[str], object]], ...]] = (
    ("flag", lambda text: text.lower() in TRUE_WORDS or text.lower() in FALSE_WORDS),
    ("json", lambda text: text[0] in "{[" and text[-1] in "}]"),
    ("link", _LINK.fullmatch),
    ("address", lambda text: "@" in text and looks_personal(text)),
    ("phone", looks_personal),
    ("browser", _BROWSER.match),
    ("network address", _is_network_address),
    ("number", _NUMBER.fullmatch),
    ("id", _ID.fullmatch),
)
"""The kinds, each with its test; the first that holds counts."""
