"""Whether the export's own event ids identify events: one id that stands for two times does not."""

from collections.abc import Mapping, Sequence
from typing import Final

from inflection_cli.mapping.suggest import AUTOMATIC, Suggestion

_MOST_IDS: Final = 50_000
_CONTENT: Final = ("timestamp", "email_link_url", "userId", "personId")


class OwnIdGauge:
    """Compares the rows that share an own id and an event, among the first so many ids.

    Args:
        columns: The names of the cells of a row.
        fields: The field that each column would be.
    """

    def __init__(self, columns: Sequence[str], fields: Mapping[str, Suggestion]) -> None:
        places = {
            fields[name].field: index
            for index, name in enumerate(columns)
            if name in fields and fields[name].reason in AUTOMATIC and not fields[name].tied_with
        }
        self._id = places.get("event_id")
        self._event = places.get("event")
        self._content = [places[name] for name in _CONTENT if name in places]
        self._seen: dict[int, int] = {}
        self.conflicts = 0

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Take rows; rows that an id does not tell apart are counted in `conflicts`."""
        if self._id is None:
            return
        for row in rows:
            if not row[self._id]:
                continue
            key = hash((row[self._id], row[self._event] if self._event is not None else ""))
            content = hash(tuple(row[index] for index in self._content))
            if len(self._seen) < _MOST_IDS or key in self._seen:
                self.conflicts += self._seen.setdefault(key, content) != content
