"""Find the columns that tell e-mail from SMS, push and other channels."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from inflection_cli.inspecting.inspection_result import ColumnFinding, Inspection
from inflection_cli.mapping.column_kinds import words_of
from inflection_cli.mapping.column_names import squash
from inflection_cli.settings.toml_text import toml_list, toml_string

CHANNELS: Final = frozenset({"sms", "mms", "push", "whatsapp", "inapp", "rcs", "viber"})
_IN_CELLS: Final = CHANNELS | {"web", "webhook", "voice", "call", "letter", "telegram", "messenger", "wechat"}
"""Further channels that count in the cells of a column of channels only."""

_CHANNEL_COLUMNS: Final = frozenset(
    {"channel", "channeltype", "medium", "messagetype", "messagechannel", "type"}
)
_MAIL: Final = frozenset({"email", "emails", "mail"})
_LONGEST: Final = 40
"""A longer cell is a sentence, and no channel's name."""


class ChannelColumn(NamedTuple):
    """A column that names the channel of each row.

    Attributes:
        column: The column or path.
        others: Its cells that name another channel than e-mail, with their rows.
        mails: Its cells that name e-mail, with their rows.
    """

    column: ColumnFinding
    others: dict[str, int]
    mails: dict[str, int]

    @property
    def test(self) -> str:
        """Condition of a profile that keeps the rows of e-mail only."""
        key, words = ("equals", self.mails) if self.mails else ("not_equals", self.others)
        cells = dict.fromkeys(map(str.casefold, words))  # a profile compares them in any case
        return f"{{ column = {toml_string(self.column.name)}, {key} = {toml_list(tuple(cells))} }}"


def channel_columns(found: Inspection) -> Iterator[ChannelColumn]:
    """Yield the columns by which rows of other channels are known."""
    for column in found.columns:
        is_event = column.suggestion is not None and column.suggestion.field == "event"
        if is_event or not {squash(column.name), squash(column.name.rpartition(".")[2])} & _CHANNEL_COLUMNS:
            continue
        others = {word: count for word, count in column.words.items() if channels_in(word)}
        if others:
            rest = {word: count for word, count in column.words.items() if word not in others}
            mails = {
                word: count for word, count in rest.items() if _is_name(word) and _MAIL & channel_words(word)
            }
            yield ChannelColumn(column, others, mails)


def channels_in(cell: str) -> list[str]:
    """Return the channels other than e-mail that a cell names."""
    return sorted(_IN_CELLS & channel_words(cell)) if _is_name(cell) else []


def _is_name(cell: str) -> bool:
    return len(cell) <= _LONGEST and "@" not in cell


def channel_words(text: str) -> set[str]:
    """Return the words of a name or cell."""
    return {*words_of(text.replace(".", "_")), squash(text)}
