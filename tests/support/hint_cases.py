"""A small input for each kind of problem, and what stands for COLUMN and the like in its hint."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from list_support import ANY_LOSS

ROW: Final = {
    "event": "Email Opened",
    "userId": "u1",
    "email_id": "e1",
    "campaign_id": "c1",
    "timestamp": "2024-03-05T09:00:00Z",
}
CLICK: Final = {**ROW, "event": "Link Clicked", "email_link_url": "https://shop.example/1"}
KEY: Final = "test-write-key-0123456789abcdefg"


@dataclass(frozen=True)
class Case:
    """An input that shows a problem.

    Attributes:
        text: The file.
        name: Its name.
        command: The command that reads it.
        options: Further words of the command.
        given: Placeholders of hints, and what stands in place of them here.
        together: Options that a way needs beside it, by the option that the hint names.
        edits: Where the hint is to change the export: each text and what takes its place.
        why: Why the export is what is to be changed.
        slot: The text of the profile `p.toml` in place of which a value of the hint stands.
        others: Beginnings of ways that another case applies, or that are no way by themselves.
        brings: Codes that a way may bring, since they say what it decided.
        answers: Open lines of a draft, and what is written there.
        drafted: Options for the draft of a profile.
        more: Further files.
    """

    text: str | bytes
    name: str = "export.csv"
    command: tuple[str, ...] = ("validate",)
    options: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    together: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edits: tuple[tuple[str | bytes, str | bytes], ...] = ()
    why: str = ""
    slot: str = ""
    others: tuple[str, ...] = ()
    brings: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    drafted: tuple[str, ...] = ()
    more: Mapping[str, str | bytes] = field(default_factory=dict)

    def turned(self) -> "Case":
        """The case whose file has the edits already, and which undoes them."""
        return replace(self, text=self.edited, edits=tuple((new, old) for old, new in self.edits))

    @property
    def words(self) -> tuple[str, ...]:
        """The command line."""
        return (*self.command, self.name, *self.options)

    @property
    def edited(self) -> bytes:
        """The file after the change that the hint asks for."""
        data = _bytes(self.text)
        for old, new in self.edits:
            assert data.count(_bytes(old)) == 1, (old, data)
            data = data.replace(_bytes(old), _bytes(new))
        return data


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def table(*rows: Mapping[str, str]) -> str:
    """A CSV of these rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return out.getvalue()


def one(**cells: str) -> str:
    """A CSV of one row that is in order but for these cells."""
    return table({**ROW, **cells})


def without(*names: str, **cells: str) -> str:
    """A CSV of one row without some columns, and with others."""
    return table({**{name: cell for name, cell in ROW.items() if name not in names}, **cells})


def edited(text: str | bytes, *edits: tuple[str | bytes, str | bytes], why: str, **more: object) -> Case:
    """A case whose hint is to change the export."""
    return Case(text, edits=edits, why=why, **more)  # type: ignore[arg-type]


SPREADSHEET: Final = "Digits are lost in the file, and only the program that wrote it has them."
TEXT: Final = "What the cell means is known to whoever wrote it."
SYNTAX: Final = "The text of the record is wrong, and no reading of it is the only one."
NDJSON: Final = (
    '{"event":"Email Opened","userId":"u1","email_id":"e1","campaign_id":"c1",'
    '"timestamp":"2024-03-05T09:00:00Z"'
)


def record(more: str, **case: object) -> Case:
    """A case of one record of NDJSON with a further member."""
    return Case(f"{NDJSON}{more}}}\n", "export.ndjson", **case)  # type: ignore[arg-type]


PROFILE: Final = (
    'profile = 1\n[fields]\nevent = "event"\nuserId = "userId"\nemail_id = "email_id"\ncampaign_id = "campaign_id"\n'
    'timestamp = "timestamp"\n'
)
BY_PROFILE: Final = ("--profile", "p.toml")
MAP: Final = {"COLUMN": "other"}
OTHER: Final = {"other": "2024-03-05T09:00:00Z"}


def broken(more: str, instead: str) -> Case:
    """A case of a wrong record after a good one."""
    wrong = f"{SECOND}{more}}}\n"
    return edited(f"{NDJSON}}}\n{wrong}", (wrong, f"{SECOND}{instead}}}\n"), why=SYNTAX, name="export.ndjson")


