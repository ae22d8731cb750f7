"""Each case of the table in docs/people.md, and histories of runs in any order, against a model of their own."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from command_support import Desk, Result, to
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.sandbox import Sandbox, Settings, serve

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "people.md"

_ROW = "Email Opened,{},{},e1,c1,2024-04-{:02}T08:00:00Z"
Link = tuple[str, str]


def alone(day: int, person: str = "p-1") -> str:
    return _ROW.format("", person, day)


def both(day: int, user: str = "u-1", person: str = "p-1") -> str:
    return _ROW.format(user, person, day)


def of_user(day: int) -> str:
    return _ROW.format("u-1", "", day)


@dataclass(frozen=True)
class Step:
    """One command of a case.

    Attributes:
        files: The rows of each file of a backfill, or the messages of a replay; none is the step before once more.
        code: The exit code.
        links: The links at the sandbox afterwards.
        problems: The codes of problems, beside those of ids that the case needs.
        words: More options.
        command: Which one it is.
    """

    files: tuple[tuple[Any, ...], ...]
    code: int
    links: tuple[Link, ...]
    problems: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    command: str = "backfill"


ONE: tuple[Link, ...] = (("p-1", "u-1"),)
OTHER: tuple[Link, ...] = (("p-1", "u-2"),)
TWO_USERS = frozenset({"person-two-users"})
JOINED = {"type": "identify", "messageId": "m-1", "timestamp": "2024-04-02T08:00:00Z", "anonymousId": "p-1"}
READY_ALONE = {**JOINED, "type": "track", "event": "Email Opened"}
SESSION = ("--check", "freshsuccess", "--session-id", "person")


def sent(*rows: str, code: int = 0, links: tuple[Link, ...] = (), words: tuple[str, ...] = ()) -> Step:
    """Deliver one file."""
    return Step((rows,), code, links, words=words)


def refused(*rows: str, links: tuple[Link, ...] = ()) -> Step:
    """Be refused for a person of two users."""
    return Step((rows,), 8, links, TWO_USERS)


def again(links: tuple[Link, ...] = (), code: int = 0, words: tuple[str, ...] = ()) -> Step:
    """Run the step before once more."""
    return Step((), code, links, words=words)


def replayed(user: str, code: int, links: tuple[Link, ...], problems: frozenset[str], *words: str) -> Step:
    return Step((({**JOINED, "userId": user},),), code, links, problems, words, "replay")


Faults = tuple[str | None, ...]
Case = tuple[Faults, list[Step]]

CASES: dict[str, list[Case]] = {
    "`personId` alone, then both ids": [((), [sent(alone(1), both(2), links=ONE)])],
    "both ids, then `personId` alone": [((), [sent(both(1), alone(2), links=ONE)])],
    "the two in different files of one run": [
        ((), [Step(((alone(1),), (both(2),)), 0, ONE)]),
        ((), [Step(((both(2),), (alone(1),)), 0, ONE)]),
    ],
    "both ids in every row": [((), [sent(both(1), both(2))])],
    "`personId` alone in every row": [((), [sent(alone(1), alone(2))])],
    "`userId` alone in every row": [((), [sent(of_user(1), of_user(2))])],
    "`personId` alone, and the `userId` only in rows without `personId`": [
        ((), [sent(alone(1), of_user(2))])
    ],
    "April by `personId` alone, May in a later run with both": [
        ((), [sent(alone(1), alone(2)), sent(both(3), both(4), links=ONE)]),
        ((), [Step(((READY_ALONE,),), 0, (), command="replay"), sent(both(3), links=ONE)]),
    ],
    "April with both and linked, May with both again": [
        ((), [sent(alone(1), both(2), links=ONE), sent(both(3), links=ONE)])
    ],
    "the same pair in a later run, at another time": [
        ((), [sent(alone(1), both(5), links=ONE), sent(alone(3), both(2), links=ONE)])
    ],
    "the run breaks off before the links": [((None, "404"), [sent(alone(1), both(2), code=5), again(ONE)])],
    "an anonymous event is refused or unconfirmed": [
        (("400", "400"), [sent(alone(1), both(2), code=1), again(ONE)]),
        (("ack-503",), [sent(alone(1), both(2), code=7), again(ONE, words=("--resend-in-doubt",))]),
    ],
    "one `personId` with two `userId`s": [
        ((), [refused(alone(1), both(2), both(3, "u-2"))]),
        (
            (),
            [sent(alone(1), both(2), both(3, "u-2"), words=("--allow-implausible-people",)), sent(alone(4))],
        ),
    ],
    "one `personId`, linked to another `userId` by an earlier run, a replay or a session": [
        ((), [sent(alone(1), both(2), links=ONE), refused(both(3, "u-2"), links=ONE)]),
        ((), [replayed("u-1", 0, ONE, frozenset()), refused(alone(1), both(3, "u-2"), links=ONE)]),
        ((), [sent(both(1), words=SESSION), refused(alone(2), both(3, "u-2"))]),
    ],
    "an anonymous event of an earlier run is refused, unconfirmed or was never sent": [
        (("404",), [sent(alone(1), code=5), sent(both(2)), sent(alone(1)), sent(both(2), links=ONE)]),
        (
            ("ack-503",),
            [
                sent(alone(1), code=7),
                sent(both(2)),
                sent(alone(1), words=("--resend-in-doubt",)),
                sent(both(2), links=ONE),
            ],
        ),
        (
            # The two events are halved until the first one is refused alone.
            ("400", "400"),
            [
                sent(alone(1), alone(1, "p-2"), code=1),
                sent(both(2)),
                sent(alone(1), alone(1, "p-2")),
                sent(both(2), links=ONE),
            ],
        ),
    ],
    "the link itself was refused, or never went": [
        ((None, "400"), [sent(alone(1), both(2), code=1), sent(both(2), links=ONE)]),
        ((None, "404"), [sent(alone(1), both(2), code=5), sent(both(3), links=ONE)]),
        ((None, "404"), [sent(alone(1), both(2), code=5), sent(both(3, "u-2"), links=OTHER)]),
    ],
    "a ready message identifies a person who is linked to another `userId`": [
        (
            (),
            [
                sent(alone(1), both(2), links=ONE),
                replayed("u-2", 8, ONE, TWO_USERS),
                replayed("u-2", 8, ONE, TWO_USERS, "--allow-implausible-people", "--max-errors", "100%"),
            ],
        )
    ],
    "one `userId` with two `personId`s": [
        (
            (),
            [
                Step(
                    ((alone(1), both(2), alone(3, "p-2"), both(4, person="p-2")),),
                    0,
                    (*ONE, ("p-2", "u-1")),
                    frozenset({"user-several-persons"}),
                )
            ],
        )
    ],
}


def table_of_the_page() -> list[str]:
    """The first cells of the table of all cases."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("## All cases")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [line.split("|")[1].strip() for line in lines[2:]]


