"""An export whose headers nobody foresaw: the story of a first evening with the tool, at any number of rows."""

from datetime import datetime, timedelta

HEADER = "Row,Client,What happened,When (local),Mailing,Goto URL"
START = datetime(2024, 1, 8, 6, 0)  # noqa: DTZ001 - a local time, as the export has it
KINDS = (
    "Email Sent",
    "opened",
    "Email Sent",
    "clicked",
    "opened",
    "Hard Bounce",
    "Sent",
    "opened",
    "delivered",
    "clicked",
)
"""In turn; three of them are names that Inflection does not have."""


def unforeseen_export(rows: int, bad: tuple[int, ...] = ()) -> str:
    """The file's text.

    Args:
        rows: How many rows there are.
        bad: Rows, counted from 0, whose time is no time.
    """
    lines = [HEADER]
    for i in range(rows):
        kind = KINDS[i % len(KINDS)]
        when = START + timedelta(minutes=i * 5)
        time = "unknown" if i in bad else f"{when:%d/%m/%Y %H:%M:%S}"
        link = f"https://shop.example/{i % 50}" if kind == "clicked" else ""
        lines.append(f"{i + 1},C-{i * 7 % 1201:05},{kind},{time},M{i // 5000:02},{link}")
    return "\n".join([*lines, ""])