def profiled(text: str, added: str, **case: object) -> Case:
    """A case of a profile with further lines."""
    more = {"p.toml": PROFILE + added, "plans.csv": "campaign_id,plan\nc1,gold\n"}
    return Case(text, options=BY_PROFILE, more=more, **case)  # type: ignore[arg-type]


def times(cell: str, **case: object) -> Case:
    """A case of one time, beside a column of good ones."""
    return Case(one(timestamp=cell, **OTHER), given=MAP, **case)  # type: ignore[arg-type]


def many(count: int, **cells: str) -> str:
    """Rows whose cells hold {n} for their number."""
    return table(*({name: cell.format(n=n) for name, cell in {**ROW, **cells}.items()} for n in range(count)))


LOCAL: Final = "2024-03-05 09:00:00"
ZONE: Final = {"NAME": "Europe/Berlin"}

STAMP: Final = ROW["timestamp"]
SECOND: Final = (
    NDJSON.replace('"email_id":"e1"', '"email_id":"e0"').replace('"2024', '"2023') + ',"note":"e2"'
)
PERSON: Final = {"userId": "u1", "email": "ada@shop.example", "timestamp": ROW["timestamp"]}
ACCOUNT: Final = {"groupId": "a1", "userId": "u1", "timestamp": ROW["timestamp"]}

LOOKUP: Final = (
    '[properties]\nplan = "plans.plan"\n[lookup.plans]\nfile = "plans.csv"\nkey = "campaign_id"\n'
    'otherwise = "{}"\n'
)
MESSAGE: Final = (
    '{"messageId":"m1","type":"track","event":"Email Opened","userId":"u1","timestamp":"2024-03-05T09:00:00.000Z",'
    '"properties":{}}\n'
)
CHURNED: Final = (
    'profile = 1\ntype = "group"\n[fields]\ngroupId = "groupId"\nuserId = "userId"\ntimestamp = "timestamp"\n'
    '[traits]\nname = "name"\nis_churned = { column = "is_churned", type = "string" }\n'
)
DRY: Final = ("--dry-run",)

