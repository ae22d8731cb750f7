"""What a profile draws out of cells: paths into JSON, value maps, hashes, types; and conditions on rows."""

import hashlib
import json
import pickle
from collections import Counter
from decimal import Decimal
from itertools import product
from typing import Any

import layout_support as tools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError, as_text, parse, parse_all
from inflection_cli.mapping.profile.extraction import RowExtender
from inflection_cli.mapping.profile.profile_schema import Condition, TimeColumn
from inflection_cli.settings.declarations import InputOptions

NUMBERS = ("0", "-0", "1", "1.10", "-12.50", "1e5", "1E+05", "0.1", "123456789012345678901", "1.0e-7")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4)


class Spelled(str):
    """JSON as it is to stand in the text."""

    __slots__ = ()


def spell(value: Any, space: str = "") -> str:
    """JSON with numbers as they are spelled, and this white space wherever there may be some."""
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, dict):
        inner = f",{space}".join(f"{spell(k)}{space}:{space}{spell(v, space)}" for k, v in value.items())
        return "{" + space + inner + space + "}"
    if isinstance(value, list):
        return "[" + space + f"{space},".join(spell(one, space) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


LEAVES = st.one_of(TEXT, st.sampled_from(NUMBERS).map(Spelled), st.booleans(), st.none())

VALUES: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(LEAVES, st.lists(VALUES, max_size=3), st.dictionaries(KEYS, VALUES, max_size=3))
)


@st.composite
def places(draw: st.DrawFn) -> tuple[Any, str, str]:
    """JSON that leads to a leaf, the dotted way there, and the leaf's text."""
    leaf = draw(LEAVES)
    text = (
        {None: "", True: "true", False: "false"}.get(leaf)
        if leaf is None or isinstance(leaf, bool)
        else str(leaf)
    )
    value: Any = leaf
    way: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            key = draw(KEYS)
            value = {**dict.fromkeys(draw(st.lists(KEYS, max_size=2)), 1), key: value}
        else:
            before = draw(st.integers(0, 2))
            value, key = [*["x"] * before, value], str(before)
        way.insert(0, quoted(key) if "." in key or key.startswith('"') or draw(st.booleans()) else key)
    assert text is not None
    return value, ".".join(way), text


def quoted(key: str) -> str:
    """A key of a path as it may always be written."""
    return '"' + key.replace('"', '""') + '"'


def take(json_text: str, path: str, **done: Any) -> tools.Read:
    """Read one property out of a column `payload`."""
    said = tools.profile(properties={"found": tools.column(f"payload.{path}", **done)})
    return tools.read({**tools.ROW, "payload": json_text}, said)


@given(place=places(), space=st.sampled_from(["", " ", "\n\t"]))
@example(place=({"a": "Â\xa0"}, "a", "Â\xa0"), space="")
def test_a_path_into_json_gives_back_exactly_the_text_and_the_digits(
    place: tuple[Any, str, str], space: str
) -> None:
    value, path, text = place
    found = take(spell(value, space), path)
    # A text may read "null", or look as if it was decoded twice: it is sent as it is.
    assert set(found.codes) <= {"null-spelled", "text-damaged"}
    assert found.properties.get("found", "") == text


@given(value=VALUES)
def test_parsed_json_is_written_back_with_the_spelling_of_every_number(value: Any) -> None:
    assert as_text(parse(spell({"a": [value]}, " "))) == spell({"a": [value]})


@given(values=st.lists(VALUES, min_size=1, max_size=5), space=st.sampled_from(["", " ", "\n\t"]))
def test_many_texts_are_parsed_as_each_alone(values: list[Any], space: str) -> None:
    texts = [spell(value, space) for value in values]
    assert parse_all(texts) == list(map(parse, texts))


BESIDE = (
    "{}",
    "481516234296815162",
    '{"a": [1',
    "2]}",
    '{"b": 1},{"c": 2}',
    '{"b": 1},"48151623429681516\\u0032",{"c": 2}',
    '{"b": 1},481516234296815162,{"c": 2}',
    "[",
    "]",
    "",
    "[" * 33 + "]" * 33,
)