def test_the_page_has_each_case_and_each_case_is_on_the_page() -> None:
    assert table_of_the_page() == list(CASES)


def links_of(messages: Iterable[dict[str, Any]]) -> list[Link]:
    return [(one["anonymousId"], one["userId"]) for one in messages if one["type"] == "identify"]


def written(desk: Desk, number: int, step: Step) -> list[str]:
    """Write the files of a step; give their names."""
    if step.command == "backfill":
        return [desk.file(f"{number}-{n}.csv", *rows) for n, rows in enumerate(step.files)]
    names = []
    for n, messages in enumerate(step.files):
        name = f"{number}-{n}.ndjson"
        (desk.folder / name).write_text("".join(json.dumps(one) + "\n" for one in messages), encoding="utf-8")
        names.append(name)
    return names


def run(desk: Desk, sandbox: Sandbox, command: str, *words: str) -> Result:
    return desk.run(command, *words, *to(sandbox.url, "--json", "--namespace", "n", "--rejects", "none"))


@pytest.mark.parametrize(
    ("faults", "steps"),
    [pytest.param(*case, id=f"{text} {n}") for text, cases in CASES.items() for n, case in enumerate(cases)],
)
def test_a_case_of_the_page_is_as_it_says(
    faults: Faults, steps: Sequence[Step], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    with serve(Settings(keep_messages=True, script=faults)) as sandbox:
        files: list[str] = []
        for number, step in enumerate(steps):
            files = written(desk, number, step) or files
            done = run(desk, sandbox, step.command, *files, *step.words)
            assert done.code == step.code, (number, done.err)
            assert sorted(links_of(sandbox.messages())) == sorted(step.links), number
            assert step.problems <= done.json["problem_counts"].keys()


# --- histories -----------------------------------------------------------------------------------

IDS = st.sampled_from(["", "p1", "p2", "p-ö"]), st.sampled_from(["", "u1", "u2"])
MONTH = st.lists(
    st.tuples(*IDS, st.integers(1, 9)).filter(lambda row: bool(row[0] or row[1])), min_size=1, max_size=6
)
FAULTS = st.lists(st.sampled_from([None, None, "404"]), max_size=6)


def expected(months: Sequence[Sequence[tuple[str, str, int]]]) -> list[set[tuple[str, str, str]]]:
    """PersonId, userId and time of the links that each month adds, read off its rows."""
    seen_alone: set[str] = set()
    users: dict[str, str] = {}
    found = []
    for month in months:
        seen_alone |= {person for person, user, _ in month if person and not user}
        new = set()
        for person in {person for person, user, _ in month if person and user}:
            named = {user for who, user, _ in month if who == person and user}
            if len({*named, users.get(person, min(named))}) > 1 or person not in seen_alone:
                continue
            (user,) = named
            if person not in users:
                day = min(day for who, of, day in month if (who, of) == (person, user))
                new.add((person, user, f"2024-04-{day:02}T08:00:00.000Z"))
                users[person] = user
        found.append(new)
    return found


@examples(12)
@given(
    months=st.lists(MONTH, min_size=1, max_size=3),
    faults=FAULTS,
    dice=st.randoms(use_true_random=False),
    cut=st.integers(0, 6),
)
def test_months_that_break_off_are_linked_as_their_rows_say(
    months: list[list[tuple[str, str, int]]],
    faults: list[str | None],
    dice: Random,
    cut: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each month is shuffled, split, has repeats, and is run until all of it is in."""
    with (
        pytest.MonkeyPatch.context() as patch,
        serve(Settings(keep_messages=True, script=tuple(faults))) as sandbox,
    ):
        desk = Desk.at(tmp_path_factory.mktemp("desk"), patch)
        arrived = 0
        for number, (month, links) in enumerate(zip(months, expected(months), strict=True)):
            lines = [_ROW.format(user, person, day) for person, user, day in month]
            lines += dice.sample(lines, min(2, len(lines)))
            dice.shuffle(lines)
            parts = [part for part in (lines[:cut], lines[cut:]) if part]
            names = [desk.file(f"{number}-{n}.csv", *part) for n, part in enumerate(parts)]
            codes: list[int] = []
            while not codes or codes[-1]:
                done = run(desk, sandbox, "backfill", *names, "--allow-implausible-people")
                codes.append(done.code)
                assert set(codes) <= {0, 5}, done.err
            assert not done.json["events"]["pending"]
            messages = sandbox.messages()[arrived:]
            arrived += len(messages)
            types = [one["type"] for one in messages]
            assert types == sorted(types, reverse=True), "a link went before an event"
            assert {
                (one["anonymousId"], one["userId"], one["timestamp"])
                for one in messages
                if one["type"] == "identify"
            } == links