CASES: Final[dict[str, list[Case]]] = {
    # --- events and people ---------------------------------------------------------------------
    "event-missing": [
        Case(one(event=""), drafted=()),
        edited(one(event=""), ("\n,u1", "\nopen,u1"), why=TEXT),
    ],
    "event-unknown": [
        Case(one(event="Sent"), given={"'NAME=": "'Sent=", "--skip-event NAME": "--skip-event Sent"})
    ],
    "person-missing": [
        Case(one(userId="", email="ada@shop.example")),
        edited(
            one(userId="", personId=""),
            (",,e1", ",u1,e1"),
            why=TEXT,
            others=("--user", "--anon", "user_", "anon"),
        ),
    ],
    "id-scientific": [
        edited(one(userId="1.23457E+18"), ("1.23457E+18", "1234570000000000001"), why=SPREADSHEET)
    ],
    "id-decimal": [edited(one(userId="12345.0"), ("12345.0", "12345"), why=SPREADSHEET)],
    "id-formula": [edited(one(userId='="007"'), ('"=""007"""', "007"), why=SPREADSHEET)],
    "email-not-address": [
        Case(
            one(userId="", email="Ada", other="ada@shop.example"),
            options=("--user-id-from", "email"),
            given=MAP,
        )
    ],
    "email-ambiguous": [
        Case(
            one(userId="", email="a@shop.example, b@shop.example", other="ada@shop.example"),
            options=("--user-id-from", "email"),
            given=MAP,
            brings=frozenset({"column-left-out"}),
        )
    ],
    "email-with-name": [
        edited(
            table({**ROW, "userId": "", "email": "Ada <ada@shop.example>"}),
            ("Ada <ada@shop.example>", "ada@shop.example"),
            why="The address alone is used either way.",
            options=("--user-id-from", "email"),
        )
    ],
    "flag-unreadable": [edited(one(is_unique_open="maybe"), ("maybe", "true"), why=TEXT)],
    "outer-space": [edited(one(userId=" u1 "), (" u1 ", "u1"), why="The white space is removed either way.")],
    "person-implausible": [
        Case(many(50, userId="9", email="p{n}@shop.example", other="u{n}"), given=MAP),
    ],
    "person-two-users": [
        Case(
            table({**ROW, "personId": "p1"}, {**ROW, "userId": "u2", "personId": "p1", "email_id": "e2"}),
            options=("--identify", "auto"),
        )
    ],
    "user-several-persons": [
        Case(
            table(
                *(
                    {**ROW, "userId": user, "personId": person, "email_id": f"{user}{person}"}
                    for person in ("p1", "p2")
                    for user in ("", "u1")
                )
            ),
            options=("--identify", "auto"),
        )
    ],
    "person-never-repeats": [
        Case(
            table(
                *(
                    {**ROW, "userId": f"r{n}", "email_id": f"e{n}", "lead_id": f"u{n % 40}"}
                    for n in range(300)
                )
            ),
            given={"COLUMN": "lead_id"},
        )
    ],
    "placeholder-person": [
        Case(one(userId=r"\N", personId="p1"), brings=frozenset()),
    ],
    "placeholder-id": [Case(one(campaign_run_id="0")), Case(one(campaign_run_id=r"\N"))],
    "id-misspelled": [edited(one(campaign_id="c1\u200b"), ("\u200b", ""), why=TEXT)],
    "person-id-misspelled": [edited(one(userId="u1\u200b"), ("\u200b", ""), why=TEXT, others=("userId",))],
    "person-id-damaged": [
        edited(
            one(userId="grÃ¼n@shop.example"),
            ("grÃ¼n", "grün"),
            why="The bytes are what a program made of them.",
        )
    ],
    "partner-no-user-id": [
        Case(one(userId="", personId="p1", other="u1"), options=("--check", "partner-source"), given=MAP)
    ],
    # --- columns and values --------------------------------------------------------------------
    "column-left-out": [Case(one(phone="+1 202 555 0143")), Case(one(id="x1"))],
    "value-left-out": [
        Case(table({**ROW, "note": "fine"}, {**ROW, "note": "ok"}, {**ROW, "note": "ada@shop.example"}))
    ],
    "null-spelled": [Case(one(note="(null)"))],
    "invisible-character": [edited(one(event="Email Opened\u200b"), ("\u200b", ""), why=TEXT)],
    "text-damaged": [
        edited(
            one(note="FrÃ¼hling"), ("FrÃ¼hling", "Frühling"), why="The bytes are what a program made of them."
        )
    ],
    "event-too-large": [
        edited(one(note="x" * 33_000), ("x" * 33_000, "x"), why="Segment accepts no larger one.")
    ],
    "campaign-id-missing": [
        Case(without("campaign_id", other="c1"), given={**MAP, "VALUE": "c1"}),
        Case(without("email_id", other="e1"), given={**MAP, "VALUE": "e1"}),
        Case(one(email_id="", other="e1"), given={**MAP, "VALUE": "e1"}),
    ],
    "link-missing": [Case(one(event="Link Clicked", other="https://shop.example/1"), given=MAP)],
    "link-not-http": [
        Case(
            one(event="Link Clicked", email_link_url="shop.example", other="https://shop.example/1"),
            given=MAP,
        )
    ],
    "unique-contradiction": [
        Case(one(event="Email Unique Opens", is_unique_open="false", other="true"), given=MAP)
    ],
    "option-idle": [
        Case(
            without("email", other="ada@shop.example"),
            options=("--email-trait",),
            given=MAP,
            others=("--as",),
            brings=frozenset({"column-left-out"}),
        ),
    ],
    "number-too-large": [record(',"score":1e400')],
    "id-not-text": [
        record(',"campaign_run_id":["r1"]'),
        record(',"campaign_name":{"string":"S"}'),
        record(',"email_subject":["S"]'),
        record(',"ip":{"string":"192.0.2.1"}'),
        record(',"email_link_url":{"string":"https://shop.example/1"}'),
    ],
    # --- repeats -------------------------------------------------------------------------------
    "repeats-many": [
        Case(table(*(({**ROW, "other": f"x{n}"}) for n in range(4))), given=MAP),
    ],
    "same-id-other-content": [
        edited(
            table({**ROW, "is_unique_open": "true"}, {**ROW, "is_unique_open": "false"}),
            ("Email Opened,u1,e1,c1,2024-03-05T09:00:00Z,false\n", ""),
            why="Only the user knows which of the two lines is right.",
        )
    ],
    "own-id-conflict": [
        Case(table({**ROW, "event_id": "1"}, {**ROW, "event_id": "1", "timestamp": "2024-03-05T10:00:00Z"}))
    ],
    # --- times ---------------------------------------------------------------------------------
    "timestamp-missing": [
        edited(table(ROW, {**ROW, "timestamp": ""}), ("c1,\n", "c1,2024-03-05T10:00:00Z\n"), why=TEXT)
    ],
    "timestamp-no-zone": [Case(one(timestamp=LOCAL), given=ZONE), Case(one(timestamp=f"{LOCAL} EST"))],
    "timestamp-date-only": [Case(one(timestamp="2024-03-05"), options=("--timezone", "UTC"))],
    "timestamp-ambiguous": [Case(one(timestamp="03/04/2024 10:00:00"), options=("--timezone", "UTC"))],
    "timestamp-needs-format": [Case(one(timestamp="Mar 1, 2024 9:30 AM"), options=("--timezone", "UTC"))],
    "timestamp-unreadable": [times("yesterday")],
    "timestamp-impossible": [edited(one(timestamp="2023-02-29T09:30:00Z"), ("02-29", "02-28"), why=TEXT)],
    "timestamp-format-mismatch": [
        Case(
            one(timestamp="01.03.2024 10:00"),
            options=("--timezone", "UTC", "--timestamp-format", "%d/%m/%Y %H:%M"),
            given={"FMT": "'%d.%m.%Y %H:%M'"},
        )
    ],
    "timestamp-scientific": [
        edited(one(timestamp="1.70929E+12"), ("1.70929E+12", "1709285400000"), why=SPREADSHEET)
    ],
    "timestamp-serial": [
        Case(
            one(timestamp="45352.39"),
            edits=(("45352.39", "2024-03-01 09:21:36"),),
            why="The spreadsheet has the time; the option is for the column as it is saved again.",
            options=("--timezone", "UTC"),
            others=("--timezone",),
        )
    ],
    "times-differ": [
        Case(
            without("timestamp", event_date="2024-03-05T09:00:00Z", opened_at="2024-03-06T09:00:00Z"),
            given={"COLUMN": "opened_at"},
        )
    ],
    "time-of-sending": [
        Case(without("timestamp", sent_at="2024-03-05T09:00:00Z"), given={"COLUMN": "sent_at"}),
    ],
    "time-of-another-event": [
        Case(
            without("timestamp", event="Delivered", opened_at="2024-03-06T09:00:00Z", delivered_at=STAMP),
            options=("--map", "timestamp=opened_at"),
        )
    ],
    "timestamp-epoch-unclear": [times("17092854001")],
    "timestamp-in-gap": [Case(one(timestamp="2024-03-31 02:30:00"), options=("--timezone", "Europe/Berlin"))],
    "timestamp-in-overlap": [
        edited(
            one(timestamp="2024-10-27 02:30:00"),
            ("02:30:00", "02:30:00+02:00"),
            why="The file does not say which of the two times it was.",
            options=("--timezone", "Europe/Berlin"),
        )
    ],
    "timestamp-future": [times("2099-01-01T00:00:00Z"), times("4099980800")],
    "timestamp-before-1970": [edited(one(timestamp="0001-01-01T00:00:00Z"), ("0001", "2001"), why=TEXT)],
    "timestamp-before-2000": [times("1999-12-31T23:59:59Z")],
    # --- what cannot be read -------------------------------------------------------------------
    "quote-unclosed": [
        edited(table(ROW) + '"Email Opened,u2,e1,c1,2024-03-05T09:00:00Z\n', ('\n"', "\n"), why=SYNTAX)
    ],
    "text-after-quote": [
        edited(
            one(note="x").replace(",x\n", ',"Spring "big" sale"\n'),
            ('"big"', '""big""'),
            why=SYNTAX,
            others=("--escape",),
        ),
        Case(one(note="x").replace(",x\n", ',"Spring \\"big\\" sale"\n')),
    ],
    "quote-in-bare-cell": [
        edited(
            table({**ROW, "note": "x", "more": "y"}).replace(",x,y\n", ',Spring"Hello, friends"\n'),
            ('Spring"', 'Spring,"'),
            why=SYNTAX,
        )
    ],
    "quote-as-text": [
        edited(
            one(note="x").replace(",x\n", ',5" screen\n'),
            ('5" screen', '"5"" screen"'),
            why="The quote is text either way.",
        )
    ],
    "ragged-row": [
        edited(
            one(note="x").replace(",x\n", ",Spring, the sale\n"),
            ("Spring, the sale", '"Spring, the sale"'),
            why=SYNTAX,
        )
    ],
    "bare-carriage-return": [
        Case(
            table(ROW, {**ROW, "userId": "u2"}, {**ROW, "userId": "u3"}).replace(
                "Z\nEmail Opened,u3", "Z\rEmail Opened,u3"
            )
        )
    ],
    "nul-character": [Case(one(note="x\0"))],
    "bad-encoding": [Case(one(note="Café").encode("windows-1252"))],
    "field-too-long": [
        edited(one(note="x" * 140_000), ("x" * 140_000, "x"), why="No cell of an export is as long.")
    ],
    "record-too-long": [
        edited(
            one(note="x" * 1_100_000),
            ("x" * 1_100_000, "x"),
            why="No record of an export is as long.",
        )
    ],
    "nameless-column": [
        edited(
            table(ROW).replace("\n", ",\n"),
            ("timestamp,\n", "timestamp,note\n"),
            why="A name is the user's to give.",
        )
    ],
    "nameless-cell": [
        edited(
            table(ROW).replace("timestamp\n", "timestamp,\n").replace("Z\n", "Z,yes\n"),
            ("timestamp,\n", "timestamp,note\n"),
            why="A name is the user's to give.",
        )
    ],
    "column-named-twice": [
        edited(
            table(ROW).replace("timestamp\n", "timestamp,id,id\n").replace("Z\n", "Z,1,2\n"),
            ("id,id\n", "id,other\n"),
            why="The option is an example: which of the columns is meant is the user's to say.",
            others=("--map",),
        )
    ],
    # --- JSON ----------------------------------------------------------------------------------
    "json-invalid": [
        edited(f"{NDJSON}}}\n{SECOND}\n", ('e2"\n', 'e2"}\n'), why=SYNTAX, name="export.ndjson")
    ],
    "json-not-object": [
        edited(
            f'{NDJSON}}}\n["Email Opened","u1"]\n',
            ('["Email Opened","u1"]\n', ""),
            why=SYNTAX,
            name="export.ndjson",
        )
    ],
    "json-not-a-number": [broken(',"score":NaN', ',"score":null')],
    "json-duplicate-key": [broken(',"userId":"u2"', "")],
    "json-empty-key": [broken(',"":"u1"', "")],
    "json-too-deep": [broken(',"a":' + '{"a":' * 40 + "1" + "}" * 40, "")],
    "json-lone-surrogate": [broken(r',"campaign_name":"Spring \ud83d"', ',"campaign_name":"Spring"')],
    "json-too-many-keys": [broken("," + ",".join(f'"opened_{n}":"x"' for n in range(2_100)), "")],
    "json-cut-off": [
        edited(f"[{NDJSON}}},\n{NDJSON}", ('Z"},\n' + NDJSON, 'Z"}]'), why=SYNTAX, name="export.json")
    ],
    "json-no-records": [
        edited(
            f'{{"data":[{NDJSON}}}]}}\n{{"error":"x"}}\n',
            ('{"error":"x"}\n', ""),
            why="A document of another structure has no records.",
            name="export.json",
            options=("--records", "data"),
        )
    ],
    # --- profiles ------------------------------------------------------------------------------
    "value-unlisted": [
        Case(
            one(event="opened"),
            options=BY_PROFILE,
            more={
                "p.toml": PROFILE.replace(
                    'event = "event"',
                    'event = { column = "event", values = { "Seen" = "Email Opened" }, otherwise = "reject" }',
                )
            },
            slot='otherwise = "reject"',
            given={"--skip-event NAME": "--skip-event opened", "NAME=EVENT": "opened=open"},
            brings=frozenset({"event-missing"}),
        )
    ],
    "pattern-misfit": [
        profiled(
            one(plan="x17"),
            '[properties]\nplan = { column = "plan", prefix = "c", otherwise = "reject" }\n',
            slot='otherwise = "reject"',
        )
    ],
    "property-type": [
        profiled(
            one(score="n/a"),
            '[properties]\nscore = { column = "score", type = "number" }\n',
            slot='type = "number"',
        )
    ],
    # --- --check and calls ---------------------------------------------------------------------
    "check-event-alias": [
        Case(table(CLICK), options=("--check", "email-spec"), brings=frozenset({"check-member-recommended"}))
    ],
    "partner-event-alias": [Case(table(CLICK), options=("--check", "partner-source"))],
    "check-call-refused": [
        Case(
            table(
                {"name": "Home", "url": "https://x.example/", "userId": "u1", "timestamp": ROW["timestamp"]}
            ),
            options=("--as", "page", "--check", "freshsuccess"),
        )
    ],
    "check-member-missing": [
        Case(
            table({**ROW, "personId": "p1", "visit": "s1"}),
            options=("--check", "freshsuccess"),
            given={"COLUMN": "visit"},
            brings=frozenset({"session-id-linked"}),
        )
    ],
    "user-in-two-accounts": [
        Case(
            table(
                *(
                    {**ROW, "groupId": group, "email_id": f"e{group}", "personId": "p1"}
                    for group in ("a1", "a2", "")
                )
            ),
            options=("--check", "freshsuccess", "--session-id", "person", "--map", "groupId=groupId"),
            edits=((",,p1", ",a1,p1"),),
            why="Which account a row is of is in the source of the export.",
            others=("--check",),
        )
    ],
    "call-type-unknown": [
        Case(table({"type": "identify", **PERSON}, {"type": "alias", **PERSON, "userId": "u2"})),
    ],
    "group-id-missing": [
        Case(
            table({**ACCOUNT, "groupId": "", "other": "a2"}),
            options=("--as", "group"),
            given=MAP,
            drafted=("--as", "group"),
        )
    ],
    "group-person-missing": [
        Case(
            table({**ACCOUNT, "userId": ""}),
            options=("--as", "group"),
            given={"VALUE": "u9"},
            drafted=("--as", "group"),
        )
    ],
    "view-nameless": [
        Case(
            table(
                {
                    "userId": "u1",
                    "timestamp": STAMP,
                    "name": "",
                    "url": "",
                    "title": "Home",
                    "link": "https://x.example/",
                }
            ),
            options=("--as", "page"),
            given={
                "name=COLUMN": "name=title",
                "url=COLUMN": "url=link",
                'name = "COLUMN"': 'name = "title"',
                'url = "COLUMN"': 'url = "link"',
            },
            drafted=("--as", "page"),
        )
    ],
    "trait-type": [
        Case(
            table({**ACCOUNT, "employees": "11-50"}),
            brings=frozenset({"traits-overwrite"}),
            options=("--as", "group"),
            given={"NAME": "employees", "COLUMN": "employees"},
            drafted=("--as", "group"),
            edits=(("11-50", "20"),),
            why="What number the words mean is the user's to say.",
        )
    ],
}