@pytest.mark.parametrize("to_send", [False, True])
def test_texts_that_are_not_each_one_value_are_not_parsed_together(*, to_send: bool) -> None:
    together = [texts for texts in product(BESIDE, repeat=3) if parse_all(texts, to_send=to_send)]
    assert together == [("{}", "{}", "{}")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": 1, "a": 1}', "json-duplicate-key"),
        ('{"a": {"b c": 1, "b c": 2}}', "json-duplicate-key"),
        ('{"": 1}', "json-empty-key"),
        ('{"a": {"": {}}}', "json-empty-key"),
        ('{"a": "\\u0000"}', "nul-character"),
        ('{"a": "\\ud83d"}', "json-lone-surrogate"),
        ('{"a": ["\\ud83d"]}', "json-lone-surrogate"),
        ('{"a": NaN}', "json-not-a-number"),
        ("[" * 33 + "]" * 33, "json-too-deep"),
    ],
)
def test_json_that_would_lose_something_is_refused(text: str, code: str) -> None:
    with pytest.raises(JsonError) as refused:
        as_text(parse(text))
    assert refused.value.rule.code == code


@pytest.mark.parametrize(
    "cells",
    [
        ['{"a": 1}', "", "null"],
        ["[1", "2]", "3,4,5"],
        ["1", "2,3"],
        ['{"a": 1', '"b": 2}'],
        ['1,"infl-seg/between",2', "3"],
        ['{"a": 1}, "infl-seg/between", {"a": 2}', '{"x": [3', "4]}"],
        ['{"x": [1', "2]}", '{"a": 3}, {"a": 4}, {"a": 5}'],
        ['"infl-seg/between"', '{"a": "infl-seg/between"}'],
        ['{"a": 1}, "infl-seg/between"', "[1", "2]"],
        ['{"a": 1.10}', '{"a": 2}'],
        ['{"a": {"b": ' * 40 + "1" + "}" * 80, '{"a": 2}'],
        ['{"a": 1, "a": 1}', '{"a": 2}'],
        ["]", "["],
        ["1]", "[2"],
    ],
)
def test_cells_that_are_read_together_are_what_each_is_alone(cells: list[str]) -> None:
    said = tools.profile(properties={"found": tools.column("payload.a", type="integer")})
    layout = tools.laid_out(("payload", *tools.ROW), said)
    rows = [[cell, *tools.ROW.values()] for cell in cells]
    alone = [tools.shaped(layout, [row, row, row]) for row in rows]
    together, notes = tools.shaped(layout, rows)
    assert together == [shaped[0] for shaped, _ in alone]
    assert dict(notes) == {i: said[0] for i, (_, said) in enumerate(alone) if said}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ('payload."a.b".c', "1"),
        ('payload."a".b', "2"),
        ("payload.a.b", "2"),
        ('payload."say ""hi"""', "3"),
        ('"payload"."a.b"."c"', "1"),
        ('"utm.source".x', "4"),
        ("utm.source.x", "4"),
    ],
)
def test_a_key_with_dots_stands_in_double_quotes(path: str, found: str) -> None:
    cells = {
        **tools.ROW,
        "payload": '{"a.b": {"c": 1}, "a": {"b": 2}, "say \\"hi\\"": 3}',
        "utm.source": '{"x": 4}',
    }
    said = tools.profile(properties={"found": tools.column(path)}, other_columns="drop")
    assert tools.read(cells, said).properties == {"found": found}


@pytest.mark.parametrize("path", ['payload."a', 'payload."a"b', "payload.", ".a", "payload..a", 'payload.""'])
def test_a_path_that_is_none_is_a_column_that_is_not_there(path: str) -> None:
    with pytest.raises(InputError, match="lacks a column"):
        tools.laid_out((*tools.ROW, "payload"), tools.profile(properties={"x": tools.column(path)}))


@pytest.mark.parametrize("value", [{"b": [1, {"c": "ü"}]}, [], [1.10, None]])
def test_what_is_no_leaf_is_given_as_compact_json(value: Any) -> None:
    assert take(json.dumps({"a": value}), "a").properties["found"] == json.dumps(
        value, ensure_ascii=False, separators=(",", ":")
    )


@pytest.mark.parametrize(
    ("json_text", "path"),
    [
        ("", "a"),
        ("  ", "a"),
        ("null", "a"),
        ("{}", "a.b.c"),
        ('{"a": null}', "a.b"),
        ('{"a": ""}', "a"),
        ("[]", "0"),
        ('{"a": [1]}', "a.1"),
        ('{"a": [1]}', "a.999999999"),
    ],
)
def test_a_missing_key_and_an_empty_cell_are_absent(json_text: str, path: str) -> None:
    found = take(json_text, path)
    assert (found.codes, found.properties) == ([], {})


