"""The mistakes that users make: what they typed on which files, what they are told, and the fix that works."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Files = Mapping[str, str | bytes | None]

HEADER = "event,userId,personId,email_id,campaign_id,timestamp\n"
ROW = "Email Opened,u1,p1,e1,c1,2024-03-01T09:30:00Z\n"
LATER = "Email Opened,u2,p2,e1,c1,2024-03-02T09:30:00Z\n"
GOOD = HEADER + ROW + LATER
NAMED = "event,userId,email_id,campaign_id,timestamp,campaign_name,email_subject\n"
SEMICOLONS = GOOD.replace(",", ";")
KEY = "abcdefghijklmnopqrstuvwxyz012345"
NO_WARNING = "No problems found. "


def at(*times: str) -> str:
    """Give an export whose rows have these times."""
    return HEADER + "".join(f'Email Opened,u1,p1,e1,c1,"{time}"\n' for time in times)


def by(user: str) -> str:
    """Give an export with a row of this user."""
    return HEADER + ROW.replace("u1", user)


def crowd(user: str, column: str) -> str:
    """Give an export in which three addresses have one user's id, and a column that tells them apart."""
    rows = "".join(f"p{n}@shop.example,{user},k{n},open,e,c,{1_709_285_400 + n}\n" for n in range(3))
    return f"email,user_id,{column},event,email_id,campaign_id,timestamp\n{rows}"


def addressed(cell: str) -> str:
    """Give an export whose only person is this address."""
    return f"event,email,email_id,campaign_id,timestamp\nopen,{cell},e,c,2024-03-01T09:30:00Z\n"


