"""Markup for the HTML report: text is escaped, whatever it says."""

import html
from collections.abc import Iterable, Sequence
from typing import Final

from inflection_cli.sanitize import escape

_VOID: Final = frozenset({"meta", "rect", "line"})
_MOST_OF_TEXT: Final = 400


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | int


def element(tag: str, *content: Content, **attributes: object) -> Markup:
    """Build an element.

    Args:
        tag: Its name.
        content: Markup stands as it is; all else is escaped.
        attributes: A trailing underscore is dropped, others become hyphens; None leaves the attribute out.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(escape(str(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
    opening = f"<{tag}{named}>"
    if tag in _VOID and not content:
        return Markup(f"{opening}</{tag}>" if tag != "meta" else opening)
    return Markup(f"{opening}{join(content)}</{tag}>")


def join(content: Iterable[Content]) -> Markup:
    """Join markup and texts to markup."""
    return Markup("".join(each if isinstance(each, Markup) else _text(each) for each in content))


def _text(value: Content) -> str:
    return f"{value:,}" if isinstance(value, int) else html.escape(escape(value, _MOST_OF_TEXT))


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[Content]], *, sortable: bool = True
) -> Markup:
    """Build a table whose first cells name their rows."""
    body = [[*row] for row in rows]
    numeric = [bool(body) and all(_is_number(row[at]) for row in body) for at in range(len(head))]
    names = [
        element("th", name, scope="col", class_="n" if n else None)
        for name, n in zip(head, numeric, strict=True)
    ]
    lines = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(_cell(value, number=n) for value, n in zip(row[1:], numeric[1:], strict=True)),
        )
        for row in body
    ]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *names)),
        element("tbody", *lines),
        data_sort="" if sortable else None,
    )
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _is_number(value: Content) -> bool:
    return isinstance(value, int) or value.endswith(("%", "–"))  # noqa: RUF001 - a dash for "no rate"


def _cell(value: Content, *, number: bool) -> Markup:
    if not number:
        return element("td", value)
    plain = str(value) if isinstance(value, int) else value.rstrip("%")
    return element("td", value, class_="n", data_v=plain if plain[:1].isdigit() else "-1")