@pytest.mark.parametrize(
    "json_text",
    [
        "u1",
        "{",
        '{"a": 1} x',
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        '{"a": {"": 1}}',
        "[" * 40 + "]" * 40,
        '{"a": "\\u0000"}',
        '{"a": "\\ud83d"}',
    ],
)
def test_a_cell_that_is_no_exact_json_is_an_error_at_its_path(json_text: str) -> None:
    found = take(json_text, "a")
    assert [(note.rule.code, note.field, note.value) for note in found.notes] == [
        ("json-cell-invalid", "payload.a", json_text)
    ]
    assert json_text not in found.notes[0].detail


@pytest.mark.parametrize(
    ("json_text", "path", "told"),
    [
        ('{"user": "u1"}', "user.id", "“payload.user” is a text, which has no “id”"),
        ('{"user": 17}', "user.id.x", "“payload.user” is a number, which has no “id”"),
        ('{"user": [1]}', "user.id", "“payload.user” is a list, which has no “id”"),
        ('{"user": [1]}', "user.01", "“payload.user” is a list, which has no “01”"),
        ('{"user": true}', "user.0", "“payload.user” is true or false, which has no “0”"),
        ("7", "user", "“payload” is a number, which has no “user”"),
    ],
)
def test_a_path_through_what_has_no_keys_is_an_error_that_says_where(
    json_text: str, path: str, told: str
) -> None:
    (note,) = take(json_text, path).notes
    assert (note.rule.code, note.detail) == ("path-not-object", told)


def test_one_bad_cell_is_told_once_however_many_paths_lead_into_it() -> None:
    said = tools.profile(properties={name: tools.column(f"payload.{name}") for name in ("a", "b", "c")})
    assert tools.read({**tools.ROW, "payload": "{"}, said).codes == ["json-cell-invalid"]


def test_one_path_is_told_of_once_and_different_columns_each() -> None:
    said = tools.profile(
        properties={
            "a": tools.column("payload.a.b"),
            "n": tools.column("payload.a.b", type="number"),
            "c": tools.column("Count", type="integer"),
        }
    )
    found = tools.read({**tools.ROW, "payload": '{"a": 1}', "Count": "many"}, said)
    assert found.codes == ["path-not-object", "property-type"]


def test_one_column_may_be_drawn_in_several_ways() -> None:
    said = tools.profile(
        properties={
            "plain": tools.column("V"),
            "number": tools.column("V", type="number"),
            "word": tools.column("V", values={"1.50": "low"}),
            "secret": tools.column("V", hash="sha256", salt_env="NONE"),
        }
    )
    found = tools.read({**tools.ROW, "V": "1.50"}, said)
    secret = hashlib.sha256(b"1.50").hexdigest()
    assert found.trail == f',"plain":"1.50","number":1.50,"word":"low","secret":"{secret}"'


def test_an_exact_name_beats_a_path_and_the_longest_name_beats_a_shorter_one() -> None:
    cells = {**tools.ROW, "a": '{"b": {"c": 1}, "b.c": 2}', "a.b": '{"c": 3}', "a.b.d": "4"}
    said = tools.profile(
        properties={
            "deep": tools.column("a.b.c"),
            "whole": tools.column("a.b.d"),
            "cell": tools.column("a.b"),
        }
    )
    assert tools.read(cells, said).properties == {
        "deep": "3",
        "whole": "4",
        "cell": '{"c": 3}',
        "a": cells["a"],
    }


def test_values_are_found_whatever_case_and_outer_white_space() -> None:
    values = {"O": "Email Opened", " CLICK ": "Link Clicked", "n/a": ""}
    said = tools.profile(fields={"event": tools.column("Kind", values=values)})
    row = {name: cell for name, cell in tools.ROW.items() if name != "event"}
    for cell, event in ((" o ", "Email Opened"), ("click", "Link Clicked"), ("Bounce", "Email Bounced")):
        found = tools.read({**row, "Kind": cell}, said)
        assert found.campaign is not None
        assert found.campaign.event == event
    assert tools.read({**row, "Kind": "N/A"}, said).codes == ["event-missing"]


def listed(cell: str, otherwise: str) -> tools.Read:
    """Read a property with a value map that lists `red` alone."""
    done = tools.column("Colour", values={"red": "#f00"}, otherwise=otherwise)
    return tools.read({**tools.ROW, "Colour": cell}, tools.profile(properties={"colour": done}))