def workbook() -> bytes:
    """Give the least that is an Excel workbook."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


@dataclass(frozen=True)
class Mistake:
    """A mistake, what is said of it, and what fixes it.

    Attributes:
        typed: The command as it is typed in a shell, without the tool's name; {url} is a destination's address.
        code: Its exit code.
        says: A pattern of what is said: what is wrong, and where.
        fix: A pattern of what the hint says; its group, else all of it, is what is typed then.
        fixed: The command that fixes it: {fix} is what the hint says, {typed} what was typed, {url} as in `typed`.
        files: The files that are there.
        edit: The files as they are after the edit that the hint names; None takes one away.
        then: The exit code of the fixed command.
        shows: What it prints.
        environ: What is in the environment.
        set: What the hint has the user put there.
        shell: Whether what the hint says is a command of the shell's, to be run before.
        into: The settings file to which what the hint says is added, a table and a line of it.
    """

    typed: str
    code: int
    says: str
    fix: str
    fixed: str = "{typed}"
    files: Files = field(default_factory=lambda: {"export.csv": GOOD})
    edit: Files = field(default_factory=dict)
    then: int = 0
    shows: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, str] = field(default_factory=dict)
    shell: bool = False
    into: str = ""


def export(text: str | bytes) -> Files:
    """Give a folder with one export in it."""
    return {"export.csv": text}


V = "validate export.csv"
DRY = "backfill export.csv --dry-run"

DELIMITERS: Final = {
    "a delimiter is named that the file does not have": Mistake(
        f"{V} --delimiter ';'",
        4,
        r"export\.csv: the delimiter ';' leaves the header in one piece",
        r"--delimiter ','",
        f"{V} {{fix}}",
    ),
    "a tab is named for a file with semicolons": Mistake(
        f"{V} --delimiter tab",
        4,
        r"export\.csv: the delimiter tab leaves the header in one piece",
        r"--delimiter ';'",
        f"{V} {{fix}}",
        export(SEMICOLONS),
    ),
    "the delimiter is named by a word": Mistake(
        f"{V} --delimiter semicolon",
        2,
        r"--delimiter takes one character, not 'semicolon'",
        r"--delimiter ';'",
        f"{V} {{fix}}",
        export(SEMICOLONS),
    ),
    "two delimiters divide every line": Mistake(
        V,
        4,
        r"export\.csv: ',' and ';' divide the first lines equally well",
        r"--delimiter ','",
        "{typed} {fix}",
        export(
            "event,userId,email_id,campaign_id,timestamp,size;colour\n"
            "Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,xl;red\n"
        ),
    ),
    "an option contradicts Excel's sep= line": Mistake(
        f"{V} --delimiter ,",
        2,
        r"export\.csv: the first line says that the delimiter is ';'",
        r"--delimiter ';'",
        f"{V} {{fix}}",
        export("sep=;\n" + SEMICOLONS),
    ),
    "Excel's sep= line has lost its delimiter": Mistake(
        V,
        4,
        r"export\.csv: the first line is Excel's 'sep=' line, and tells no delimiter",
        r"write sep=;",
        files=export("sep=\n" + SEMICOLONS),
        edit=export("sep=;\n" + SEMICOLONS),
    ),
    "the rows end with a delimiter and the header does not": Mistake(
        V,
        1,
        r"export\.csv, line 2: the row has 7 cells where the header has 6 names",
        r"delete the delimiter at the end of the line",
        files=export(HEADER + ROW.replace("\n", ",\n")),
        edit=export(HEADER + ROW),
    ),
    "every line ends with a delimiter": Mistake(
        V,
        0,
        r"warning nameless-column.*\n\s+export\.csv, line 1: the last column has no name",
        r"delete the delimiter at the end of the lines",
        files=export(GOOD.replace("\n", ",\n")),
        edit=export(GOOD),
        shows=NO_WARNING,
    ),
}

WRONG_FILES: Final = {
    "a PDF is given for an export": Mistake(
        V,
        4,
        r"export\.csv: is a PDF and not CSV or NDJSON",
        r"export it as CSV",
        files=export(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
        edit=export(GOOD),
    ),
    "an Excel workbook is damaged": Mistake(
        "validate export.xlsx",
        4,
        r"export\.xlsx: the workbook is damaged",
        r"or as CSV",
        V,
        {"export.xlsx": workbook()},
        export(GOOD),
    ),
    "an HTML page of an error was saved as the export": Mistake(
        V,
        4,
        r"export\.csv: is HTML or XML, such as a login page",
        r"export it as CSV",
        files=export("<!DOCTYPE html>\n<html><body>502 Bad gateway</body></html>\n"),
        edit=export(GOOD),
    ),
    "an answer that says no was saved as the export": Mistake(
        "validate export.ndjson",
        4,
        r"export\.ndjson: is an error message that a server sent in place of the export",
        r"export it again",
        V,
        {"export.ndjson": '{"error": "unauthorized"}\n'},
        export(GOOD),
    ),
    "the profile is given for the export": Mistake(
        "validate p.toml",
        4,
        r"p\.toml: is a profile or another settings file, not an export",
        r"name the export, and the profile by its option: (--profile p\.toml)",
        "validate export.csv {fix}",
        {"p.toml": 'profile = 1\n[options]\nnaming = "spec"\n', "export.csv": GOOD},
    ),
    "a list of contacts is given for an export of events": Mistake(
        V,
        4,
        r"export\.csv: no event-name column recognised; the columns are “Contact Id”",
        r"rows that are not events: (--as identify)",
        V + " {fix}",
        files=export("Contact Id,Email Address,Created At\np1,ada@shop.example,2024-03-01T09:30:00Z\n"),
    ),
    "ready messages are given to backfill": Mistake(
        "backfill messages.ndjson --rehearse",
        4,
        r"messages\.ndjson: holds ready Segment messages and no rows of an export",
        r"infl-seg (replay messages\.ndjson)",
        "{fix} --rehearse",
        {
            "messages.ndjson": '{"type":"track","messageId":"m1","event":"Email Opened","userId":"u1",'
            '"timestamp":"2024-03-01T09:30:00.000Z","properties":{}}\n'
        },
        shows="1 accepted",
    ),
    "an export is given to replay": Mistake(
        "replay export.csv --rehearse",
        4,
        r"export\.csv: holds no record that can be read: line 1: not JSON",
        r"infl-seg (backfill) FILE",
        "{fix} export.csv --rehearse",
        shows="2 accepted",
    ),
    "a pattern matches nothing": Mistake(
        "validate 'exports/*.csv'",
        4,
        r"exports/\*\.csv: no file matches",
        r"check the pattern: ls PATTERN lists its files",
        "validate '*.csv'",
    ),
    "a file's name is misspelt": Mistake(
        "validate exprot.csv",
        4,
        r"exprot\.csv: no such file",
        r"did you mean (export\.csv)\?",
        "validate {fix}",
    ),
    "a folder has nothing in it": Mistake(
        "validate exports",
        4,
        r"exports: holds no file to read, but notes\.pdf",
        r"supported names end in (\.csv)",
        files={"exports/notes.pdf": "%PDF-1.7"},
        edit={"exports/march.csv": GOOD},
    ),
    "a file whose name begins with a hyphen is misspelt": Mistake(
        "validate -- -exprot.csv",
        4,
        r"-exprot\.csv: no such file",
        r"did you mean (\./-export\.csv)\?",
        "validate {fix}",
        {"-export.csv": GOOD},
        shows=NO_WARNING,
    ),
    "one file is named twice": Mistake(
        f"{V} ./export.csv",
        0,
        r"export\.csv: the file was named again, as \./export\.csv; it is read once",
        r"name each file once",
        V,
        shows=NO_WARNING,
    ),
    "an export has a header and no rows": Mistake(
        V,
        4,
        r"export\.csv: has a header and no rows",
        r"check that the export is complete",
        files=export(HEADER),
        edit=export(GOOD),
    ),
}

HEADERS: Final = {
    "the header is missing": Mistake(
        V,
        4,
        r"export\.csv: the header is missing: its first line looks like a row",
        r"name each cell: (--columns event,userId,email_id,campaign_id,timestamp)",
        "{typed} {fix}",
        files=export("Email Opened,u1,e1,c1,2024-03-01T09:30:00Z\n" * 2),
    ),
    "a title stands above the header": Mistake(
        V,
        4,
        r"export\.csv: no event, time or person column recognised; the columns are “Spring report”",
        r"the header is on line 3: (--header-line 3)",
        "{typed} {fix}",
        files=export(f"Spring report\n\n{GOOD}"),
    ),
    "the header stands in the middle again, where two files were put together": Mistake(
        V,
        1,
        r"export\.csv, line 3, column “event”: the line repeats the header",
        r"delete the line",
        files=export(HEADER + ROW + HEADER + LATER),
        edit=export(GOOD),
    ),
    "a line of totals stands below the rows": Mistake(
        V,
        1,
        r"export\.csv, line 4, column “event”: the line holds totals, and no event",
        r"delete the line",
        files=export(GOOD + "Total,2,,,,\n"),
        edit=export(GOOD),
    ),
    "a remark stands below the rows": Mistake(
        V,
        1,
        r"export\.csv, line 4: the row has 1 cell where the header has 6 names",
        r"Delete a line that is not a record",
        files=export(GOOD + "Rows: 2\n"),
        edit=export(GOOD),
    ),
    "two columns have one name": Mistake(
        V,
        4,
        r"export\.csv: 2 columns could be email_id: “email_id \(column 4\)”, “email_id \(column 5\)”",
        r"--map email_id='email_id \(column \d\)'",
        "{typed} {fix}",
        files=export(GOOD.replace("campaign_id", "email_id")),
    ),
    "two columns could be the user": Mistake(
        V,
        4,
        r"export\.csv: 2 columns could be userId: “User”, “Customer ID”\n",
        r"--map userId='Customer ID'",
        "{typed} {fix}",
        export(GOOD.replace("userId", "User").replace("personId", "Customer ID")),
    ),
    "a column has no name": Mistake(
        V,
        0,
        r"warning nameless-column.*\n\s+export\.csv, line 1: column 3 of 6 has no name and is left out",
        r"or name the column in the header",
        files=export(GOOD.replace("personId", "")),
        edit=export(GOOD),
    ),
    "a quote is never closed": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “userId”: the quote that opens here is not closed",
        r"close the quote in the export",
        files=export(HEADER + ROW.replace("u1", '"u1')),
        edit=export(HEADER + ROW.replace("u1", '"u1"')),
    ),
    "a delimiter is lost before a quoted cell": Mistake(
        V,
        1,
        r"quote-in-bare-cell(?s:.*)export\.csv, line 2, column “campaign_name”: a quote is inside a cell",
        r"write the missing delimiter before the quote",
        files=export(NAMED + 'Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,Spring"Hello, friends"\n'),
        edit=export(NAMED + 'Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,Spring,"Hello, friends"\n'),
        shows=NO_WARNING,
    ),
    "a blank stands before an opening quote": Mistake(
        V,
        0,
        r"quote-as-text(?s:.*)line 2, column “email_subject”: a quote is after a blank at the start of a cell",
        r"delete the blank before the opening quote",
        files=export(NAMED + 'Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,Spring,  "Hello"\n'),
        edit=export(NAMED + 'Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,Spring,"Hello"\n'),
        shows=NO_WARNING,
    ),
    "a line ends with two carriage returns": Mistake(
        V,
        1,
        r"bare-carriage-return(?s:.*)export\.csv, line 3, column “timestamp”: a carriage return "
        r"outside quotes does not end a line",
        r"tr '\\r' '\\n' < OLD > NEW",
        files=export(GOOD.removesuffix("\n") + "\r\r\n"),
        edit=export(GOOD.removesuffix("\n") + "\n\n\n"),
        shows=NO_WARNING,
    ),
    "a word processor has turned the quotes": Mistake(
        V,
        1,
        r"export\.csv, line 2: the row has 7 cells where the header has 6 names",
        r'typographic quotes hold no cell together: write " in their place',
        files=export(HEADER + ROW.replace("c1", "“spring, the sale”")),
        edit=export(HEADER + ROW.replace("c1", '"spring, the sale"')),
    ),
}

TIMES: Final = {
    "a day and a month can be told apart in two ways": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: day, month and year have more than one reading",
        r'(--timestamp-format "%d/%m/%Y %H:%M") or',
        "{typed} {fix} --timezone UTC",
        export(at("03/04/2024 10:00")),
        shows="2024-04-03 10:00:00 UTC",
    ),
    "Excel's serial days are given for times": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the number is a spreadsheet's serial day",
        r"format the column as yyyy-mm-dd hh:mm:ss .* then add (--timezone UTC)",
        "{typed} {fix}",
        export(at("45321.5")),
        export(at("2024-01-30 12:00:00")),
    ),
    "an hour is written with one digit, and the zone is missing": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the text is a time in a form that only a format reads",
        r'--timestamp-format "[^"]+"',
        "{typed} {fix} --timezone UTC",
        export(at("2024-03-01 9:30")),
        shows="2024-03-01 09:30:00 UTC",
    ),
    "times are written with AM and PM": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the text is a time in a form that only a format reads",
        r'--timestamp-format "[^"]+"',
        "{typed} {fix} --timezone UTC",
        export(at("3/13/2024 9:30 PM")),
        shows="2024-03-13 21:30:00 UTC",
    ),
    "times are written as in Germany": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the text is a time in a form that only a format reads",
        r'--timestamp-format "[^"]+"',
        "{typed} {fix} --timezone Europe/Berlin",
        export(at("31.12.2023 10:00:05")),
        shows="2023-12-31 09:00:05 UTC",
    ),
    "times name no zone": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the time has no time zone",
        r"(--timezone) NAME, .*: (?:Europe/Berlin)",
        "{typed} {fix} Europe/Berlin",
        export(at("2024-03-01 09:30:00")),
        shows="2024-03-01 08:30:00 UTC",
    ),
    "dates have no time of day": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “timestamp”: the cell is a date without a time of day",
        r'--timestamp-format "[^"]+"',
        "{typed} {fix} --timezone UTC",
        export(at("2024-03-01")),
        shows="2024-03-01 00:00:00 UTC",
    ),
    "a format is given that the times do not have": Mistake(
        f"{V} --timestamp-format '%d/%m/%Y'",
        1,
        r"export\.csv, line 2, column “timestamp”: the text is not written as \"%d/%m/%Y\"",
        r"ISO 8601 and epochs need no format",
        V,
    ),
    "times lie in an hour that the zone's clocks leave out": Mistake(
        f"{V} --timezone Europe/Berlin",
        1,
        r"export\.csv, line 2, column “timestamp”: this local time was skipped when summer time started",
        r"--timezone UTC",
        f"{V} {{fix}}",
        export(at("2024-03-31 02:30:00")),
    ),
    "an offset is given for a zone": Mistake(
        f"{V} --timezone CET+1",
        2,
        r"no time zone is named 'CET\+1'",
        r"--timezone Etc/GMT-1",
        f"{V} {{fix}}",
        export(at("2024-07-01 09:30:00")),
        shows="2024-07-01 08:30:00 UTC",
    ),
    "an abbreviation is given for a zone whose clocks change": Mistake(
        f"{V} --timezone EST",
        2,
        r"the time zone EST is five hours behind UTC all year",
        r"--timezone America/New_York",
        f"{V} {{fix}}",
        export(at("2024-07-01 09:30:00")),
        shows="2024-07-01 13:30:00 UTC",
    ),
    "a city is given for a zone": Mistake(
        f"{V} --timezone Berlin",
        2,
        r"no time zone is named 'Berlin'",
        r"did you mean (Europe/Berlin)\?",
        f"{V} --timezone {{fix}}",
        export(at("2024-07-01 09:30:00")),
    ),
    "the end of a span lies before its start": Mistake(
        f"{V} --since 2024-05-01 --until 2024-03-01",
        2,
        r"--until 2024-03-01 is not after --since 2024-05-01",
        r"perhaps (--since 2024-03-01 --until 2024-05-01)",
        f"{V} {{fix}}",
    ),
    "the start of a span is a word": Mistake(
        f"{V} --since yesterday",
        2,
        r"--since: cannot parse 'yesterday' as a date or time",
        r"--since 2024-03-01",
        f"{V} {{fix}}",
    ),
    "the start of a span is written as in England": Mistake(
        f"{V} --since 01/03/2024",
        2,
        r"--since: cannot parse '01/03/2024' as a date or time: day, month and year have more than one reading",
        r"--since 2024-03-01",
        f"{V} {{fix}}",
    ),
}

OTHER_FIELDS = (
    'event = "event"\ntimestamp = "timestamp"\nemail_id = "email_id"\ncampaign_id = "campaign_id"\n'
)
WITH_PERSON = f'personId = "personId"\n{OTHER_FIELDS}'

IDS: Final = {
    "Excel has rounded an id": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “userId”: userId is in scientific notation",
        r"export again and do not save the file from a spreadsheet",
        files=export(by("1.23457E+18")),
        edit=export(by("1234567890123456789")),
    ),
    "an id is written as a spreadsheet's formula": Mistake(
        V,
        0,
        r"warning id-formula.*\n\s+export\.csv, line 2, column “userId”: userId begins with an equals sign",
        r'007 instead of ="007"',
        files=export(by('="007"')),
        edit=export(by("007")),
        shows=NO_WARNING,
    ),
    "a program has taken an id for a number": Mistake(
        V,
        0,
        r"warning id-decimal.*\n\s+export\.csv, line 2, column “userId”: userId ends in \.0",
        r"export the column as text, without the \.0",
        files=export(by("12345.0")),
        edit=export(by("12345")),
        shows=NO_WARNING,
    ),
    "an id stands for nobody": Mistake(
        V,
        1,
        r"error placeholder-person.*\n\s+export\.csv, line 2, column “userId”: userId is a placeholder",
        r"--null null",
        f"{V} {{fix}}",
        export(by("null")),
        shows=NO_WARNING,
    ),
    "a database's null stands in the place of every user's id": Mistake(
        f"{DRY} --max-errors 100%",
        1,
        r"error placeholder-person.*\n\s+export\.csv, line 2, column “userId”: userId is a placeholder.*null",
        r"--null '\\N'",
        f"{V} {{fix}}",
        export(by("\\N")),
        shows=NO_WARNING,
    ),
    "a template's tag was never filled in": Mistake(
        V,
        1,
        r"error placeholder-person.*\n.*column “userId”: .*a template's tag that was not filled in",
        r"--null '\{\{user\.id\}\}'",
        f"{V} {{fix}}",
        export(by("{{user.id}}")),
        shows=NO_WARNING,
    ),
    "a column of text holds a database's null": Mistake(
        V,
        0,
        r"warning null-spelled.*\n\s+export\.csv, line 2, column “colour”",
        r"--null '\\N'",
        f"{V} {{fix}}",
        export(HEADER.replace("\n", ",colour\n") + ROW.replace("\n", ",\\N\n")),
        shows=NO_WARNING,
    ),
    "a flag is a database's null": Mistake(
        V,
        1,
        r"error flag-unreadable.*\n\s+export\.csv, line 2, column “is_unique_open”",
        r"--null NULL",
        f"{V} {{fix}}",
        export(HEADER.replace("\n", ",is_unique_open\n") + ROW.replace("\n", ",NULL\n")),
        shows=NO_WARNING,
    ),
    "a zero-width space follows a user's id": Mistake(
        V,
        1,
        r"error person-id-misspelled.*\n.*line 2, column “userId”: userId has the invisible "
        r"character U\+200B \(zero width space\)",
        r"fix the id in the export",
        files=export(by("u1\u200b")),
        edit=export(by("u1")),
        shows=NO_WARNING,
    ),
    "the column of the person's id holds names with addresses": Mistake(
        V,
        1,
        r"error person-id-misspelled.*\n.*line 2, column “contact”: personId is a name with an address",
        r"(--map email=contact --user-id-from email), or with --anonymous-id-from email",
        fixed="{typed} {fix}",
        files=export(addressed("Ada <ada@shop.example>").replace("email,", "contact,", 1)),
        shows="warning email-with-name",
    ),
    "a spreadsheet's apostrophe stands before a campaign's id": Mistake(
        V,
        0,
        r"warning id-misspelled.*\n.*line 2, column “campaign_id”: campaign_id begins with an apostrophe",
        r"fix the id in the export",
        files=export(HEADER + ROW.replace("c1", "'007")),
        edit=export(HEADER + ROW),
        shows=NO_WARNING,
    ),
    "a user's id is white space alone": Mistake(
        V,
        0,
        r"warning outer-space.*\n.*“userId”: userId is white space alone and counts as empty, so the personId",
        r"trim the column in the export",
        files=export(by("  ")),
        edit=export(by("")),
        shows=NO_WARNING,
    ),
    "every address has one user's id": Mistake(
        f"{DRY} --max-errors 100%",
        8,
        r"error: the people cannot be right: one id has 3 different addresses, on 3 of 3 rows; nothing was sent",
        r"--map userId=COLUMN",
        f"{V} --map userId=contact_id",
        export(crowd("900", "contact_id")),
        shows="No problems found (1 warning). ",
    ),
    "one user's id is right for every address": Mistake(
        V,
        1,
        r"error person-implausible.*\n\s+export\.csv, column “user_id”: one id has 3 different addresses",
        r"--allow-implausible-people",
        f"{V} {{fix}}",
        export(crowd("900", "contact_id")),
        shows=NO_WARNING,
    ),
    "the rows' own id is taken for the person's": Mistake(
        f"{V} --map userId=id",
        1,
        r"warning person-never-repeats.*\n.*column “id”: no id of a person comes twice in 250 rows, but “contact_id”",
        r"--map userId=COLUMN",
        f"{V} --map userId=contact_id",
        export(
            "id,contact_id,event,email_id,campaign_id,timestamp\n"
            + "".join(f"r{n},k{n % 50},open,e,c,{1_709_285_400 + n}\n" for n in range(250))
        ),
        shows="No problems found (1 warning). ",
    ),
    "a name stands before the address": Mistake(
        f"{V} --user-id-from email",
        0,
        r"warning email-with-name.*\n.*column “email”: the cell holds a name and an address",
        r"export the address alone",
        files=export(addressed("Ada Lovelace <ada@shop.example>")),
        edit=export(addressed("ada@shop.example")),
        shows=NO_WARNING,
    ),
    "a cell holds the addresses of two people": Mistake(
        f"{V} --user-id-from email",
        1,
        r"error email-ambiguous.*\n.*line 2, column “email”: the cell holds several addresses",
        r"leave one address in the cell",
        files=export(addressed('"ada@shop.example, bob@shop.example"')),
        edit=export(addressed("ada@shop.example")),
        shows=NO_WARNING,
    ),
    "a person's id is damaged": Mistake(
        V,
        1,
        r"error person-id-damaged.*\n.*line 2, column “userId”: userId holds U\+00C3 U\+00BC",
        r"export it again, as UTF-8",
        files=export(by("gr\u00c3\u00bcn")),
        edit=export(by("grün")),
        shows=NO_WARNING,
    ),
    "a person's id is spelt in another normal form": Mistake(
        V,
        1,
        r"error person-id-misspelled.*\n.*line 2, column “userId”: userId is not in Unicode's normal form",
        r"fix the id in the export",
        files=export(by("cafe\u0301")),
        edit=export(by("caf\u00e9")),
        shows=NO_WARNING,
    ),
    "a word that other columns mean stands for nobody": Mistake(
        f"{V} --profile p.toml",
        1,
        r"error placeholder-person.*\n\s+export\.csv, line 2, column “userId”: userId is a placeholder",
        r'\[fields\] (userId = \{ column = "userId", values = \{ "0" = "" \} \})',
        files={**export(by("0")), "p.toml": f'profile = 1\n[fields]\nuserId = "userId"\n{WITH_PERSON}'},
        edit={
            "p.toml": 'profile = 1\n[fields]\nuserId = { column = "userId", values = { "0" = "" } }\n'
            + WITH_PERSON
        },
        shows=NO_WARNING,
    ),
    "a null stands in the place of an id in ready messages": Mistake(
        "replay m.ndjson --rehearse",
        8,
        r"error placeholder-person.*\n\s+m\.ndjson, line 1, column “userId”: userId is a placeholder",
        r"--null NULL",
        "{typed} {fix}",
        {
            "m.ndjson": '{"type":"track","messageId":"m1","event":"Email Opened","userId":"NULL","anonymousId":"p1",'
            '"timestamp":"2024-03-01T09:30:00.000Z","properties":{}}\n'
        },
        shows="1 cell emptied by --null: userId 1",
    ),
    "two hyphens stand in the place of an id": Mistake(
        V,
        1,
        r"error placeholder-person.*\n\s+export\.csv, line 2, column “userId”: userId is a placeholder",
        r"--null=--",
        f"{V} {{fix}}",
        export(by("--")),
        shows=NO_WARNING,
    ),
    "an inspection finds many people under one id": Mistake(
        "inspect export.csv",
        0,
        r"people +person-implausible: one id has 3 different addresses, on 3 of 3 rows",
        r"--map userId=COLUMN",
        "inspect export.csv --map userId=contact_id",
        export(crowd("900", "contact_id")),
        shows="Nothing is missing. Next: infl-seg validate",
    ),
    "the campaign's id is taken for the person's": Mistake(
        f"{V} --map userId=campaign_id",
        1,
        r"error person-implausible.*\n.*the id of the person is the campaign_id on each of 20 rows",
        r"--map userId=COLUMN",
        f"{V} --map userId=member",
        export(
            "member,event,email_id,campaign_id,timestamp\n"
            + "".join(f"k{n},open,e,c{n},{1_709_285_400 + n}\n" for n in range(20))
        ),
        shows=NO_WARNING,
    ),
    "one person has most of the rows": Mistake(
        f"{V} --map userId=owner",
        1,
        r"error person-implausible.*\n.*one person has 150 of 200 rows",
        r"--map userId=COLUMN",
        f"{V} --map userId=member",
        export(
            "owner,member,event,email_id,campaign_id,timestamp\n"
            + "".join(f"o{max(n - 149, 0)},k{n},open,e,c,{1_709_285_400 + n}\n" for n in range(200))
        ),
        shows="people    200",
    ),
    "an id is a list of JSON": Mistake(
        "validate export.ndjson --profile p.toml",
        1,
        r"error id-not-text.*\n.*line 1, column “campaign_id”: campaign_id is a JSON list or object",
        r'in a profile \[fields\] (campaign_id = \{ columns = \["campaign_id\.0", "campaign_id"\] \})',
        files={
            "export.ndjson": '{"event":"open","timestamp":1700000000,"userId":"u1","email_id":"e",'
            '"campaign_id":["k"]}\n',
            "p.toml": f'profile = 1\n[fields]\nuserId = "userId"\n{OTHER_FIELDS}',
        },
        edit={
            "p.toml": 'profile = 1\n[fields]\nuserId = "userId"\n'
            + OTHER_FIELDS.replace('"campaign_id"', '{ columns = ["campaign_id.0", "campaign_id"] }')
        },
        shows=NO_WARNING,
    ),
    "an export in UTF-8 is read as windows-1252": Mistake(
        f"{V} --encoding windows-1252",
        0,
        r"warning text-damaged.*\n.*line 2, column “campaign_name”: campaign_name holds U\+00C3 U\+00BC",
        r"--encoding utf-8",
        f"{V} {{fix}}",
        export(HEADER.replace("\n", ",campaign_name\n") + ROW.replace("\n", ",Frühling\n")),
        shows=NO_WARNING,
    ),
    "the export holds text that was damaged before": Mistake(
        V,
        0,
        r"warning text-damaged.*\n.*line 2, column “campaign_name”: campaign_name holds U\+FFFD",
        r"export it again, as UTF-8",
        files=export(HEADER.replace("\n", ",campaign_name\n") + ROW.replace("\n", ",Fr\ufffdhling\n")),
        edit=export(HEADER.replace("\n", ",campaign_name\n") + ROW.replace("\n", ",Frühling\n")),
        shows=NO_WARNING,
    ),
    "a column's name holds a zero-width space": Mistake(
        V,
        0,
        r"warning invisible-character.*\n.*line 1, column “userId\\u200b”: the column's name has "
        r"the invisible character U\+200B",
        r"remove the character in the export",
        files=export(GOOD.replace("userId", "userId\u200b")),
        edit=export(GOOD),
        shows=NO_WARNING,
    ),
    "a time holds a mark of direction": Mistake(
        V,
        1,
        r"error timestamp-unreadable.*\n.*the text has the invisible character U\+200E "
        r"\(left-to-right mark\) as character 1",
        r"remove the character in the export",
        files=export(at("\u200e2024-03-01T09:30:00Z")),
        edit=export(at("2024-03-01T09:30:00Z")),
        shows=NO_WARNING,
    ),
    "the export has addresses and no ids": Mistake(
        V,
        4,
        r"export\.csv: neither user ids nor person ids found, only addresses in “email”",
        r"--user-id-from email",
        "{typed} {fix}",
        export(
            "event,email,email_id,campaign_id,timestamp\nEmail Opened,a@shop.example,e,c,2024-03-01T09:30:00Z\n"
        ),
    ),
    "names are sent for addresses": Mistake(
        f"{V} --user-id-from email",
        0,
        r"warning email-not-address.*\n\s+export\.csv, line 2, column “Mail”",
        r"(--map email=)COLUMN",
        "{typed} {fix}Work",
        export(
            "event,Mail,Work,email_id,campaign_id,timestamp\n"
            "Email Opened,Ada Lovelace,ada@shop.example,e,c,2024-03-01T09:30:00Z\n"
        ),
    ),
    "the address is to be sent and no column is known to hold it": Mistake(
        f"{V} --email-trait",
        0,
        r"warning option-idle.*\n\s+export\.csv, column “email”: --email-trait finds nothing to do",
        r"--map email=Work",
        "{typed} {fix}",
        export(GOOD.replace("event", "Work,event").replace("Email", "ada@shop.example,Email")),
        shows=NO_WARNING,
    ),
    "addresses are to stand in for ids and no column is known to hold them": Mistake(
        f"{V} --anonymous-id-from email",
        0,
        r"warning option-idle.*\n\s+export\.csv, column “personId”: --anonymous-id-from email finds nothing to do",
        r"or leave (--anonymous-id-from email) out",
        V,
        shows=NO_WARNING,
    ),
    "the column of addresses is named where only a word is due": Mistake(
        f"{V} --user-id-from Work",
        2,
        r"--user-id-from Work is not known",
        r"(--user-id-from email); --map email=COLUMN",
        f"{V} {{fix}} --map email=Work",
        export(
            "event,Work,email_id,campaign_id,timestamp\n"
            "Email Opened,ada@shop.example,e,c,2024-03-01T09:30:00Z\n"
        ),
    ),
    "an event is unknown": Mistake(
        V,
        1,
        r"export\.csv, line 3, column “event”: unknown event",
        r"--unknown-events skip",
        "{typed} {fix}",
        export(HEADER + ROW + LATER.replace("Email Opened", "Sent")),
        shows="1 left out by --unknown-events skip",
    ),
    "an event is misspelt": Mistake(
        V,
        1,
        r"export\.csv, line 2, column “event”: unknown event",
        r"“(Email Opened)” is the nearest: write it so in the export",
        files=export(GOOD.replace("Opened", "Opend")),
        edit=export(GOOD),
    ),
}

ENCODINGS: Final = {
    "Windows-1252 is read as UTF-8": Mistake(
        V,
        1,
        r"export\.csv, line 2: the byte 0xE9 is not text in utf-8",
        r"--encoding windows-1252",
        "{typed} {fix}",
        export(by("andré").encode("cp1252")),
    ),
    "UTF-16 lacks its mark": Mistake(
        V,
        4,
        r"export\.csv: is UTF-16 text without a byte order mark",
        r"--encoding utf-16-le",
        "{typed} {fix}",
        export(GOOD.encode("utf-16-le")),
    ),
    "an encoding is named that there is not": Mistake(
        f"{V} --encoding windows1252x",
        2,
        r"--encoding 'windows1252x': no such encoding",
        r"try .*(windows-1252)",
        f"{V} --encoding {{fix}}",
        export(by("andré").encode("cp1252")),
    ),
}

RECORD = '{"event":"Email Opened","userId":"u1","email_id":"e","campaign_id":"c","timestamp":"2024-03-01T09:30:00Z"}'

JSON_FILES: Final = {
    "the records lie in an envelope": Mistake(
        "validate export.json",
        4,
        r"export\.json: is one object that holds its records in a list: data or errors",
        r"--records data",
        "{typed} {fix}",
        {"export.json": f'{{"data":[{RECORD}],"errors":[{{"a":1}}]}}'},
        shows="1 read = 1 mapped",
    ),
    "the list of records is misspelt": Mistake(
        "validate export.json --records dta",
        4,
        r"export\.json: line 1: no member 'dta' holds a list",
        r"--records data",
        "validate export.json {fix}",
        {"export.json": f'{{"data":[{RECORD}],"meta":{{"n":1}}}}'},
    ),
    "records are looked for in CSV": Mistake(
        f"{V} --records data",
        4,
        r"export\.csv: is not JSON",
        r"leave --records out for this file",
        V,
    ),
    "a download was cut off": Mistake(
        "validate export.json",
        1,
        r"export\.json, line 2: the file ends in the middle of a record",
        r"export the file again",
        files={"export.json": f'[{RECORD},\n{{"event":'},
        edit={"export.json": f"[{RECORD}]"},
    ),
    "a member holds a number that nothing can hold": Mistake(
        "backfill export.ndjson --dry-run",
        0,
        r"number-too-large(?s:.*)line 1, column “score”: a number is beyond what a 64-bit float holds",
        r"(--properties-as-text)",
        "{typed} {fix}",
        {"export.ndjson": RECORD.replace("}", ',"score":1e400}') + "\n"},
        shows="sent as properties: score\n",
    ),
}

WIDE = (
    "contact_id,campaign_id,email_id,sent_at,opened_at,status\n"
    "p1,c1,e1,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z,Opened\n"
    "p2,c1,e1,2024-03-01T10:00:00Z,2024-03-03T11:00:00Z,Opened\n"
)
COPIED = (
    "id,_fivetran_synced,created,lead_id,event,campaign_id,email_id\n"
    "e1,2024-03-09T00:00:00Z,2024-03-01T10:00:00Z,77,open,c1,e1\n"
    "e2,2024-03-09T00:00:00Z,2024-03-01T10:01:00Z,77,click,c1,e1\n"
    "e3,2024-03-09T00:00:00Z,2024-03-01T10:02:00Z,78,open,c1,e1\n"
)
LETTER = (
    "event,timestamp,userId,campaign_id,email_id,from_email,recipient_key,FNAME,body\n"
    "open,2024-01-01T00:00:00Z,u1,c1,e1,news@brand.example,r1,Xena,Hello Xena\n"
    "open,2024-01-01T00:00:01Z,u2,c1,e1,news@brand.example,r2,Zoe,Hello Zoe\n"
)
NESTED = 2 * (
    '{"event":"open","timestamp":1700000000,"userId":"u1","campaign_id":"c","email_id":"e",'
    '"data":{"plan":"gold","to":[{"recipient":"a@example.com"}]}}\n'
)

GUESSES: Final = {
    "a row for each message has a status, and the time of sending": Mistake(
        f"{V} --map event=status",
        4,
        r"the time would be “sent_at”, recognised by its name only, and “opened_at” is the time of Email Opened",
        r"--map timestamp=opened_at",
        "{typed} {fix}",
        export(WIDE),
        shows="time      2024-03-02 09:30:00 UTC",
    ),
    "the time of every event is taken for the time of sending": Mistake(
        'backfill export.csv --set event="Email Opened" --dry-run',
        4,
        r"the time would be “sent_at”",
        r"--map timestamp=opened_at",
        "{typed} {fix}",
        export(WIDE),
        shows="time      2024-03-02 09:30:00 UTC",
    ),
    "openings get the time of sending, the only one": Mistake(
        V,
        0,
        r"time-of-sending(?s:.*)the time is “sent_at”, by its name when the message was sent, and 2 of the",
        r"--map timestamp=sent_at",
        "{typed} {fix}",
        export(WIDE.replace("opened_at,status", "x,event").replace("contact_id", "userId")),
        shows="No problems found. Next",
    ),
    "the address called email may be the sender's": Mistake(
        V,
        4,
        r"only addresses in “email” and “to_addr”",
        r"--map email=to_addr",
        "{typed} {fix} --user-id-from email",
        export(
            "event,timestamp,campaign_id,email_id,email,to_addr\n"
            "open,2024-03-01T10:00:00Z,c,e,news@brand.example,a@x.example\n"
            "open,2024-03-01T10:00:01Z,c,e,news@brand.example,b@x.example\n"
        ),
        shows="people    2",
    ),
    "the time at which rows were copied stands in front": Mistake(
        "inspect export.csv --map userId=lead_id",
        0,
        r"no timestamp column recognised; columns of times: “created”\n",
        r"--map timestamp=created",
        f"{V} --map userId=lead_id {{fix}}",
        export(COPIED),
        shows="people    2",
    ),
    "a row's own id stands in front of the person's": Mistake(
        "inspect export.csv --map timestamp=created",
        0,
        r"no person column recognised; columns that may hold ids: “lead_id”\n",
        r"--map userId=lead_id",
        f"{V} --map timestamp=created {{fix}}",
        export(COPIED),
        shows="people    2",
    ),
    "the only addresses are the sender's": Mistake(
        "inspect export.csv",
        0,
        r"no person column recognised; columns that may hold ids: “recipient_key”\n",
        r"--map userId=recipient_key",
        f"{V} {{fix}}",
        export(LETTER.replace("userId", "unread").replace(",u2,", ",u1,")),
        shows="people    2",
    ),
    "addresses are asked for, and only the sender's are there": Mistake(
        f"{V} --user-id-from email",
        0,
        r"--user-id-from email finds nothing to do: no column is recognised as the email",
        r"--map email=COLUMN; or leave --user-id-from email out",
        V,
        export(LETTER),
        shows="people    2",
    ),
    "three events have times of their own beside the time of sending": Mistake(
        V,
        4,
        r"the time would be “sent_at”",
        r"infl-seg (inspect export\.csv --save PROFILE\.toml)",
        "{fix}",
        export(
            "event,userId,campaign_id,email_id,sent_at,opened_at,clicked_at\n"
            "Opened,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T10:00:00Z,\n"
            "Clicked,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T10:00:00Z,2024-03-02T10:05:00Z\n"
        ),
        shows="infl-seg validate FILE --profile PROFILE.toml",
    ),
    "the addresses of a column stand beside names": Mistake(
        V,
        0,
        r"column “copied_to”: its cells look like addresses",
        r"--property copied_to",
        "{typed} {fix}",
        export(
            "event,timestamp,userId,campaign_id,email_id,copied_to\n"
            "open,2024-03-01T10:00:00Z,u1,c,e,Ada <ada@shop.example>\n"
        ),
        shows="sent as properties: copied_to",
    ),
    "a person's name and a message's text are in the export": Mistake(
        f"{V} --property body",
        0,
        r"column “FNAME”: its name is that of a personal trait",
        r"--property FNAME",
        "{typed} {fix}",
        export(LETTER),
        shows="sent as properties: recipient_key, FNAME, body",
    ),
    "a member of a JSON object is an address": Mistake(
        "validate export.ndjson",
        0,
        r"column “data”: its member data\.to is personal",
        r"--property data",
        "{typed} {fix}",
        {"export.ndjson": NESTED},
        shows="sent as properties: data",
    ),
    "an event resembles its opposite": Mistake(
        V,
        1,
        r"unknown event",
        r"--unknown-events skip",
        "{typed} {fix}",
        export(GOOD + ROW.replace("Email Opened", "emailSubscribe")),
        shows="Email Opened 2",
    ),
}

PROFILE = 'profile = 1\n[fields]\nuserId = "Kunde"\nevent = "Ereignis"\ntimestamp = "Wann"\n'
FOREIGN = "Kunde,Ereignis,Wann,email_id,campaign_id\nu1,Email Opened,2024-03-01T09:30:00Z,e1,c1\n"
NAMED = 'event = "event"\ntimestamp = "timestamp"\nemail_id = "email_id"\ncampaign_id = "campaign_id"\n'
HASHED = (
    'profile = 1\n[fields]\nuserId = { column = "userId", hash = "sha256", salt_env = "INFL_SEG_SALT" }\n'
    + NAMED
)

PROFILES: Final = {
    "a profile was made for another export": Mistake(
        f"{V} --profile p.toml",
        4,
        r"p\.toml seems to be a profile for another export: export\.csv lacks 3 of the 3 columns",
        r"give the profile that was made for this export",
        f"{V} --profile ours.toml",
        {
            "export.csv": GOOD,
            "p.toml": PROFILE,
            "ours.toml": f'profile = 1\n[fields]\nuserId = "personId"\n{NAMED}',
        },
    ),
    "a profile leaves a field to the name of its column": Mistake(
        f"{V} --profile p.toml",
        4,
        r"no person column recognised; .*; the profile does not name userId, which “userId” could be",
        r'write (userId = "userId") or personId = "personId" under \[fields\]',
        files={"export.csv": GOOD, "p.toml": f"profile = 1\n[fields]\n{NAMED}"},
        edit={"p.toml": f'profile = 1\n[fields]\nuserId = "userId"\n{NAMED}'},
        shows="not used: personId could be personId",
    ),
    "the times of a profile's column name no zone": Mistake(
        "validate foreign.csv --profile p.toml",
        1,
        r"error timestamp-no-zone.*\n\s+foreign\.csv, line 2, column “Wann”",
        r'in p\.toml (\[time\.columns\."Wann"\] zone = "Europe/Berlin"), for example',
        files={"foreign.csv": FOREIGN.replace("Z,", ","), "p.toml": PROFILE},
        into="p.toml",
    ),
    "the times of a profile's column can be read in two ways": Mistake(
        "validate foreign.csv --profile p.toml",
        1,
        r"error timestamp-ambiguous.*\n\s+foreign\.csv, line 2, column “Wann”",
        r'in p\.toml (\[time\.columns\."Wann"\] format = "%d/%m/%Y %H:%M")',
        files={
            "foreign.csv": FOREIGN.replace("2024-03-01T09:30:00Z", "01/03/2024 09:30"),
            "p.toml": f'{PROFILE}[time]\nzone = "UTC"\n',
        },
        into="p.toml",
    ),
    "a profile's key is misspelt": Mistake(
        "validate foreign.csv --profile p.toml",
        2,
        r"the profile p\.toml has a fault\n\s+line 2: fieldz: there is no such key",
        r"did you mean (fields)\?",
        files={"foreign.csv": FOREIGN, "p.toml": PROFILE.replace("fields", "fieldz")},
        edit={"p.toml": PROFILE},
    ),
    "a number stands bare in a profile": Mistake(
        f"{V} --profile p.toml",
        2,
        r"the profile p\.toml is not TOML, line 3",
        r"ids, dates and 007 need quotes",
        files={"export.csv": GOOD, "p.toml": "profile = 1\n[fields]\ncampaign_id = { constant = 007 }\n"},
        edit={
            "p.toml": 'profile = 1\n[fields]\ncampaign_id = { constant = "007" }\nuserId = "userId"\n'
            + NAMED.replace('campaign_id = "campaign_id"\n', "")
        },
    ),
    "a profile says no version": Mistake(
        "validate foreign.csv --profile p.toml",
        2,
        r"the profile p\.toml has a fault\n\s+profile: is missing",
        r"let the file begin with: (profile = 1)",
        files={"foreign.csv": FOREIGN, "p.toml": PROFILE.removeprefix("profile = 1\n")},
        edit={"p.toml": PROFILE},
    ),
    "a line of a drafted profile was not filled in": Mistake(
        "validate foreign.csv --profile p.toml",
        2,
        r"line 3: fields\.userId: still to fill in",
        r"write the value in place of “FILL IN”",
        files={"foreign.csv": FOREIGN, "p.toml": PROFILE.replace("Kunde", "FILL IN")},
        edit={"p.toml": PROFILE},
    ),
    "the salt of a profile is not in the environment": Mistake(
        f"{V} --profile p.toml",
        2,
        r"line 3: fields\.userId\.salt_env: ",
        r"INFL_SEG_SALT",
        files={"export.csv": GOOD, "p.toml": HASHED},
        set={"INFL_SEG_SALT": "a salt of sixteen characters or more"},
    ),
    "a profile's name is misspelt": Mistake(
        "validate foreign.csv --profile q.toml",
        2,
        r"the profile q\.toml cannot be read: No such file",
        r"check that the path is right",
        "validate foreign.csv --profile p.toml",
        {"foreign.csv": FOREIGN, "p.toml": PROFILE},
    ),
    "a project file holds the write key": Mistake(
        V,
        2,
        r"the project file infl-seg\.toml has a fault\n\s+line 1: write_key: a write key is a secret",
        r"--no-project",
        "{typed} {fix}",
        {"export.csv": GOOD, "infl-seg.toml": f'write_key = "{KEY}"\n'},
    ),
    "a project file says what is set on the command line": Mistake(
        V,
        2,
        r"line 1: no-gzip: is set on the command line: --no-gzip",
        r"--no-project",
        "{typed} {fix}",
        {"export.csv": GOOD, "infl-seg.toml": "no-gzip = true\n"},
    ),
    "a project file's key is misspelt": Mistake(
        V,
        2,
        r"line 1: timezon: there is no such key",
        r"did you mean (timezone)\?",
        files={"export.csv": GOOD, "infl-seg.toml": 'timezon = "UTC"\n'},
        edit={"infl-seg.toml": 'timezone = "UTC"\n'},
    ),
    "a draft would replace a profile that is there": Mistake(
        "inspect export.csv --save p.toml",
        2,
        r"p\.toml is there already",
        r"--save p\.toml --force",
        "inspect export.csv {fix}",
        {"export.csv": GOOD, "p.toml": PROFILE},
    ),
}

FIELDS: Final = {
    "a field and its column are swapped": Mistake(
        f"{V} --map Kunde=userId",
        2,
        r"--map Kunde=… names no field",
        r"the field comes first: (--map userId=Kunde)",
        f"{V} {{fix}}",
        export(GOOD.replace("userId", "Kunde")),
    ),
    "a field that has its column is given to a word that is none": Mistake(
        f"{V} --map user=userId",
        2,
        r"--map user=… names no field",
        r"“userId” is the userId by its name: leave --map user=userId out",
        V,
        export(GOOD),
    ),
    "a field's name is misspelt": Mistake(
        f"{V} --map user_id=Kunde",
        2,
        r"--map user_id=… names no field",
        r"did you mean (--map userId=Kunde)\?",
        f"{V} {{fix}}",
        export(GOOD.replace("userId", "Kunde")),
    ),
    "a column is named that is not there, and the field has its own": Mistake(
        f"{V} --map userId=email",
        4,
        r"export\.csv has no column “email”",
        r"“userId” is the userId by its name: leave --map userId=email out",
        V,
        shows=NO_WARNING,
    ),
    "no column is called event, and the cells of one are events": Mistake(
        V,
        4,
        r"export\.csv: no event-name column recognised",
        r"(--map event='What happened') or",
        f"{V} {{fix}}",
        export(GOOD.replace("event,", "What happened,", 1)),
        shows=NO_WARNING,
    ),
    "a column is mapped that is spelt otherwise": Mistake(
        f"{V} --map userId=Kundenummer",
        4,
        r"export\.csv has no column “Kundenummer”",
        r"did you mean (--map userId=Kundennummer)\?",
        f"{V} {{fix}}",
        export(GOOD.replace("userId", "Kundennummer")),
    ),
    "a column is mapped that one of two files lacks": Mistake(
        "validate march.csv april.csv --map userId=Kunde",
        4,
        r"april\.csv has no column “Kunde”, which another file of this command has",
        r"give each file a command of its own, and april\.csv one without (--map userId=Kunde)",
        "validate march.csv {fix}",
        {"march.csv": HEADER.replace("userId", "Kunde") + ROW, "april.csv": HEADER + LATER},
        shows=NO_WARNING,
    ),
    "a constant lacks its equals sign": Mistake(
        f"{V} --set campaign_id",
        2,
        r"--set 'campaign_id' is not NAME=VALUE",
        r"--set campaign_id=spring-2024",
        f"{V} {{fix}}",
    ),
    "a column is mapped without saying to what": Mistake(
        f"{V} --map Kunde",
        2,
        r"--map 'Kunde' is not NAME=VALUE",
        r"(--map userId=)'Customer ID'",
        f"{V} {{fix}}Kunde",
        export(GOOD.replace("userId", "Kunde")),
    ),
}

NUMBERS: Final = {
    "no row is to be read": Mistake(
        f"{V} --limit 0",
        2,
        r"'--limit': Input should be greater",
        r"takes 1 or more, for example (--limit 1000)",
        f"{V} {{fix}}",
    ),
    "a word is given for a number": Mistake(
        f"{V} --limit ten", 2, r"--limit takes a whole number", r"for example (--limit 1000)", f"{V} {{fix}}"
    ),
    "the error budget of a validation is no number": Mistake(
        f"{V} --max-errors abc",
        2,
        r"--max-errors 'abc' is neither a number nor a share",
        r"--max-errors 10",
        f"{V} {{fix}}",
    ),
    "more rows are wrong than may be": Mistake(
        "backfill export.csv --rehearse",
        8,
        r"1 of 151 rows \(under 1 %\) are rejected, over the error budget; nothing was sent",
        r"send the rest: infl-seg (backfill .* --max-errors 1)",
        "{fix}",
        export(HEADER + ROW * 150 + LATER.replace("Email Opened", "Sent")),
        then=1,
        shows="1 accepted",
    ),
    "a duration is a word": Mistake(
        f"{DRY} --patience soon",
        2,
        r"--patience 'soon' is not a duration",
        r"--patience 1h",
        f"{DRY} {{fix}}",
    ),
    "a span of sizes is a word": Mistake(
        f"{V} --max-bytes huge", 2, r"--max-bytes 'huge' is not a size", r"--max-bytes 100GB", f"{V} {{fix}}"
    ),
}

PLACES: Final = {
    "messages are to go into a folder that is not there": Mistake(
        f"{DRY} --out new/messages.ndjson",
        4,
        r"--out new/messages\.ndjson: there is no folder new",
        r"(mkdir -p new) makes it",
        shell=True,
    ),
    "messages are to take the place of the export": Mistake(
        f"{DRY} --out export.csv",
        2,
        r"--out would replace the input export\.csv",
        r"--out messages\.ndjson",
        f"{DRY} {{fix}}",
    ),
    "messages are to go to a folder": Mistake(
        f"{DRY} --out .",
        4,
        r"--out \.: is a folder, and the messages need a file",
        r"--out messages\.ndjson",
        f"{DRY} {{fix}}",
    ),
    "rejected rows are to go into a file": Mistake(
        f"{DRY} --rejects export.csv",
        2,
        r"--rejects export\.csv: is a file, and rejected rows need a folder",
        r"--rejects export\.csv-rejects",
        f"{DRY} {{fix}}",
    ),
    "rejected rows are to go into a folder that cannot be made": Mistake(
        "backfill export.csv --rehearse --rejects export.csv/kept",
        4,
        r"the rejects cannot be written to export\.csv/kept: Not a directory",
        r"choose a folder that takes files: --rejects DIR",
        "backfill export.csv --rehearse --rejects kept",
        shows="2 accepted",
    ),
    "messages are to go to a device that is full": Mistake(
        f"{DRY} --out /dev/full",
        4,
        r"the messages cannot be written to /dev/full: No space left on device",
        r"choose another file: --out FILE",
        f"{DRY} --out messages.ndjson",
    ),
    "what is printed goes to a device that is full": Mistake(
        "validate export.csv > /dev/full",
        4,
        r"stdout cannot be written to: No space left on device",
        r"send it elsewhere, for example: (> output\.txt)",
        "validate export.csv {fix}",
    ),
    "a report's form is misspelt": Mistake(
        f"{V} --report jnit",
        2,
        r"--report jnit: there is no report of that form",
        r"--report junit",
        f"{V} {{fix}}",
        shows="<testsuites",
    ),
    "a report is to go to a folder": Mistake(
        f"{V} --report junit=.",
        2,
        r"\. is a folder, the report needs a file",
        r"--report junit=infl-seg\.xml",
        f"{V} {{fix}}",
    ),
    "a report is to go into a folder that is not there": Mistake(
        f"{V} --report junit=ci/report.xml",
        4,
        r"the report cannot be written to ci/report\.xml: there is no folder ci",
        r"(mkdir -p ci) makes it",
        shell=True,
    ),
    "a report and the JSON object are to go to one place": Mistake(
        f"{V} --json --report junit",
        2,
        r"--report junit and --json would both go to standard output",
        r"(--report junit=)PATH",
        f"{V} --json {{fix}}report.xml",
    ),
}

DESTINATIONS: Final = {
    "there is no key": Mistake(
        "backfill export.csv --yes",
        2,
        r"there is no write key",
        r"infl-seg (backfill --rehearse)",
        "{fix} export.csv",
    ),
    "a key holds a line break": Mistake(
        f"{DRY} --write-key-file key",
        2,
        r"--write-key-file key holds several lines",
        r"copy the write key alone",
        files={"export.csv": GOOD, "key": f"{KEY[:16]}\n{KEY[16:]}\n"},
        edit={"key": f"{KEY}\n"},
    ),
    "a key stands in quotes": Mistake(
        f"{DRY} --write-key-file key",
        2,
        r"--write-key-file key holds the key in quotes",
        r"copy the write key alone, without quotes",
        files={"export.csv": GOOD, "key": f'"{KEY}"\n'},
        edit={"key": f"{KEY}\n"},
    ),
    "a key's file is empty": Mistake(
        f"{DRY} --write-key-file key",
        2,
        r"--write-key-file key is empty",
        r"copy the write key from the source's settings",
        files={"export.csv": GOOD, "key": ""},
        edit={"key": f"{KEY}\r\n"},
    ),
    "a placeholder stands for the key": Mistake(
        f"{DRY} --write-key-file key --quiet",
        2,
        r"--write-key-file key holds a placeholder and no key",
        r"put the key in its place",
        files={"export.csv": GOOD, "key": "<YOUR_WRITE_KEY>\n"},
        edit={"key": f"{KEY}\n"},
    ),
    "a whole line of a settings file stands for the key": Mistake(
        f"{DRY} --quiet",
        2,
        r"SEGMENT_WRITE_KEY holds a whole line NAME=KEY",
        r"pass the write key alone.*the text after the name",
        environ={"SEGMENT_WRITE_KEY": f"export SEGMENT_WRITE_KEY='{KEY}'"},
        set={"SEGMENT_WRITE_KEY": f"{KEY}\n"},
    ),
    "a JSON document stands for the key": Mistake(
        f"{DRY} --write-key-file key",
        2,
        r"--write-key-file key holds a JSON document",
        r"pass the write key alone.*the text in quotes",
        files={"export.csv": GOOD, "key": f'{{"write_key": "{KEY}"}}'},
        edit={"key": f"\ufeff{KEY}\n"},
    ),
    "a key is in base64": Mistake(
        f"{DRY} --quiet --write-key-file key",
        0,
        r"warning: the write key is in base64",
        r"[Cc]heck it with: infl-seg (send-test)",
        "{fix} --rehearse",
        {"export.csv": GOOD, "key": b64encode(KEY.encode())},
    ),
    "key and export are both to come from standard input": Mistake(
        "backfill - --dry-run --write-key-file -",
        2,
        r"the write key and a FILE - would both be read from standard input",
        r"give the key in a file, (--write-key-file key\.txt)",
        f"{DRY} {{fix}}",
        {"export.csv": GOOD, "key.txt": f"{KEY}\n"},
    ),
    "the environment holds an option for a key": Mistake(
        DRY,
        2,
        r"SEGMENT_WRITE_KEY holds the option --dry-run, and no value",
        r"put the value there",
        environ={"SEGMENT_WRITE_KEY": "--dry-run"},
        set={"SEGMENT_WRITE_KEY": KEY},
    ),
    "a key is given twice": Mistake(
        f"{DRY} --write-key {KEY} --write-key-file key",
        2,
        r"--write-key and --write-key-file are both given",
        r"keep one of the two",
        f"{DRY} --write-key-file key",
        {"export.csv": GOOD, "key": f"{KEY}\n"},
    ),
    "a key is too short to be Segment's": Mistake(
        f"{DRY} --write-key abc",
        0,
        r"warning: the write key has 3 characters, Segment's have 32",
        r"[Cc]heck it with: infl-seg (send-test)",
        "{fix} --rehearse",
    ),
    "a country is given for a region": Mistake(
        f"{DRY} --write-key {KEY} --region usa",
        2,
        r"'usa' is not one of 'us', 'eu'",
        r"--region us\b",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "the endpoint is one of Segment's other calls": Mistake(
        f"{DRY} --write-key {KEY} --endpoint https://api.segment.io/v1/track",
        2,
        r"The endpoint api\.segment\.io has the path /v1/track",
        r"--endpoint https://api\.segment\.io",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "nothing listens at the endpoint": Mistake(
        f"backfill export.csv --write-key {KEY} --yes --patience 100ms --endpoint http://127.0.0.1:9",
        3,
        r"Gave up after .* without an accepted batch \(--patience\): connection refused by 127\.0\.0\.1:9",
        r"check (--endpoint) http://127\.0\.0\.1:9",
        "{typed} {fix} {url}",
        export(GOOD.replace("c1", "c-refused")),
        shows="2 accepted",
    ),
    "the endpoint would carry the key in the open": Mistake(
        f"{DRY} --write-key {KEY} --endpoint http://events.shop.example",
        2,
        r"http to events\.shop\.example would send the write key in the open",
        r"--endpoint https://events\.shop\.example",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "the endpoint has no scheme": Mistake(
        f"{DRY} --write-key {KEY} --endpoint api.segment.io",
        2,
        r"The endpoint is not an https address",
        r"--endpoint https://api\.segment\.io",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "the endpoint on this machine has no scheme": Mistake(
        f"{DRY} --write-key {KEY} --endpoint 127.0.0.1:9911",
        2,
        r"The endpoint is not an https address",
        r"for this host: (--endpoint http://127\.0\.0\.1:9911)",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "a namespace is empty": Mistake(
        f"{DRY} --write-key {KEY} --namespace ''",
        2,
        r"--namespace is empty",
        r"--namespace crm-eu",
        f"{DRY} --write-key {KEY} {{fix}}",
    ),
    "a label is empty": Mistake(
        f"{DRY} --again ''", 2, r"--again is empty", r"--again repair-1", f"{DRY} {{fix}}"
    ),
    "a destination is turned off by no": Mistake(
        f"{DRY} --integration All=no",
        2,
        r"--integration All=no is neither true nor false",
        r"--integration All=false",
        f"{DRY} {{fix}}",
    ),
    "a member of the context lacks its equals sign": Mistake(
        f"{DRY} --context import",
        2,
        r"--context 'import' is not NAME=VALUE",
        r"--context import=spring-2024",
        f"{DRY} {{fix}}",
    ),
    "a member of the context is the tool's own": Mistake(
        f"{DRY} --context traits=x",
        2,
        r"--context traits=… would hide what the tool puts there",
        r"(--context my_traits=)…",
        f"{DRY} {{fix}}x",
    ),
    "nobody is there to be asked": Mistake(
        "backfill export.csv --endpoint {url}",
        2,
        r"confirmation required, but stdin is not a terminal",
        r"infl-seg (backfill .* --yes)",
        "{fix}",
        environ={"SEGMENT_WRITE_KEY": KEY},
        shows="2 accepted",
    ),
    "a dry run is to be rehearsed": Mistake(
        f"{DRY} --rehearse",
        2,
        r"--dry-run and --rehearse exclude each other",
        r"keep one of the two",
        "backfill export.csv --rehearse",
    ),
}

COMMANDS: Final = {
    "an option without its value is followed by the dry run": Mistake(
        f"backfill export.csv --endpoint {{url}} --write-key {KEY} -y --again --dry-run",
        2,
        r"--again has no value: the option --dry-run follows it",
        r"--again repair-1",
        f"{DRY} {{fix}}",
        shows="Dry run: 2 events would be sent",
    ),
    "an option without its value is the last word": Mistake(
        f"{V} --timezone", 2, r"--timezone has no value", r"--timezone Europe/Berlin", f"{V} {{fix}}"
    ),
    "a dry run is said to be true": Mistake(
        f"{DRY} true", 2, r"--dry-run true: --dry-run takes no value", r"leave the value out", DRY
    ),
    "an option has a dash of a text program": Mistake(
        "backfill export.csv \u2014dry-run",
        2,
        r"\u2014dry-run is not an option",
        r"type the hyphens again",
        DRY,
    ),
    "an option is that of another tool": Mistake(
        f"{DRY} --resume", 2, r"No such option: --resume", r"run the same command again", DRY
    ),
    "a command is that of another tool": Mistake(
        "import export.csv",
        2,
        r"No such command 'import'",
        r"infl-seg (backfill FILE --dry-run)",
        DRY,
        shows="2 events would be sent",
    ),
    "a unit stands behind a number": Mistake(
        f"{DRY} --dedup-window 24h",
        2,
        r"--dedup-window takes a number alone",
        r"--dedup-window 24",
        f"{DRY} {{fix}}",
    ),
    "a project file has an option for a value": Mistake(
        V,
        2,
        r"line 1: timezone: is the option --dry-run of the command line",
        r"write the value, or leave it out",
        files={"export.csv": GOOD, "infl-seg.toml": 'timezone = "--dry-run"\n'},
        edit={"infl-seg.toml": 'timezone = "UTC"\n'},
    ),
    "a command is misspelt": Mistake(
        "valdate export.csv",
        2,
        r"No such command 'valdate'",
        r"(?:Did|did) you mean '?(validate)'?\?",
        "{fix} export.csv",
    ),
    "an option is misspelt": Mistake(
        f"{V} --time-zone UTC",
        2,
        r"No such option: --time-zone",
        r"did you mean (--timezone)",
        f"{V} {{fix}} UTC",
    ),
    "an option's word is none that it takes": Mistake(
        f"{V} --unknown-events drop",
        2,
        r"'drop' is not one of 'reject', 'skip', 'send'",
        r"--unknown-events skip",
        f"{V} {{fix}}",
    ),
    "a problem's code is misspelt": Mistake(
        "explain raged-row",
        2,
        r"there is no problem with the code “raged-row”",
        r"perhaps (ragged-row)",
        "explain {fix}",
    ),
}

TO = f"backfill export.csv --endpoint {{url}} --write-key {KEY} --yes --events-per-second 0"
NO_LEDGER = {"state/ledgers/crm-eu.sqlite3": "not a ledger\n" * 500}

LEDGERS: Final = {
    "a ledger's first page is overwritten": Mistake(
        f"{TO} --state-dir state --namespace crm-eu",
        6,
        r"crm-eu\.sqlite3 is not a ledger: it has other content",
        r"restore it from a backup, or move it away",
        files={
            "export.csv": GOOD.replace("c1", "c-overwritten"),
            "state/ledgers/crm-eu.sqlite3": b"\0" * 4096,
        },
        edit={"state/ledgers/crm-eu.sqlite3": None},
        shows="2 accepted",
    ),
    "a file in the ledger's place is none": Mistake(
        "runs list --state-dir state",
        6,
        r"crm-eu\.sqlite3 is not a ledger: it has other content",
        r"restore it from a backup, or move it away",
        files=NO_LEDGER,
        edit={"state/ledgers/crm-eu.sqlite3": None},
        shows="No run is recorded",
    ),
    "another destination's ledger cannot be read, and may have the events": Mistake(
        f"{TO} --state-dir state --namespace fresh",
        6,
        r"crm-eu\.sqlite3 is not a ledger: it has other content",
        r"a source that has never got these events does not need it: (--new-destination)",
        "{typed} {fix}",
        {"export.csv": GOOD, **NO_LEDGER},
    ),
    "the state folder is to be made where none can be": Mistake(
        f"{TO} --state-dir export.csv/state",
        6,
        r"the folder \S+ cannot be made: Not a directory",
        r"name a folder of your own on a local disk: (--state-dir) DIR",
        "{typed} {fix} other",
    ),
}

CLICKS: Final = HEADER.replace("\n", ",Goto URL\n") + ROW.replace("Email Opened", "Link Clicked").replace(
    "\n", ",https://shop.example/1\n"
)
OWN_WORDS: Final = {
    "files are separated by a comma": Mistake(
        "validate march.csv,april.csv",
        4,
        r"march\.csv,april\.csv: no such file",
        r"separate files by spaces: (march\.csv april\.csv)",
        "validate {fix}",
        {"march.csv": GOOD, "april.csv": GOOD.replace("c1", "c2")},
        shows=NO_WARNING,
    ),
    "a column is mapped by a colon": Mistake(
        f"{V} --map userId:Kunde",
        2,
        r"--map 'userId:Kunde' is not NAME=VALUE",
        r"write it like (--map userId=Kunde)",
        f"{V} {{fix}}",
        export(GOOD.replace("userId", "Kunde")),
        shows=NO_WARNING,
    ),
    "an encoding has a common name that is not its own": Mistake(
        f"{V} --encoding latin-9",
        2,
        r"--encoding 'latin-9': no such encoding",
        r"did you mean (--encoding iso-8859-15)\?",
        f"{V} {{fix}}",
        shows=NO_WARNING,
    ),
    "no row has the event that is asked for": Mistake(
        f"{V} --event 'Email Bounced'",
        0,
        r"Nothing would be sent: no row became an event: 2 read, 2 left out by --event\. Check",
        r"the first rows have (Email Opened)",
        f"{V} --event '{{fix}}'",
        shows=NO_WARNING,
    ),
    "an address is to stand for the person, and a row has none": Mistake(
        f"{V} --anonymous-id-from email",
        1,
        r"there is neither a userId nor a personId, and the address is empty",
        r"fill the address, or one of the ids",
        "{typed}",
        export(addressed("")),
        {"export.csv": addressed("ann@shop.example")},
        shows=NO_WARNING,
    ),
    "the links of clicks are in a column of another name": Mistake(
        V,
        0,
        r"warning link-missing",
        r"(--map email_link_url='Goto URL'), whose cells are links",
        f"{V} {{fix}}",
        export(CLICKS),
        shows=NO_WARNING,
    ),
    "a list has no header": Mistake(
        "diff march.csv april.csv --key userId --added Joined --dry-run",
        4,
        r"march\.csv: the header is missing: its first line looks like a row",
        r"write the names of the columns as a line above",
        "{typed}",
        {"march.csv": ROW + ROW.replace("u1", "u3"), "april.csv": HEADER + ROW + LATER},
        {"march.csv": HEADER + ROW + ROW.replace("u1", "u3")},
        shows="1 event would be sent",
    ),
    "months are named in another language": Mistake(
        f"{V} --timezone UTC",
        1,
        r"error timestamp-unreadable",
        r"only English names of months and days are read",
        "{typed}",
        export(at("5 M\u00e4rz 2024 08:00:00")),
        {"export.csv": at("2024-03-05T08:00:00Z")},
        shows=NO_WARNING,
    ),
    "a time is written as JavaScript prints it": Mistake(
        V,
        1,
        r"error timestamp-unreadable",
        r"how JavaScript prints a date: export it by toISOString\(\)",
        V,
        export(at("Tue Mar 05 2024 08:00:00 GMT+0100 (Central European Standard Time)")),
        {"export.csv": at("2024-03-05T07:00:00.000Z")},
        shows=NO_WARNING,
    ),
    "a time is written as Java prints it": Mistake(
        V,
        1,
        r"error timestamp-unreadable",
        r"(--timestamp-format \"[^\"]+\" --timezone UTC)",
        f"{V} {{fix}}",
        export(at("2024-03-05T08:00:00Z[UTC]")),
        shows=NO_WARNING,
    ),
}

MISTAKES: Final[dict[str, Mistake]] = {
    name: mistake
    for chapter in (
        DELIMITERS,
        WRONG_FILES,
        HEADERS,
        TIMES,
        IDS,
        ENCODINGS,
        JSON_FILES,
        GUESSES,
        PROFILES,
        FIELDS,
        NUMBERS,
        PLACES,
        DESTINATIONS,
        COMMANDS,
        LEDGERS,
        OWN_WORDS,
    )
    for name, mistake in chapter.items()
}
