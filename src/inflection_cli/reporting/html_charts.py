"""Charts of the HTML report, as inline SVG without script."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from inflection_cli.reporting.html_markup import Markup, element, table

COLORS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a100", "#7f7f7f")
"""After Okabe and Ito, "Color Universal Design": told apart by people who see few colours."""

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_MOST_BARS: Final = 60
_LEAST_BARS: Final = 4
"""Fewer bars leave room, since one bar over the whole width says nothing."""

_WIDTH, _HEIGHT = 720, 200
_REST: Final = "(all other events)"
_UNITS: Final = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}
_SIZES: Final = {"hour": 1, "day": 24, "month": 24 * 31}


def over_time(by_time: Mapping[str, Counter[str]], precision: str) -> Markup:
    """Draw events over time as stacked bars, by name."""
    names = _series(by_time)
    bars = _bars(by_time, precision, names)
    most = max((sum(counts) for _, counts in bars), default=0) or 1
    step = _WIDTH / max(_LEAST_BARS, len(bars))
    drawn = []
    for at, (label, counts) in enumerate(bars):
        top = float(_HEIGHT)
        for name, color, count in zip(names, COLORS, counts, strict=False):
            height = count / most * (_HEIGHT - 20)
            top -= height
            if count:
                title = element("title", f"{label}: {name} {count:,}")
                place = {"x": f"{at * step:.1f}", "y": f"{top:.1f}", "width": f"{step * 0.86:.1f}"}
                drawn.append(element("rect", title, **place, height=f"{height:.1f}", fill=color))
    first, last = bars[0][0], bars[-1][0]
    drawn += [
        element("line", x1=0, x2=_WIDTH, y1=_HEIGHT, y2=_HEIGHT, class_="axis"),
        element("text", first, x=0, y=_HEIGHT + 14),
        *(
            [element("text", last, x=len(bars) * step, y=_HEIGHT + 14, text_anchor="end")]
            if len(bars) > 1
            else []
        ),
        element("text", f"{most:,} at most", x=0, y=12),
    ]
    words = f"Bars of the events from {first} to {last} (UTC), at most {most:,} in one bar; numbers in the table below."
    svg = element("svg", *drawn, viewBox=f"0 0 {_WIDTH} {_HEIGHT + 20}", role="img", aria_label=words)
    totals = Counter[str]()
    for _, counts in bars:
        totals.update(dict(zip(names, counts, strict=True)))
    legend = [
        element("li", _swatch(color), f"{name} {totals[name]:,}")
        for name, color in zip(names, COLORS, strict=False)
    ]
    rows: list[list[str | int]] = [[label, *counts] for label, counts in bars if sum(counts)]
    numbers = table("Events over time (UTC)", ("from", *names), rows)
    details = element("details", element("summary", "The numbers of this picture"), numbers)
    return element("figure", svg, element("ul", *legend, class_="legend"), details)


def by_hour(counts: Mapping[tuple[int, int], int]) -> Markup:
    """Draw events by weekday and hour as squares of growing strength."""
    most = max(counts.values(), default=0) or 1
    drawn = [element("text", f"{hour:02}", x=80 + hour * 26, y=12) for hour in range(0, 24, 3)]
    for day, name in enumerate(DAYS):
        drawn.append(element("text", name, x=0, y=32 + day * 22))
        for hour in range(24):
            count = counts.get((day, hour), 0)
            drawn.append(
                element(
                    "rect",
                    element("title", f"{name} {hour:02}:00: {count:,}"),
                    x=80 + hour * 26,
                    y=18 + day * 22,
                    width=24,
                    height=20,
                    class_="heat" if count else "empty",
                    fill_opacity=f"{0.15 + 0.85 * count / most:.2f}" if count else None,
                )
            )
    words = (
        f"Events by day of the week and hour (UTC); at most {most:,} in an hour. Numbers in the table below."
    )
    svg = element("svg", *drawn, viewBox="0 0 720 175", role="img", aria_label=words)
    rows: list[list[str | int]] = [
        [name, *(counts.get((day, hour), 0) for hour in range(24))] for day, name in enumerate(DAYS)
    ]
    numbers = table("Events by weekday and hour (UTC)", ("day", *(f"{hour:02}" for hour in range(24))), rows)
    return element(
        "figure", svg, element("details", element("summary", "The numbers of this picture"), numbers)
    )


def share_bar(words: str, share: float) -> Markup:
    """Draw how much of a limit was used."""
    used = max(0.0, min(1.0, share)) * _WIDTH
    return element(
        "svg",
        element("rect", x=0, y=2, width=_WIDTH, height=14, class_="empty"),
        element("rect", x=0, y=2, width=f"{used:.1f}", height=14, class_="heat"),
        viewBox=f"0 0 {_WIDTH} 18",
        role="img",
        aria_label=words,
    )


def _swatch(color: str) -> Markup:
    square = element("rect", width=12, height=12, fill=color)
    return element("svg", square, viewBox="0 0 12 12", aria_hidden="true")


def _series(by_time: Mapping[str, Counter[str]]) -> list[str]:
    """Return the names that have a colour, the most frequent first."""
    totals = Counter[str]()
    for counts in by_time.values():
        totals.update(counts)
    names = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    return names if len(names) <= len(COLORS) else [*names[: len(COLORS) - 1], _REST]


def _bars(
    by_time: Mapping[str, Counter[str]], precision: str, names: Sequence[str]
) -> list[tuple[str, list[int]]]:
    """Group times into bars of one length, empty ones included."""
    form = _UNITS[precision]
    at = {key: datetime.strptime(key, form).replace(tzinfo=UTC) for key in by_time}
    first, last = min(at.values()), max(at.values())
    hours = _SIZES[precision]
    whole = (last - first) // timedelta(hours=1) + 1
    hours = next(
        (each for each in (1, 3, 6, 12, 24, 24 * 7, 24 * 31) if each >= hours and whole <= each * _MOST_BARS),
        -(-whole // (24 * _MOST_BARS)) * 24,
    )
    if hours >= 24:
        first = first.replace(hour=0)
    bars = [[0] * len(names) for _ in range((last - first) // timedelta(hours=hours) + 1)]
    for key, counts in by_time.items():
        bar = bars[(at[key] - first) // timedelta(hours=hours)]
        for name, count in counts.items():
            bar[names.index(name) if name in names else -1] += count
    shown = "%Y-%m-%d" if hours >= 24 else "%Y-%m-%d %H:%M"
    return [
        ((first + number * timedelta(hours=hours)).strftime(shown), counts)
        for number, counts in enumerate(bars)
    ]