OTHER_CASES: Final[dict[str, list[Case]]] = {
    "lookup-key-missing": [
        profiled(
            table(ROW, {**ROW, "campaign_id": "c2"}),
            LOOKUP.format("warn"),
            slot='otherwise = "warn"',
        )
    ],
    "lookup-key-unknown": [
        profiled(
            table(ROW, {**ROW, "campaign_id": "c2"}),
            LOOKUP.format("reject"),
            slot='otherwise = "reject"',
            brings=frozenset({"lookup-key-missing"}),
        )
    ],
    "json-cell-invalid": [
        profiled(
            one(data='{"plan":'),
            '[properties]\nplan = "data.plan"\n',
            edits=(('{""plan"":', "{}"),),
            why=SYNTAX,
        )
    ],
    "path-not-object": [
        profiled(
            one(data='{"plan":"x"}'),
            '[properties]\nplan = "data.plan.name"\n',
            edits=(('""x""', '{""name"":""x""}'),),
            why="The path of the profile and the cell disagree, and the user knows which is right.",
        )
    ],
    "message-type-unknown": [
        edited(
            MESSAGE, ('"track"', '"tracking"'), why=TEXT, command=("replay",), options=DRY, name="m.ndjson"
        ).turned()
    ],
    "message-id-missing": [
        edited(
            MESSAGE.replace('"messageId":"m1",', ""),
            ('{"type"', '{"messageId":"m1","type"'),
            why=TEXT,
            command=("replay",),
            options=DRY,
            name="m.ndjson",
        )
    ],
    "name-not-text": [
        edited(
            MESSAGE,
            ('"event":"Email Opened"', '"event":""'),
            why=TEXT,
            command=("replay",),
            options=DRY,
            name="m.ndjson",
        ).turned()
    ],
    "member-not-object": [
        edited(
            MESSAGE,
            ('"properties":{}', '"properties":"none"'),
            why=TEXT,
            command=("replay",),
            options=DRY,
            name="m.ndjson",
        ).turned()
    ],
    "identify-old": [
        Case(
            MESSAGE.replace("track", "identify")
            .replace('"event":"Email Opened",', "")
            .replace('"properties":{}', '"traits":{"plan":"x"}'),
            "m.ndjson",
            command=("replay",),
            options=DRY,
            given={"TIME": "2025-01-01"},
        )
    ],
    "check-member-type": [
        Case(
            table({**ACCOUNT, "name": "Initech", "is_churned": "true"}),
            options=(*BY_PROFILE, "--check", "freshsuccess"),
            more={"p.toml": CHURNED},
            slot='type = "string"',
        )
    ],
    "check-member-recommended": [
        Case(
            table({**CLICK, "campaign_name": "n", "link_id": "l", "other": "s"}),
            options=("--check", "email-spec", "--naming", "spec"),
            given=MAP,
        ),
    ],
    "check-member-too-long": [
        edited(
            table({**ACCOUNT, "name": "Initech", "description": "x" * 600}),
            ("x" * 600, "x"),
            why="What may be cut off a text is known to whoever wrote it.",
            options=("--as", "group", "--all-traits", "--check", "freshsuccess"),
        )
    ],
    "list-own-id-missing": [
        Case(
            "id,userId,Change\n8,u8,c1\n9,u9,\n",
            "own.csv",
            command=("diff", "none.csv"),
            options=("--key", "id", "--added", "Joined", "--message-id", "Change", *ANY_LOSS, "--dry-run"),
            more={"none.csv": "id\n"},
        )
    ],
}