def test_what_values_do_not_list_is_kept_left_out_or_rejected() -> None:
    assert listed(" blue ", "keep").properties == {"colour": " blue "}
    assert (listed("blue", "empty").properties, listed("blue", "empty").codes) == ({}, [])
    (note,) = listed("Rde", "reject").notes
    assert (note.rule.code, note.field, note.value) == ("value-unlisted", "Colour", "Rde")
    assert "“red”" in note.hint
    assert "Rde" not in note.detail + note.hint


@pytest.mark.parametrize(("words", "cell"), [(5000, "word5000"), (5, "word5" * 10_000)])
def test_the_nearest_word_is_not_looked_for_where_that_would_take_long(words: int, cell: str) -> None:
    done = tools.column("Colour", values={f"word{i}": "#f00" for i in range(words)}, otherwise="reject")
    row = {**tools.ROW, "Colour": cell}
    (note,) = tools.read(row, tools.profile(properties={"colour": done})).notes
    assert (note.rule.code, note.hint) == ("value-unlisted", "")


@pytest.mark.parametrize("otherwise", ["reject", "empty"])
@pytest.mark.parametrize("cell", ["", "  "])
def test_an_empty_cell_is_absent_and_never_unlisted(cell: str, otherwise: str) -> None:
    assert (listed(cell, otherwise).codes, listed("red", otherwise).properties) == ([], {"colour": "#f00"})


def test_a_hash_is_that_of_salt_and_text_and_absent_stays_absent() -> None:
    said = tools.profile(fields={"userId": tools.column("Mail", hash="sha256", salt_env="ACCENTED")})
    row = {name: cell for name, cell in tools.ROW.items() if name != "userId"}
    expected = hashlib.sha256("pépperAda@x.example".encode()).hexdigest()
    for cell in ("Ada@x.example", " Ada@x.example\t"):
        found = tools.read({**row, "Mail": cell}, said)
        assert found.person is not None
        assert (found.person.user_id, found.codes) == (expected, [])
    assert tools.read({**row, "Mail": " "}, said).codes == ["person-missing"]


def test_values_come_before_the_hash_and_the_hash_before_the_type() -> None:
    done = tools.column("Tier", values={"gold": "1"}, hash="sha256", salt_env="SHORT", type="boolean")
    found = tools.read({**tools.ROW, "Tier": "Gold"}, tools.profile(properties={"tier": done}))
    assert [(note.rule.code, note.value) for note in found.notes] == [
        ("property-type", hashlib.sha256(b"s1").hexdigest())
    ]


def test_the_salt_is_shown_by_no_repr() -> None:
    said = tools.profile(fields={"userId": tools.column("Mail", hash="sha256", salt_env="PEPPER")})
    layout = tools.laid_out((*tools.ROW, "Mail"), said)
    assert isinstance(layout.shaper, RowExtender)
    assert "pepper" not in repr((layout, layout.shaper.cells, said))


def typed(cell: str, kind: str, **more: Any) -> tools.Read:
    """Read one property of a type."""
    done = tools.column("V", type=kind, **more)
    return tools.read({**tools.ROW, "V": cell}, tools.profile(properties={"v": done}))


@pytest.mark.parametrize(
    ("cell", "kind", "sent"),
    [
        ("7", "integer", "7"),
        (" +7 ", "integer", "7"),
        ("-12", "integer", "-12"),
        ("0", "integer", "0"),
        ("123456789012345678901", "integer", "123456789012345678901"),
        ("1.10", "number", "1.10"),
        ("+1", "number", "1"),
        (".5", "number", "0.5"),
        ("-1.5e3", "number", "-1.5e3"),
        ("0.10", "number", "0.10"),
        ("Yes", "boolean", "true"),
        (" 0 ", "boolean", "false"),
        ("2024-03-01 09:30:00.5+01:00", "timestamp", '"2024-03-01T08:30:00.500Z"'),
        ("2024-03-01T09:30:00.123456Z", "timestamp", '"2024-03-01T09:30:00.123Z"'),
        ("2099-01-01T00:00:00Z", "timestamp", '"2099-01-01T00:00:00.000Z"'),
        ("1985-01-01T00:00:00Z", "timestamp", '"1985-01-01T00:00:00.000Z"'),
        (" 007 ", "string", '" 007 "'),
    ],
)
def test_a_type_decides_how_a_text_is_sent_and_keeps_its_every_digit(cell: str, kind: str, sent: str) -> None:
    found = typed(cell, kind)
    assert (found.trail, found.codes) == (f',"v":{sent}', [])


