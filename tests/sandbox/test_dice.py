"""The faults that can be asked for, and the dice that say when they fire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.errors import UsageError
from inflection_cli.sandbox.faults import Act, Dice, fault_named, parse_faults

NAMES = ("reset", "ack-lost", "slow", "html", "429", "503", "redirect", "timeout")


def rolls(seed: int, *words: str, count: int = 500, script: tuple[str | None, ...] = ()) -> list[str]:
    dice = Dice(parse_faults(*words), seed, script)
    return [fault.name if fault else "" for fault in (dice.roll() for _ in range(count))]


def test_a_fault_is_read_with_its_rate() -> None:
    (fault,) = parse_faults("429=0.05")

    assert (fault.name, fault.status, fault.rate, fault.remembers) == ("429", 429, 0.05, False)


@pytest.mark.parametrize("name", ["300", "400", "418", "500", "502", "503", "504", "599"])
def test_any_status_from_300_to_599_is_a_fault_that_forgets_and_with_ack_one_that_remembers(
    name: str,
) -> None:
    assert fault_named(name).status == fault_named(f"ack-{name}").status == int(name)
    assert not fault_named(name).remembers
    assert fault_named(f"ack-{name}").remembers


@pytest.mark.parametrize(
    ("name", "act", "remembers"),
    [
        ("reset", Act.RESET, False),
        ("ack-lost", Act.RESET, True),
        ("timeout", Act.SILENCE, False),
        ("ack-timeout", Act.SILENCE, True),
        ("slow", Act.DELAY, True),
        ("html", Act.ANSWER, False),
        ("unjson", Act.ANSWER, False),
        ("success-false", Act.ANSWER, False),
        ("redirect", Act.ANSWER, False),
    ],
)
def test_a_named_fault_does_what_its_name_says(name: str, act: Act, remembers: bool) -> None:
    assert (fault_named(name).act, fault_named(name).remembers) == (act, remembers)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "429",
        "429=",
        "=0.1",
        "429=half",
        "429=-0.1",
        "429=1.1",
        "429=nan",
        "429=inf",
        "teapot=0.1",
        "200=0.1",
        "204=0.1",
        "299=0.1",
        "600=0.1",
        "0429=0.1",
        "٤٢٩=0.1",
        "ack-=0.1",
        "ack-ack-lost=0.1",
    ],
)
def test_what_is_no_fault_with_a_rate_is_a_usage_error_with_a_hint(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults(word)

    assert caught.value.hint


def test_rates_may_add_up_to_one_but_not_to_more() -> None:
    assert len(parse_faults(*[f"{status}=0.1" for status in range(500, 510)])) == 10
    with pytest.raises(UsageError, match=r"add up to 1\.1"):
        parse_faults("429=0.6", "500=0.5")


def test_a_fault_cannot_be_given_twice() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse_faults("429=0.1", "500=0.1", "429=0.2")


@given(st.integers(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
def test_the_same_seed_gives_the_same_faults(seed: int, names: list[str]) -> None:
    words = [f"{name}=0.15" for name in names]

    assert rolls(seed, *words, count=60) == rolls(seed, *words, count=60)


def test_another_seed_gives_other_faults() -> None:
    assert rolls(1, "429=0.5") != rolls(2, "429=0.5")


def test_each_request_costs_one_draw_whatever_the_faults_are() -> None:
    alone = rolls(7, "429=0.2")
    among = rolls(7, "429=0.2", "500=0.2", "slow=0.2")

    assert [name == "429" for name in alone] == [name == "429" for name in among]


def test_faults_fire_about_as_often_as_asked_for() -> None:
    fired = rolls(3, "429=0.05", "reset=0.2", count=20_000)

    assert 900 < fired.count("429") < 1_100
    assert 3_800 < fired.count("reset") < 4_200


def test_a_rate_of_one_always_fires_and_of_none_never() -> None:
    assert set(rolls(5, "500=1")) == {"500"}
    assert set(rolls(5, "500=0")) == {""}


def test_a_script_comes_before_the_dice() -> None:
    scripted = rolls(5, "500=1", count=4, script=("reset", None, "ack-503"))

    assert scripted == ["reset", "", "ack-503", "500"]