ALL_CASES: Final = {**CASES, **OTHER_CASES}

NO_WAY: Final[dict[str, str]] = {
    "session-id-linked": "Freshsuccess needs the id of the session, so nothing can be left out.",
    "file-named-twice": "The command line names a file twice, and the file is read once either way.",
    "file-empty": "Whether a day had events is known to the system that wrote the export.",
    "files-left-out": "The command line names a folder, and the file that is meant has to be named.",
    "remote-unchecked": "A store without a checksum cannot give one; the user may compare the file's own.",
    "profile-column-missing": "No action is needed if other records have the members.",
    "traits-overwrite": "No action is needed if the export is newer than Segment's data.",
    "list-column-differs": "A column that is new or gone needs no change, and a renamed one its old name.",
    "check-member-ignored": "No action is needed: the destination ignores a member that others receive.",
}

INSPECTED: Final[dict[str, Case]] = {
    "a tie": Case(
        without("event", **{"Event Name": "opened", "event-name": "opened"}), given={"COLUMN": "event-name"}
    ),
    "no event": Case(without("event", what="opened")),
    "no event word": Case(
        without("event", what="OPN"), given={"COLUMN": "what"}, brings=frozenset({"unknown_events"})
    ),
    "no time": Case(without("timestamp", created=STAMP)),
    "no person": Case(
        table(*({**{k: v for k, v in ROW.items() if k != "userId"}, "lead_ref": n} for n in "aab"))
    ),
    "an address": Case(without("userId", email="ada@shop.example")),
    "an address by its cells": Case(without("userId", rcpt="ada@shop.example")),
    "no zone": Case(one(timestamp=LOCAL), given=ZONE),
    "a format": Case(one(timestamp="01.03.2024 10:00"), given=ZONE),
    "two formats": Case(one(timestamp="03/04/2024 10:00:00"), given=ZONE),
    "dates": Case(one(timestamp="2024-03-05"), given=ZONE),
    "a zone in the cell": Case(one(timestamp=f"{LOCAL} EST")),
    "no time at all": Case(one(timestamp="yesterday", other=STAMP), given=MAP),
    "unknown events": Case(
        table(*({**ROW, "event": name} for name in ("Sent", "Sent", "Queued", "Queued"))),
        given={"'NAME=": "'Sent=", "--skip-event NAME": "--skip-event Queued"},
    ),
    "own ids": Case(
        table({**ROW, "event_id": "1"}, {**ROW, "event_id": "1", "timestamp": "2024-03-05T10:00:00Z"})
    ),
    "an encoding": Case(
        table(*({**ROW, "note": w} for w in ("Café", "grün", "Übung", "schön"))).encode("windows-1252")
    ),
    "people": Case(
        table(
            *(
                {"email": f"u{n}@x.example", "first_name": "A", "phone": "1", "userId": n, "timestamp": STAMP}
                for n in "abc"
            )
        )
    ),
    "lines before the header": Case("Export of March\n\n" + table(ROW)),
}
"""Files of which `inspect` says that something is missing, with the option that settles it."""