def test_a_decimal_comma_is_sent_as_a_point() -> None:
    assert typed("-1234,50", "number", decimal=",").trail == ',"v":-1234.50'


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "timestamp"])
@pytest.mark.parametrize("cell", ["", "  "])
def test_an_empty_cell_is_absent_whatever_its_type(cell: str, kind: str) -> None:
    assert (typed(cell, kind).trail, typed(cell, kind).codes) == ("", [])


@pytest.mark.parametrize(
    ("cell", "kind", "hint"),
    [
        ("n/a", "integer", '"n/a" = ""'),
        ("12.5", "integer", '"n/a" = ""'),
        ("٣", "integer", '"n/a" = ""'),
        ("1_000", "integer", '"n/a" = ""'),
        ("007", "integer", 'type = "string"'),
        ("-07", "integer", 'type = "string"'),
        ("007.5", "number", 'type = "string"'),
        ("1e999", "number", 'type = "string"'),
        ("1,5", "number", 'decimal = ","'),
        ("1,234", "number", "thousands"),
        ("1,234.5", "number", "thousands"),
        ("", "number", None),
        ("NaN", "number", '"n/a" = ""'),
        ("Infinity", "number", '"n/a" = ""'),
        (".", "number", '"n/a" = ""'),
        ("e5", "number", '"n/a" = ""'),
        ("maybe", "boolean", '"n/a" = ""'),
    ],
)
def test_what_is_none_of_its_type_is_an_error_with_the_line_to_write(
    cell: str, kind: str, hint: str | None
) -> None:
    found = typed(cell, kind)
    assert [(note.rule.code, note.field, note.value) for note in found.notes] == (
        [] if hint is None else [("property-type", "V", cell)]
    )
    assert all(hint is not None and hint in note.hint for note in found.notes)


@given(cell=st.text(st.sampled_from("0123456789.,-+eE _naif"), max_size=8), mark=st.sampled_from(".,"))
def test_whatever_is_sent_as_a_number_is_one_number_of_json_with_the_digits_of_the_cell(
    cell: str, mark: str
) -> None:
    found = typed(cell, "number", decimal=mark)
    if found.codes or not found.trail:
        return
    sent = found.trail.removeprefix(',"v":')
    assert json.loads(sent, parse_int=str, parse_float=str) == sent
    assert Decimal(sent).as_tuple() == Decimal(cell.strip().replace(mark, ".")).as_tuple()


def test_a_property_that_is_a_time_is_read_in_its_columns_zone_and_form() -> None:
    said = tools.profile(
        properties={"v": tools.column("V", type="timestamp"), "w": tools.column("W", type="timestamp")},
        times={"V": TimeColumn(zone="Europe/Berlin", format="%d.%m.%Y %H:%M")},
        options=InputOptions(timezone="America/New_York"),
    )
    found = tools.read({**tools.ROW, "V": "01.03.2024 10:30", "W": "2024-03-01 10:30"}, said)
    assert found.properties == {"v": "2024-03-01T09:30:00.000Z", "w": "2024-03-01T15:30:00.000Z"}
    asked = tools.read({**tools.ROW, "V": "01.03.2024 10:30", "W": "2024-03-01 10:30"}, said, timezone="UTC")
    assert asked.properties == {"v": "2024-03-01T10:30:00.000Z", "w": "2024-03-01T10:30:00.000Z"}


@pytest.mark.parametrize(
    ("cell", "code", "hint"),
    [
        ("2024-03-01 10:30", "timestamp-no-zone", '[time.columns."V"] with zone'),
        ("Mar 1, 2024 9:30 AM", "timestamp-needs-format", '[time.columns."V"] with format'),
        ("soon", "timestamp-unreadable", '"n/a" = ""'),
        ("1950-01-01T00:00:00Z", "timestamp-before-1970", 'type = "string"'),
    ],
)
def test_a_property_that_is_no_plain_time_is_an_error_with_the_line_to_write(
    cell: str, code: str, hint: str
) -> None:
    (note,) = typed(cell, "timestamp").notes
    assert (note.rule.code, note.field, note.value) == (code, "V", cell)
    assert hint in note.hint


def test_a_time_that_was_there_twice_is_sent_with_a_warning() -> None:
    said = tools.profile(
        properties={"v": tools.column("V", type="timestamp")}, options=InputOptions(timezone="Europe/Berlin")
    )
    found = tools.read({**tools.ROW, "V": "2024-10-27 02:30:00"}, said)
    assert (found.codes, found.properties) == (["timestamp-in-overlap"], {"v": "2024-10-27T00:30:00.000Z"})


