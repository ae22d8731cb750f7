"""Values that are converted without Typer's own conversion are what Typer makes of them."""

from typing import Any

import typer
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from option_support import PLACES, commands

NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.from_regex(r"[-+ ]{0,2}[0-9]{0,17}[._]?[0-9]{0,17}(e[0-9])? ?", fullmatch=True),
    st.text("0123456789.-+_e ٣½", max_size=8),
)
"""Texts that are numbers, or nearly."""

PARAMETERS = {
    (str(each.type_descriptor.annotation), each.min, each.max, str(each.default)): each
    for _, command in commands()
    for each in (*command.params, *(place.option for place in PLACES))
}
"""One parameter of each type, range and default."""


def outcome(conversion: Any, parameter: Any, value: Any) -> tuple[Any, ...]:
    try:
        found = conversion.coerce(value, param=parameter, ctx=None)
    except typer.BadParameter as error:
        return ("refused", error.format_message())
    return (
        "taken",
        type(found),
        repr(found),
        [type(each) for each in found] if isinstance(found, list) else [],
    )


def spelled(parameter: Any, texts: list[str]) -> list[Any]:
    """The values that a parser may hand over for a parameter."""
    given = [tuple(texts)] if parameter.multiple or parameter.nargs == -1 else texts
    return [None, parameter.default, *given]


@examples(100)
@given(st.lists(NUMBERS | st.text(max_size=5) | st.sampled_from(["never", "US", "us"]), max_size=3))
def test_a_value_is_what_typer_makes_of_it(texts: list[str]) -> None:
    for parameter in PARAMETERS.values():
        by_typer = type(parameter).get_runtime_param(parameter)
        assert parameter.get_runtime_param() is not by_typer
        for value in spelled(parameter, texts):
            found = outcome(parameter.get_runtime_param(), parameter, value)
            assert found == outcome(by_typer, parameter, value), (parameter, value)