ERRORS: Final[dict[str, Case]] = {
    "a tie": Case(without("event", **{"Event Name": "opened", "event-name": "opened"})),
    "no event": Case(without("event", what="opened"), others=("--as",)),
    "no event word": Case(without("event", what="OPN", other="opened"), given=MAP, others=("--as",)),
    "no time": Case(without("timestamp", made=STAMP), given={"COLUMN": "made"}),
    "no person": Case(
        without("userId", who="u1", mail_of="a@x.example"),
        given={"email=COLUMN": "email=mail_of", "COLUMN": "who"},
        together={"--map email": ("--user-id-from", "email")},
        others=("--user-id-from",),
    ),
    "addresses": Case(without("userId", email="ada@shop.example")),
    "nothing at all": Case(
        "What,When,Who\nopened,2024-03-05T09:00:00Z,u1\n",
        given={
            "event=COLUMN": "event=What",
            "timestamp=COLUMN": "timestamp=When",
            "userId=COLUMN": "userId=Who",
        },
        together={"--map event": ("--map", "timestamp=When", "--map", "userId=Who")},
        others=("--header-line", "--map timestamp", "--map userId"),
    ),
    "lines before the header": Case(
        "Export of March\n" + table(ROW), others=("--map", "--columns"), given={"line N": "line 2"}
    ),
    "no header": Case("Email Opened,u1,e1,c1,2024-03-05T09:00:00Z\n" * 2, brings=frozenset({"repeats-many"})),
    "a column that is not there": Case(without("userId", lead_id="u1"), options=("--map", "userId=leadid2")),
    "a column that is misspelt": Case(
        without("userId", subscriber="u1"), options=("--map", "userId=subscribr")
    ),
    "a field twice": Case(one(other="c2"), options=("--map", "campaign_id=other", "--set", "campaign_id=c3")),
    "a format of another tool": Case(
        one(timestamp="05.03.2024 09:00"),
        options=("--timezone", "UTC", "--timestamp-format", "DD.MM.YYYY HH:mm"),
    ),
    "an option that inspect does not take": Case(
        table(ROW), command=("inspect",), options=("--since", "2024-01-01")
    ),
    "ready messages": Case(MESSAGE, "m.ndjson"),
    "a wide file": Case(
        without("timestamp", event="opened", sent_at=STAMP, opened_at="2024-03-06T09:00:00Z"),
    ),
    "own ids of several events": Case(
        table({**ROW, "event_id": "1"}, {**ROW, "event_id": "1", "timestamp": "2024-03-05T10:00:00Z"}),
        command=("backfill",),
        options=("--dry-run",),
    ),
}
"""Files and options that a command refuses, with the option that settles it."""