EVERYTHING = tools.profile(
    fields={"userId": tools.column("userId", hash="sha256", salt_env="SHORT")},
    properties={
        "deep": tools.column("payload.a.b"),
        "price": tools.column("payload.price", type="number"),
        "kind": tools.column("Kind", values={"a": "A", "b": ""}, otherwise="reject"),
        "flag": tools.column("Kind", values={"a": "yes"}, otherwise="empty", type="boolean"),
    },
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", ""]),
        st.sampled_from(['{"a": {"b": 1.10}}', '{"a": 7}', '{"price": "n/a"}', '{"price": 2}', "{", "", " "]),
        st.sampled_from(["a", "B", "c", ""]),
    ).map(lambda three: ["Email Opened", three[0], "e1", "c1", "1709285400", three[1], three[2]]),
    max_size=12,
)


@given(rows=ROWS, cut=st.integers(0, 12), before=ROWS)
def test_what_a_row_becomes_depends_on_the_row_alone(
    rows: list[list[str]], cut: int, before: list[list[str]]
) -> None:
    def shape() -> Any:
        nulls = frozenset({"1.10"})
        shaper = tools.laid_out((*tools.ROW, "payload", "Kind"), EVERYTHING, nulls=nulls).shaper
        assert shaper is not None
        return shaper

    whole, notes, nulls = tools.shaped_rows(shape(), rows)
    assert [row[:7] for row in whole] == rows
    used = shape()
    tools.shaped_rows(used, before)
    used = pickle.loads(pickle.dumps(used)) if cut % 2 else used
    first, said, some = tools.shaped_rows(used, rows[:cut])
    second, said_later, others = tools.shaped_rows(used, rows[cut:])
    assert [*first, *second] == whole
    shifted = {i + len(first): told for i, told in said_later.items()}
    assert {**said, **shifted} == notes
    assert Counter(some) + Counter(others) == Counter(nulls)
    assert nulls.get("payload.a.b", 0) == sum('{"a": {"b": 1.10}}' in row for row in rows)


def test_a_shaper_forgets_before_it_grows_without_bound() -> None:
    said = tools.profile(fields={"userId": tools.column("userId", hash="sha256", salt_env="SHORT")})
    shaper = tools.laid_out(tuple(tools.ROW), said).shaper
    assert isinstance(shaper, RowExtender)
    many = [["Email Opened", f"u{number}", "e1", "c1", "1709285400"] for number in range(20_000)]
    rows, _, _ = tools.shaped_rows(shaper, many)
    assert rows[5][-1] == hashlib.sha256(b"su5").hexdigest()
    assert max(len(draws._texts) for _, _, draws in shaper._columns) <= 8_192


def answers(condition: Condition, *cells: str) -> list[bool]:
    """Whether rows with these cells in a column `Opens` have the block's event."""
    said = tools.profile(events=(tools.block("Email Opened", when=(condition,)),))
    layout = tools.laid_out((*tools.ROW, "Opens"), said)
    rows, _ = tools.shaped(layout, [[*tools.ROW.values(), cell] for cell in cells])
    applies = pickle.loads(pickle.dumps(layout.blocks[0].applies))
    found: list[bool] = applies(rows)
    return found


def test_a_condition_looks_past_case_and_outer_white_space() -> None:
    cells = ("Yes", " yes ", "no", "", " ")
    assert answers(Condition(column="Opens", equals=["YES", "y"]), *cells) == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert answers(Condition(column="Opens", not_equals=["0", ""]), "0", "1", "", " ") == [
        False,
        True,
        False,
        False,
    ]
    assert answers(Condition(column="Opens", filled=True), *cells) == [True, True, True, False, False]
    assert answers(Condition(column="Opens", filled=False), *cells) == [False, False, False, True, True]
    assert answers(Condition(column="Opens", equals=[""]), "x", " ") == [False, True]


def test_a_condition_may_look_into_json() -> None:
    found = answers(
        Condition(column="Opens.count", not_equals=["0", ""]), '{"count": 2}', '{"count": 0}', "{}", ""
    )
    assert found == [True, False, False, False]


def test_several_conditions_must_all_hold() -> None:
    when = (Condition(column="A", filled=True), Condition(column="B", equals=["1"]))
    layout = tools.laid_out(
        (*tools.ROW, "A", "B"), tools.profile(events=(tools.block("Email Opened", when=when),))
    )
    applies = layout.blocks[0].applies
    assert applies is not None
    rows = [[*tools.ROW.values(), *cells] for cells in (("x", "1"), ("", "1"), ("x", "2"))]
    assert applies(rows) == [True, False, False]
