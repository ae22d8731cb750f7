"""Figures of events for pictures: times, campaigns and people."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from inflection_cli.converting.converter import Converted

MOST_TIMES: Final = 20_000
"""So many hours are counted apart; more are counted by day, and more days by month."""

MOST_CAMPAIGNS: Final = 5_000
MOST_NAMES: Final = 40
MOST_OF_NAME: Final = 200
OTHERS: Final = "(others)"
NO_CAMPAIGN: Final = "(no campaign)"

_LENGTHS: Final = (13, 10, 7)
"""Of an ISO time: to the hour, to the day, to the month."""


class EventFigure(NamedTuple):
    """Counted members of one event.

    Attributes:
        name: Its name.
        time: The beginning of its instant, to the hour.
        campaign: The campaign's id, or its name where it has no id.
        title: The campaign's name.
        person: `known`, `new` or `both`.
    """

    name: str
    time: str
    campaign: str
    title: str
    person: str


def figures_of(converted: Converted) -> list[EventFigure]:
    """Return the figures of a chunk's events, independent of other chunks."""
    messages = map(orjson.loads, converted.encode(converted.content_ids))
    return list(map(_figure, converted.names, converted.times, messages))


def _figure(name: str, instant: str, message: dict[str, Any]) -> EventFigure:
    properties = message.get("properties")
    found = properties if isinstance(properties, dict) else {}
    title = str(found.get("campaign_name") or "")[:MOST_OF_NAME]
    campaign = str(found.get("campaign_id") or "")[:MOST_OF_NAME] or title or NO_CAMPAIGN
    user, anonymous = message.get("userId"), message.get("anonymousId")
    person = anonymous or message.get("context", {}).get("personId")
    kind = "both" if user and person else "known" if user else "new"
    return EventFigure(name[:MOST_OF_NAME], instant[: _LENGTHS[0]], campaign, title, kind)


class EventFigures:
    """Counts of events in bounded memory, repeats included.

    Attributes:
        by_time: Events by name, for each hour, day or month as the beginning of an ISO time in UTC.
        by_hour: Events by weekday (Monday is 0) and hour of the day, in UTC.
        by_campaign: Events by name, for each campaign's id, or its name where it has no id.
        campaign_names: The last name seen of each campaign.
        people: Events by who their person is: `known`, `new` or `both`.
    """

    def __init__(self) -> None:
        self.by_time: dict[str, Counter[str]] = {}
        self.by_hour: Counter[tuple[int, int]] = Counter()
        self.by_campaign: dict[str, Counter[str]] = {}
        self.campaign_names: dict[str, str] = {}
        self.people: Counter[str] = Counter()
        self._names: set[str] = set()
        self._precision = 0

    @property
    def precision(self) -> str:
        """The unit of `by_time`: hour, day or month."""
        return ("hour", "day", "month")[self._precision]

    def take(self, events: Sequence[EventFigure]) -> None:
        """Count the events of a chunk."""
        for event in events:
            name = self._known(event.name)
            self._count(name, event.time)
            self._count_campaign(name, event.campaign, event.title)
            self.people[event.person] += 1

    def _count(self, name: str, instant: str) -> None:
        at = instant[: _LENGTHS[self._precision]]
        found = self.by_time.get(at)
        if found is None:
            found = self.by_time[at] = Counter()
            if len(self.by_time) > MOST_TIMES:
                self._coarsen()
                found = self.by_time[instant[: _LENGTHS[self._precision]]]
        found[name] += 1
        self.by_hour[_weekday(instant[:10]), int(instant[11:13])] += 1

    def _count_campaign(self, name: str, campaign: str, title: str) -> None:
        if campaign not in self.by_campaign and len(self.by_campaign) >= MOST_CAMPAIGNS:
            campaign = OTHERS
        self.by_campaign.setdefault(campaign, Counter())[name] += 1
        if title and campaign != OTHERS:
            self.campaign_names[campaign] = title

    def _known(self, name: str) -> str:
        """Return a name that is counted apart, or `OTHERS`."""
        if name not in self._names:
            if len(self._names) >= MOST_NAMES:
                return OTHERS
            self._names.add(name)
        return name

    def _coarsen(self) -> None:
        """Count by the next larger unit of time, while there is one."""
        if self._precision == len(_LENGTHS) - 1:
            return
        self._precision += 1
        length = _LENGTHS[self._precision]
        self.by_time, fine = {}, self.by_time
        for at, counts in fine.items():
            self.by_time.setdefault(at[:length], Counter()).update(counts)


@lru_cache(maxsize=4096)
def _weekday(day: str) -> int:
    return date.fromisoformat(day).weekday()


def sum_of(counts: Counter[str], names: Sequence[str]) -> int:
    """Return how many events have one of these names."""
    return sum(counts[name] for name in names)
