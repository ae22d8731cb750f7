"""Content ids of identify, group, page and screen: literal vectors, and what is and is no part of them."""

import uuid

import pytest

from inflection_cli.segment.ids import (
    group_call_id,
    identify_id,
    person_part,
    returned_id,
    traits_digest,
    view_id,
)

WHEN = "2024-03-05T09:30:00.123Z"
ADA = person_part("u-1", None)
TRAITS = traits_digest([("firstName", "Ada"), ("address.city", "Zürich")])


def text(packed: bytes) -> str:
    return str(uuid.UUID(bytes=packed))


def test_the_vectors_of_the_architecture_hold() -> None:
    assert TRAITS == "e46eb80a1dd4431d07c81e4805ea6ddc"
    assert text(identify_id(ADA, WHEN, TRAITS)) == "6aec9f8e-6de9-8001-8069-05ced6e94fb9"
    assert text(identify_id(ADA, WHEN, TRAITS, "a-17")) == "59893b2b-6b3b-8001-8020-636837c3d13b"
    back = returned_id(identify_id(ADA, None, TRAITS), "20240305-093000-ab12")
    assert text(back) == "2346dc1f-3eab-8001-8072-7baa2372230f"
    assert text(group_call_id("a-17", ADA, WHEN, TRAITS)) == "8f62b459-c33a-8001-8090-bdc1aeb77d36"
    assert text(group_call_id("a-17", None, None, TRAITS)) == "e7230a3b-afa8-8001-8049-8f4e4c248009"
    assert (
        text(view_id("page", person_part(None, "p-1"), "Home", "https://example.com/", WHEN))
        == "3211860c-0b00-8001-80b6-e5d7802d76fb"
    )
    assert (
        text(view_id("screen", person_part(None, "p-1"), "Home", None, WHEN))
        == "4140f9c3-3fa7-8001-80d6-3273bc5f975b"
    )


def test_the_order_of_traits_changes_nothing_and_their_bounds_do() -> None:
    assert traits_digest([("b", "2"), ("a", "1")]) == traits_digest([("a", "1"), ("b", "2")])
    assert traits_digest([("a", "1b"), ("c", "")]) != traits_digest([("a", "1"), ("bc", "")])


@pytest.mark.parametrize(
    "other",
    [
        identify_id(person_part("u-2", None), WHEN, TRAITS),
        identify_id(person_part(None, "u-1"), WHEN, TRAITS),
        identify_id(ADA, "2024-03-05T09:30:00.124Z", TRAITS),
        identify_id(ADA, None, TRAITS),
        identify_id(ADA, WHEN, traits_digest([])),
        identify_id(ADA, WHEN, TRAITS, "a-17"),
        view_id("page", ADA, None, None, WHEN),
        group_call_id("identify", ADA, WHEN, TRAITS),
    ],
)
def test_whatever_identifies_a_call_makes_another_id(other: bytes) -> None:
    assert other != identify_id(ADA, WHEN, TRAITS)


def test_a_page_is_no_screen_and_an_absent_url_is_no_empty_one() -> None:
    seen = {view_id(kind, ADA, "Home", url, WHEN) for kind in ("page", "screen") for url in (None, "")}
    assert len(seen) == 4
