"""Whatever the profile, the columns that reach messages are those that `validate` lists, and no others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk
from example_support import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

TIMES: Final = ("when", "timestamp", "Event Date")
ADDRESSES: Final = ("recipient", "email", "from_email")
OBJECTS: Final = ("data", "payload")
TEXTS: Final = (
    *("kind", "event", "type", "uid", "user_id", "userId", "contact_id", "personId"),
    *("email_id", "template_id", "campaign_id", "journey_id", "campaign_run_id", "send_id", "campaign_name"),
    *("subject", "email_subject", "url", "link", "ip", "IP Address", "sender_ip", "user_agent", "browser"),
    *("device", "Plan Name", "FNAME", "to", "body", "merge_x", "sent_at", "id", "person_id", "link_url"),
)
NAMES: Final = (*TIMES, *ADDRESSES, *OBJECTS, *TEXTS)
ESSENTIAL: Final = ("kind", "when", "uid")
FIELDS: Final = (
    *("personId", "email_id", "campaign_id", "campaign_run_id", "campaign_name", "email_subject"),
    *("email_link_url", "email", "ip", "user_agent"),
)
ROWS: Final = 2


def squash(name: str) -> str:
    """Reduce a name to letters and digits: columns whose names differ in the rest only are taken for one another."""
    return "".join(filter(str.isalnum, name)).lower()


@dataclass(frozen=True)
class Kind:
    """An `[[event]]` of a profile."""

    name: str
    fields: Mapping[str, str]
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """A file of these columns, and a profile."""

    columns: tuple[str, ...]
    fields: Mapping[str, str] | None
    properties: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple[Kind, ...] = ()
    others: str | None = None
    drop: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def profile(self) -> str:
        """The profile as TOML; names of columns need no escapes."""
        lines = ["profile = 1", "[options]", 'unknown_events = "send"', "own_ids = false"]
        if self.fields is not None:
            lines += ["[fields]", *(f'{name} = "{column}"' for name, column in self.fields.items())]
        lines += ["[properties]", *(f'{name} = "{column}"' for name, column in self.properties.items())]
        lines += ["[columns]", f"drop = {json.dumps(list(self.drop))}"]
        lines += [f'others = "{self.others}"'] if self.others else []
        for block in self.blocks:
            lines.append("[[event]]")
            lines += [f'name = "{block.name}"']
            lines += [f'fields.{name} = "{column}"' for name, column in block.fields.items()]
            lines += [f'properties.{name} = "{column}"' for name, column in block.properties.items()]
        return "\n".join(lines) + "\n"


def marker(column: str, row: int) -> str:
    """A cell that nothing else in a message can be."""
    number = NAMES.index(column)
    if column in TIMES:
        return f"2024-03-0{row + 1}T{number:02}:17:00Z"
    if column in ADDRESSES:
        return f"mark{number}r{row}@example.com"
    if column in OBJECTS:
        inner = "phone" if column == "payload" else "plan"
        return json.dumps({inner: f"mark{number}r{row}z"}, separators=(",", ":"))
    return f"mark{number}r{row}z"


def trace(column: str, row: int) -> str:
    """What of a cell can be seen in a message that it reached, whatever field it came as."""
    text = marker(column, row)
    return text[:-1] if column in TIMES else text.strip("{}").split(":")[-1].strip('"')


@st.composite
def cases(draw: st.DrawFn) -> Case:
    more = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=12))
    named = draw(st.booleans())
    base = ESSENTIAL if named else ("event", "timestamp", "userId")
    columns = tuple(dict.fromkeys((*base, *more)))
    texts = [name for name in columns if name not in TIMES]
    some = st.sampled_from(texts)
    ids = st.sampled_from([name for name in texts if name not in OBJECTS])

    def fields() -> dict[str, str]:
        return draw(st.dictionaries(st.sampled_from(FIELDS), ids, max_size=4))

    def properties(prefix: str) -> dict[str, str]:
        return {f"{prefix}{i}": name for i, name in enumerate(draw(st.lists(some, max_size=2)))}

    # Events of one name and one time would be one event, of which only the first is sent.
    kinds = st.lists(st.sampled_from(["Email Opened", "Email Bounced"]), unique=True, max_size=2)
    blocks = tuple(
        Kind(name, fields() if named else {}, properties(f"b{i}_")) for i, name in enumerate(draw(kinds))
    )
    bound = {"event": "kind", "timestamp": "when", "userId": "uid", **fields()} if named else None
    shared = properties("p")
    tables: list[Mapping[str, str]] = [bound or {}, shared, *(block.fields for block in blocks)]
    tables += [block.properties for block in blocks]
    used = {squash(column) for table in tables for column in (*base, *table.values())}
    free = [name for name in columns if squash(name) not in used]
    dropped = draw(st.lists(st.sampled_from(free), unique=True, max_size=2)) if free else []
    asked = [name for name in ("FNAME", "to", "device", "payload", "recipient") if name in free]
    forced = draw(st.lists(st.sampled_from(asked), unique=True)) if asked else []
    others = draw(st.sampled_from([None, "send", "drop"]))
    return Case(columns, bound, shared, blocks, others, tuple(dropped), tuple(forced))


def write(desk: Desk, case: Case) -> tuple[str, ...]:
    """Write file and profile; return the words that name them."""
    records = [{name: marker(name, row) for name in case.columns} for row in range(ROWS)]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (desk.folder / "in.ndjson").write_text(lines, encoding="utf-8")
    (desk.folder / "p.toml").write_text(case.profile(), encoding="utf-8")
    asked = [word for name in case.asked for word in ("--property", name)]
    return ("in.ndjson", "--profile", "p.toml", "--no-event-id", *asked)


def listed(file: Mapping[str, Any]) -> set[str]:
    """The columns that a report lists as used."""
    sources = [column for columns in file["fields"].values() for column in columns]
    return {*file["columns"], *sources, *file["properties"]}


def reached(desk: Desk, case: Case) -> set[str]:
    """The columns any of whose cells is in a message."""
    sent = (desk.folder / "out.ndjson").read_text(encoding="utf-8")
    return {name for name in case.columns if any(trace(name, row) in sent for row in range(ROWS))}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Desk.at(tmp_path_factory.mktemp("reach"), monkeypatch)


@pytest.mark.slow
@examples(
    120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases())
def test_the_columns_that_reach_messages_are_those_that_validate_lists(desk: Desk, case: Case) -> None:
    words = write(desk, case)
    validated = desk.run("validate", *words, "--json")
    out = Path("out.ndjson")
    out.unlink(missing_ok=True)
    done = desk.run("backfill", *words, "--email-trait", "--dry-run", "--out", str(out), "--json")
    assert validated.code == done.code, (validated.out, done.out)
    if validated.code != 0:  # two columns are tied for a field, or a property is named twice
        assert validated.json["error"]["code"] in {"input", "usage"}, validated.out
        return
    file = validated.json["files"][0]
    assert {name: file[name] for name in ("columns", "fields", "properties", "not_used")} == {
        name: done.json["files"][0][name] for name in ("columns", "fields", "properties", "not_used")
    }
    assert reached(desk, case) == listed(file)
    if case.fields is not None:
        known = {*case.fields, *(name for block in case.blocks for name in block.fields)}
        assert set(file["fields"]) <= known
        assert not {*file["not_used"]} & {*case.fields}
