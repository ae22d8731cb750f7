"""All problem rules as data: code, severity, scope, meaning, fix and example."""

from inflection_cli.model import Rule, Scope, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_ROW, _COLUMN, _FILE = Scope.ROW, Scope.COLUMN, Scope.FILE

# --- what cannot be read -------------------------------------------------------------------------

QUOTE_UNCLOSED = Rule(
    "quote-unclosed",
    _ERROR,
    _ROW,
    "A cell opens with a quote that is never closed, so where the record ends cannot be known.",
    "close the quote in the export, or double it inside a quoted cell",
    'u1,"Spring sale,2024-03-01T09:30:00Z',
)

# --- what cannot be mapped -----------------------------------------------------------------------

EVENT_MISSING = Rule(
    "event-missing",
    _ERROR,
    _ROW,
    "The row names no event; Segment discards such a message after answering 200.",
    'fill the cell, or give all rows one event: --set event="Email Opened", in a profile '
    '[fields] event = { constant = "Email Opened" }',
    ",u1,2024-03-01T09:30:00Z",
)
EVENT_UNKNOWN = Rule(
    "event-unknown",
    _ERROR,
    _ROW,
    "The event's name is not one of the nine that Inflection sends.",
    "--event-name 'NAME=Email Opened' says what a name stands for, --skip-event NAME leaves its rows out; for all of "
    "them --unknown-events skip leaves such rows out, --unknown-events send passes their names on",
    "Sent",
)
PERSON_MISSING = Rule(
    "person-missing",
    _ERROR,
    _ROW,
    "The row has neither userId nor personId; Segment discards such a message after answering 200.",
    "fill one of them; with addresses in the file: --user-id-from email or --anonymous-id-from email, in a profile "
    '[options] user_id_from = "email" or anonymous_id_from = "email"',
    "Email Opened,,,2024-03-01T09:30:00Z",
)
ID_SCIENTIFIC = Rule(
    "id-scientific",
    _ERROR,
    _ROW,
    "An id in scientific notation has lost digits on its way through a spreadsheet.",
    "export again and do not save it from a spreadsheet, or format the column as text first",
    "1.23457E+18",
)
ID_DECIMAL = Rule(
    "id-decimal",
    _WARNING,
    _ROW,
    "An id ends in .0: a program took it for a number. It is sent as it stands, and is another id than without.",
    "export the column as text, without the .0",
    "12345.0",
)
ID_FORMULA = Rule(
    "id-formula",
    _WARNING,
    _ROW,
    "An id begins with an equals sign, as a spreadsheet's formula does; it is sent as it stands, sign and quotes "
    "included.",
    'export the column as text: 007 in the place of ="007"',
    '="007"',
)
EMAIL_NOT_ADDRESS = Rule(
    "email-not-address",
    _WARNING,
    _ROW,
    "The cell stands in for a missing id and is no e-mail address; it is sent all the same.",
    "see whether the right column is mapped: --map email=COLUMN",
    "Ada Lovelace",
)
FLAG_UNREADABLE = Rule(
    "flag-unreadable",
    _ERROR,
    _ROW,
    "A flag is none of the usual spellings of true and false.",
    "write true or false, or leave the cell empty",
    "maybe",
)
OUTER_SPACE = Rule(
    "outer-space",
    _WARNING,
    _ROW,
    "An id, event name or flag has white space around it, and is sent without; or it is nothing but white space, and "
    "counts as empty.",
    "nothing need be done; trim the column in the export to be rid of this",
    '" u1 "',
)
COLUMN_LEFT_OUT = Rule(
    "column-left-out",
    _WARNING,
    _COLUMN,
    "A column is not sent as a property: it is personal, reserved by Segment, or its name is taken.",
    "--property COLUMN sends a personal column; rename one that is reserved or taken",
    "Phone Number",
)
VALUE_LEFT_OUT = Rule(
    "value-left-out",
    _WARNING,
    _COLUMN,
    "A value in an unmapped column looks like an address or a phone number, or has a personal member, and is not sent.",
    "--property COLUMN sends the column as it stands",
    "ada@example.com",
)
# --- what a 200 would hide -----------------------------------------------------------------------

EVENT_TOO_LARGE = Rule(
    "event-too-large",
    _ERROR,
    _ROW,
    "The message is over Segment's limit for one event (32 KB; held to 32,000 bytes).",
    "shorten the row's longest cell, or leave its column out of the export",
    "a subject of 40,000 characters",
)
CAMPAIGN_ID_MISSING = Rule(
    "campaign-id-missing",
    _WARNING,
    _ROW,
    "Without campaign and email id an event cannot be told from the campaign's others, nor joined to it.",
    "--map campaign_id=COLUMN, or --set campaign_id=VALUE where the file is of one campaign; "
    'in a profile [fields] campaign_id = "COLUMN", or campaign_id = { constant = "VALUE" }',
    "Email Opened,u1,,,2024-03-01T09:30:00Z",
)
LINK_MISSING = Rule(
    "link-missing",
    _WARNING,
    _ROW,
    "A click without its link: several clicks at one time fall together. Where no column has links, that is said once "
    "of the file.",
    '--map email_link_url=COLUMN; in a profile [fields] email_link_url = "COLUMN"',
    "Link Clicked,u1,,2024-03-01T09:30:00Z",
)
LINK_NOT_HTTP = Rule(
    "link-not-http",
    _WARNING,
    _ROW,
    "A link that is no http(s) URL; it is sent as it stands.",
    "see whether the right column is mapped: --map email_link_url=COLUMN",
    "example.com/sale",
)
PLACEHOLDER_ID = Rule(
    "placeholder-id",
    _WARNING,
    _ROW,
    "An id of a campaign or an event is a placeholder: a spelling of null, all zeros, a word such as anonymous, or a "
    "template's tag that was never filled in. All events that have it count as one campaign's, or as one event.",
    'have such cells empty: --null VALUE, in a profile [input] null = ["VALUE"]',
    r"\N",
)
PLACEHOLDER_PERSON = Rule(
    "placeholder-person",
    _ERROR,
    _ROW,
    "The id of the person is a placeholder: a spelling of null, all zeros, a word such as anonymous, or a template's "
    "tag that was never filled in. Everyone who has it would be merged into one person, which cannot be undone.",
    "have such cells empty, so that the row's other id is used: --null VALUE, in a profile "
    '[input] null = ["VALUE"] or [fields] userId = { column = "COLUMN", values = { "VALUE" = "" } }; or fix '
    "the export",
    r"\N",
)
ID_MISSPELLED = Rule(
    "id-misspelled",
    _WARNING,
    _ROW,
    "An id holds a character that nobody sees, begins with a spreadsheet's apostrophe, or is not in Unicode's normal "
    "form NFC: it is another id than the one that looks the same. It is sent as it stands.",
    "fix the id in the export",
    "c1 followed by U+200B, the zero width space",
)
PERSON_ID_MISSPELLED = Rule(
    "person-id-misspelled",
    _ERROR,
    _ROW,
    "The id of the person holds a character that nobody sees, begins with a spreadsheet's apostrophe, is a name with "
    "an address, or is not in Unicode's normal form NFC: the events would go to another person than "
    "the one whose id looks the same.",
    'fix the id in the export, or in a profile [fields] userId = { column = "COLUMN", values = { "VALUE" = "ID" } }',
    "u1 followed by U+200B, the zero width space",
)
PERSON_ID_DAMAGED = Rule(
    "person-id-damaged",
    _ERROR,
    _ROW,
    "The id of the person, or the address that stands in for it, holds U+FFFD or UTF-8 that was decoded as "
    "windows-1252: the events would go to another person than the one who is meant, which cannot be undone.",
    "export it again, as UTF-8, or name the encoding: --encoding utf-8",
    "grÃ¼n@shop.example",
)
PERSON_IMPLAUSIBLE = Rule(
    "person-implausible",
    _ERROR,
    _FILE,
    "The ids of the people cannot be right: many people would be merged into one, which cannot be undone, so nothing "
    "is sent, whatever --max-errors says.",
    'name the column that holds the person\'s id: --map userId=COLUMN, in a profile [fields] userId = "COLUMN"; where '
    "the people are as they should be, --allow-implausible-people",
    "50 addresses and one userId for all of them (from three on); an id that is the campaign's or the email's own on "
    "95 % of 20 rows or more; one person, whose id is no address, with more than half of 200 events or more",
)
PERSON_TWO_USERS = Rule(
    "person-two-users",
    _ERROR,
    _ROW,
    "One personId stands beside two userIds. A link would merge two users for good, so nothing is sent, whatever "
    "--max-errors says.",
    "see which userId is the person's, and fix the export; or send the events without any link for these people: "
    "--allow-implausible-people",
    "p-1 beside u-1 in March and beside u-2 in April, as after a merge of contacts",
)
USER_SEVERAL_PERSONS = Rule(
    "user-several-persons",
    _WARNING,
    _FILE,
    "One userId stands beside several personIds; each of these people is linked to it.",
    "see whether they are one person; where they are not, fix the export, or link nobody: --identify never",
    "u-1 beside p-1 in one row and beside p-2 in another, as after an import of contacts",
)
PERSON_NEVER_REPEATS = Rule(
    "person-never-repeats",
    _WARNING,
    _FILE,
    "No id of a person comes twice in 200 rows or more, though a column of addresses or of other ids repeats in at "
    "least a fifth of them: the id may be the row's own, and each event would become a person.",
    "see whether the right column is mapped: --map userId=COLUMN",
    "--map userId=id, where id numbers the rows and contact_id stands beside it",
)
EMAIL_WITH_NAME = Rule(
    "email-with-name",
    _WARNING,
    _COLUMN,
    "The cells hold a name and an address in angle brackets; the address alone is used.",
    "nothing need be done; export the address alone to be rid of this",
    "Ada Lovelace <ada@shop.example>",
)
EMAIL_AMBIGUOUS = Rule(
    "email-ambiguous",
    _ERROR,
    _ROW,
    "The cell is to tell the person's address and holds several, or a text in angle brackets as ids of messages are, "
    "so whose event it is cannot be known.",
    "leave one address in the cell, or map the column of the recipient: --map email=COLUMN",
    "ada@shop.example, bob@shop.example",
)
NULL_SPELLED = Rule(
    "null-spelled",
    _WARNING,
    _COLUMN,
    "A cell is a word that software writes for nothing; it is sent as text.",
    'have such cells empty: --null VALUE, in a profile [input] null = ["VALUE"]',
    r"\N",
)
INVISIBLE_CHARACTER = Rule(
    "invisible-character",
    _WARNING,
    _COLUMN,
    "An event's name, a flag or a column's name holds a character that nobody sees, so that it differs from one that "
    "looks the same.",
    "take the character out in the export",
    "Email Opened followed by U+200B, the zero width space",
)
TEXT_DAMAGED = Rule(
    "text-damaged",
    _WARNING,
    _COLUMN,
    "A text was decoded as another encoding than it was written in, and is sent as it stands.",
    "export it again as UTF-8, or name the encoding the file was written in: --encoding NAME",
    "FrÃ¼hling",
)
UNIQUE_CONTRADICTION = Rule(
    "unique-contradiction",
    _WARNING,
    _ROW,
    "The flag says that the event was not unique, and the event's name says that it was.",
    "see whether the right column is mapped: --map is_unique_open=COLUMN",
    "Email Unique Opens with is_unique_open false",
)
REPEATS_MANY = Rule(
    "repeats-many",
    _WARNING,
    _FILE,
    "More than 1 % of the events are the same in every respect that tells events apart; each goes once.",
    "see whether the export's times are too coarse, or map its own event id: --map event_id=COLUMN; --keep-equal-rows "
    "sends them as often as a file has them",
    "three opens of one person in one minute, stamped to the minute",
)
SAME_ID_OTHER_CONTENT = Rule(
    "same-id-other-content",
    _WARNING,
    _ROW,
    "Two rows are one event by every identifying field, yet differ in the rest; the first one is kept.",
    "see which of the two lines is right, and take the other out",
    "one open twice, once with is_unique_open true and once false",
)
OWN_ID_CONFLICT = Rule(
    "own-id-conflict",
    _ERROR,
    _FILE,
    "One event id of the export's own stands for different times, links or people, so it identifies no event.",
    "--no-event-id ignores the column, and events are told apart by their fields",
    "event_id 17 at 09:30 and again at 09:45",
)

# --- timestamps ----------------------------------------------------------------------------------

TIMESTAMP_MISSING = Rule(
    "timestamp-missing",
    _ERROR,
    _ROW,
    "The row has no time; Segment would take the time of receipt for it.",
    "fill in the time in the export, or leave the row out",
    "Email Opened,u1,,e1,c1,",
)
TIMESTAMP_NO_ZONE = Rule(
    "timestamp-no-zone",
    _ERROR,
    _COLUMN,
    "The times do not say in which zone they are, so the instants that they mean cannot be known.",
    "--timezone NAME, the zone in which the export was written: Europe/Berlin, America/New_York, or UTC; "
    'in a profile [time] zone = "NAME"',
    "2024-03-01 09:30:00",
)
TIMESTAMP_DATE_ONLY = Rule(
    "timestamp-date-only",
    _ERROR,
    _COLUMN,
    "The cells are dates without a time of day, so all events of a day would fall on one instant.",
    'map a column that has the time, or take midnight: --timestamp-format "%Y-%m-%d"',
    "2024-03-01",
)
TIMESTAMP_AMBIGUOUS = Rule(
    "timestamp-ambiguous",
    _ERROR,
    _COLUMN,
    "The dates can be read in more than one way: nothing says whether the day or the month comes first.",
    '--timestamp-format "%d/%m/%Y %H:%M:%S" where the day comes first, "%m/%d/%Y %H:%M:%S" where it does not',
    "03/04/2024 10:00:00",
)
TIMESTAMP_NEEDS_FORMAT = Rule(
    "timestamp-needs-format",
    _ERROR,
    _COLUMN,
    "The times are written in a form that is read only by a format of its own.",
    '--timestamp-format FMT, for example "%b %d, %Y %I:%M %p"',
    "Mar 1, 2024 9:30 AM",
)
TIMESTAMP_UNREADABLE = Rule(
    "timestamp-unreadable",
    _ERROR,
    _ROW,
    "The cell is neither an ISO 8601 time nor an epoch number.",
    'fix the cell, or say how the times are written: --timestamp-format "%Y-%m-%d %H:%M:%S"',
    "yesterday",
)
TIMESTAMP_IMPOSSIBLE = Rule(
    "timestamp-impossible",
    _ERROR,
    _ROW,
    "The cell is written like a time, but no calendar or clock ever shows it.",
    "fix the cell in the export",
    "2023-02-29T09:30:00Z",
)
TIMESTAMP_FORMAT_MISMATCH = Rule(
    "timestamp-format-mismatch",
    _ERROR,
    _ROW,
    "The cell is not written as --timestamp-format says.",
    "fix the cell, or give the format that fits: --timestamp-format FMT; ISO 8601 and epochs are read without it",
    '01.03.2024 under --timestamp-format "%d/%m/%Y"',
)
TIMESTAMP_SCIENTIFIC = Rule(
    "timestamp-scientific",
    _ERROR,
    _ROW,
    "The number is in scientific notation: a spreadsheet has rounded it, and its last digits are lost.",
    "take the export as it was before a spreadsheet saved it",
    "1.70929E+12",
)
TIMESTAMP_SERIAL = Rule(
    "timestamp-serial",
    _ERROR,
    _ROW,
    "The number is a spreadsheet's serial day, without a zone and rounded; it is no epoch time.",
    "format the column as yyyy-mm-dd hh:mm:ss in the spreadsheet and save it again, then add --timezone UTC",
    "45352.39",
)
TIMES_DIFFER = Rule(
    "times-differ",
    _WARNING,
    _COLUMN,
    "A column that is named after an event has another time on that event's rows than the column that is taken for "
    "the time.",
    "where the event's own column is meant, map it: --map timestamp=COLUMN, or a profile with an event for each such "
    "column: infl-seg inspect FILE --save PROFILE.toml",
    "event_date 2024-03-01 beside opened_at 2024-03-02 on an opening",
)
TIME_OF_ANOTHER_EVENT = Rule(
    "time-of-another-event",
    _ERROR,
    _ROW,
    "The column that is taken for the time is named after another event than the row's, so its time would be that "
    "event's.",
    "have an event for each such column, by a profile: infl-seg inspect FILE --save PROFILE.toml; or give the column "
    "of times a name that is of no event",
    "Link Clicked with --map timestamp=opened_at",
)
TIMESTAMP_EPOCH_UNCLEAR = Rule(
    "timestamp-epoch-unclear",
    _ERROR,
    _ROW,
    "The number's size fits no unit: before the point, epoch seconds have 9 or 10 digits, milliseconds 12 "
    "or 13, microseconds 15 or 16, nanoseconds 18 or 19.",
    "see whether the right column is mapped: --map timestamp=COLUMN",
    "17092854001",
)
TIMESTAMP_IN_GAP = Rule(
    "timestamp-in-gap",
    _ERROR,
    _ROW,
    "The local time does not exist: the clocks of the zone were put forward over it.",
    "see whether the export is in that zone; --timezone UTC if its times are UTC",
    "2024-03-31 02:30:00 in Europe/Berlin",
)
TIMESTAMP_IN_OVERLAP = Rule(
    "timestamp-in-overlap",
    _WARNING,
    _ROW,
    "The local time was there twice, as the clocks of the zone were put back; the first of the two is sent.",
    "export the times in UTC, or with their offset",
    "2024-10-27 02:30:00 in Europe/Berlin",
)
TIMESTAMP_FUTURE = Rule(
    "timestamp-future",
    _ERROR,
    _ROW,
    "The time lies more than five minutes after the start of this run; destinations refuse events to come.",
    "see whether --timezone is right, and this machine's clock",
    "2099-01-01T00:00:00Z",
)
TIMESTAMP_BEFORE_1970 = Rule(
    "timestamp-before-1970",
    _ERROR,
    _ROW,
    "The time lies before 1970, where Segment may not take it: mostly a default that stands for no time.",
    "fix the cell in the export, or leave the row out",
    "0001-01-01T00:00:00Z",
)
TIMESTAMP_BEFORE_2000 = Rule(
    "timestamp-before-2000",
    _WARNING,
    _ROW,
    "The time lies before 2000, which no campaign of Inflection's does; it is sent as it stands.",
    "see whether the right column is mapped: --map timestamp=COLUMN",
    "1999-12-31T23:59:59Z",
)

# --- what cannot be read, beyond an unclosed quote -----------------------------------------------

TEXT_AFTER_QUOTE = Rule(
    "text-after-quote",
    _ERROR,
    _ROW,
    "Text follows the closing quote of a cell, so two readings exist: a stray quote, or a lost delimiter.",
    "double the quotes inside a quoted cell, or delete the text after the closing quote; where a backslash stands "
    "before them: --escape '\\'",
    'u1,"Spring "big" sale",2024-03-01T09:30:00Z',
)

QUOTE_IN_BARE_CELL = Rule(
    "quote-in-bare-cell",
    _ERROR,
    _ROW,
    "A quote inside a cell without quotes can be the opening quote of a cell whose delimiter was lost; then the row "
    "has other cells.",
    "write the lost delimiter before the quote and delete blanks there; if the quote is text, quote the whole cell and "
    "double the quote",
    'u1,Spring"Hello, friends",2024-03-01T09:30:00Z',
)

QUOTE_AS_TEXT = Rule(
    "quote-as-text",
    _WARNING,
    _COLUMN,
    "A quote stands inside a cell without quotes; no other reading has another count of cells, so it is read as text.",
    'nothing if the quotes are text, as in 5" screen; else delete the blank before the opening quote, or quote the '
    "whole cell and double the quotes inside",
    'u1,5" screen,2024-03-01T09:30:00Z',
)

NUMBER_TOO_LARGE = Rule(
    "number-too-large",
    _WARNING,
    _COLUMN,
    "A JSON number is beyond what a 64-bit float can hold; it is sent as it is written, and a destination may refuse "
    "the whole message.",
    'send it as text: type = "string" under [properties] of a profile, or --properties-as-text',
    '{"score": 1e400}',
)

RAGGED_ROW = Rule(
    "ragged-row",
    _ERROR,
    _ROW,
    "The row has more or fewer cells than the header has names, so which cell is which cannot be known.",
    "quote the cells that hold a delimiter, add the missing cells, or delete the line if it is no row, as a total is",
    "u1,Spring, the sale,2024-03-01T09:30:00Z",
)

BARE_RETURN = Rule(
    "bare-carriage-return",
    _ERROR,
    _ROW,
    "A carriage return stands outside quotes and ends no line: it is part of a cell, or an old line end.",
    "quote the cell that holds it, or turn the line ends into LF: tr '\\r' '\\n' < OLD > NEW",
    "u1,Spring\\rsale,2024-03-01T09:30:00Z",
)

NUL_CHARACTER = Rule(
    "nul-character",
    _ERROR,
    _FILE,
    "The record holds a NUL, which no text has; an export that was cut off or mixed with binary data does.",
    "export the file again, or take the NULs out: tr -d '\\000' < OLD > NEW",
    "u1,Spring\\u0000,2024-03-01T09:30:00Z",
)

BAD_ENCODING = Rule(
    "bad-encoding",
    _ERROR,
    _FILE,
    "The bytes are no text in the file's encoding, so what they say cannot be known.",
    "name the encoding the file was written in, for example --encoding windows-1252",
    "u1,Caf\\xe9,2024-03-01T09:30:00Z",
)

FIELD_TOO_LONG = Rule(
    "field-too-long",
    _ERROR,
    _ROW,
    "A cell is longer than 131,072 characters; a lost quote makes such cells, campaigns do not.",
    "shorten the cell, or close the quote before it",
    'u1,"a cell of 200,000 characters",2024-03-01T09:30:00Z',
)

RECORD_TOO_LONG = Rule(
    "record-too-long",
    _ERROR,
    _ROW,
    "A record is longer than 1,048,576 characters; a lost quote or line end makes such records. Of a line with more "
    "than 4,194,304 bytes the rejects hold the first so many.",
    "shorten the record, or fix the line end before it",
    "a line of 2,000,000 characters",
)

NAMELESS_COLUMN = Rule(
    "nameless-column",
    _WARNING,
    _FILE,
    "A column has no name and is left out; where it is the last one, as long as it is empty on every row.",
    "delete the delimiter at the end of the lines, or name the column in the header if it is needed",
    "event,userId,timestamp,",
)

COLUMN_NAMED_TWICE = Rule(
    "column-named-twice",
    _WARNING,
    _FILE,
    "Columns share a name, so none of them is known by it; each has its place added to its name.",
    "say which one is meant, for example --map 'userId=id (column 2)', or rename one in the header",
    "id,event,id",
)

NAMELESS_CELL = Rule(
    "nameless-cell",
    _ERROR,
    _ROW,
    "A cell stands in the last column, which has no name, so what it says cannot be known.",
    "name the column in the header, or empty the cell",
    "Email Opened,u1,2024-03-01T09:30:00Z,yes",
)

FILE_NAMED_TWICE = Rule(
    "file-named-twice",
    _WARNING,
    _FILE,
    "One file was named more than once; it is read once.",
    "name each file once",
    "export.csv ./export.csv",
)

IDENTIFY_OLD = Rule(
    "identify-old",
    _WARNING,
    _ROW,
    "An identify with traits is replayed long after its time; Segment takes its traits for the newest ones.",
    "see whether its traits still hold; --since leaves older messages out",
    '{"type": "identify", "userId": "u1", "traits": {"plan": "free"}, "timestamp": "2021-03-01T09:30:00Z"}',
)

FILE_EMPTY = Rule(
    "file-empty",
    _WARNING,
    _FILE,
    "One of several files holds no row, as an export of a quiet day does; it is passed over.",
    "see whether the export is whole, if there should be rows",
    "a header and nothing else",
)

FILES_LEFT_OUT = Rule(
    "files-left-out",
    _WARNING,
    _FILE,
    "A folder or an archive holds files that were not taken, because their names are none of an export's or they hold "
    "rejected rows.",
    "name the file itself where it is an export",
    "exports/notes.pdf",
)

REMOTE_UNCHECKED = Rule(
    "remote-unchecked",
    _WARNING,
    _FILE,
    "A remote file came without a checksum, so only its length shows that it came whole.",
    "compare a checksum of your own where that matters, then name the file that you downloaded",
    "s3://exports/events.parquet",
)
OPTION_IDLE = Rule(
    "option-idle",
    _WARNING,
    _FILE,
    "An option finds nothing to do. --email-trait, --user-id-from email and --anonymous-id-from email work on a "
    "column known as the email; --trait, --all-traits, --traits-style, --group-user, --group-anonymous-id and --now "
    "on calls other than track.",
    'name the column that holds addresses: --map email=COLUMN, in a profile [fields] email = "COLUMN"; say what the '
    "rows are: --as identify; or leave the option out",
    "--email-trait on an export with the columns event, userId and timestamp",
)

JSON_INVALID = Rule(
    "json-invalid",
    _ERROR,
    _ROW,
    "What stands where a record is due is no JSON.",
    "write one whole JSON object on each line, or a list of them",
    '{"event": "Email Opened", "userId": "u1"',
)

JSON_NOT_OBJECT = Rule(
    "json-not-object",
    _ERROR,
    _ROW,
    "What stands where a record is due is JSON, but not an object with names and values.",
    "write each record as a JSON object, with a name for each value",
    '["Email Opened", "u1"]',
)

JSON_NOT_A_NUMBER = Rule(
    "json-not-a-number",
    _ERROR,
    _ROW,
    "The line holds NaN or Infinity, which JSON does not have.",
    "write null where there is no value",
    '{"event": "Email Opened", "score": NaN}',
)

JSON_DUPLICATE_KEY = Rule(
    "json-duplicate-key",
    _ERROR,
    _ROW,
    "One object holds the same key twice, so which value counts cannot be known.",
    "write each key once",
    '{"userId": "u1", "userId": "u2"}',
)

JSON_EMPTY_KEY = Rule(
    "json-empty-key",
    _ERROR,
    _ROW,
    "A key is empty, so what its value says cannot be known.",
    "name the key, or leave it out",
    '{"event": "Email Opened", "": "u1"}',
)

JSON_TOO_DEEP = Rule(
    "json-too-deep",
    _ERROR,
    _ROW,
    "Objects and lists are nested more than 32 deep.",
    "flatten the object",
    '{"a": {"a": {"a": {}}}}, and so on',
)

JSON_LONE_SURROGATE = Rule(
    "json-lone-surrogate",
    _ERROR,
    _ROW,
    "Half of a surrogate pair stands alone: it is no character and cannot be sent.",
    "write the character whole, or leave it out",
    '{"campaign_name": "Spring \\ud83d"}',
)

JSON_TOO_MANY_KEYS = Rule(
    "json-too-many-keys",
    _ERROR,
    _ROW,
    "With this line's keys the file would have more than 2,000 columns; names made of data do that.",
    "move the data from the keys into values",
    '{"opened_2024-03-01T09:30:00Z": true}',
)

JSON_CUT_OFF = Rule(
    "json-cut-off",
    _ERROR,
    _ROW,
    "The file ends in the middle of a JSON document, so records may be missing; what was cut off counts as one row.",
    "export the file again, or see whether it was copied whole; what is there before the cut can be sent",
    '[{"event": "Email Opened", "userId": "u1"},',
)

JSON_NO_RECORDS = Rule(
    "json-no-records",
    _ERROR,
    _ROW,
    "One of the file's JSON documents has no list of records where the others have it.",
    "see whether it is of the same kind as the others, and take it out of the file if it is not",
    '{"error": "rate limited"} among documents such as {"data": []}',
)

# --- ready messages (replay) ---------------------------------------------------------------------

MESSAGE_TYPE_UNKNOWN = Rule(
    "message-type-unknown",
    _ERROR,
    _ROW,
    "The message's type is none that Segment has: track, identify, page, screen, group or alias.",
    "write one of the six types; files of rows go through: infl-seg backfill FILE",
    '{"type": "tracking", "event": "Email Opened"}',
)

MESSAGE_ID_MISSING = Rule(
    "message-id-missing",
    _ERROR,
    _ROW,
    "The message has no messageId, so what was sent already could not be told from what was not.",
    "give each message an id of its own that stays the same, for example a UUID",
    '{"type": "track", "event": "Email Opened", "userId": "u1"}',
)

ID_NOT_TEXT = Rule(
    "id-not-text",
    _ERROR,
    _ROW,
    "An id is empty or no string; Segment discards such a message after answering 200.",
    "write the id in quotes, or leave the member out",
    '{"userId": 17}',
)

NAME_NOT_TEXT = Rule(
    "name-not-text",
    _ERROR,
    _ROW,
    "The name of an event, or a page's name or category, is empty or no string; "
    "Segment discards such a message after answering 200.",
    "write the name in quotes; a page may also do without",
    '{"type": "page", "name": ""}',
)

MEMBER_NOT_OBJECT = Rule(
    "member-not-object",
    _ERROR,
    _ROW,
    "A member that must be an object is none; Segment discards a message with such properties or traits "
    "after answering 200.",
    "write an object, {} for nothing, or leave the member out",
    '{"properties": "none"}',
)

# --- what a profile draws out of cells -----------------------------------------------------------

JSON_CELL_INVALID = Rule(
    "json-cell-invalid",
    _ERROR,
    _ROW,
    "A dotted path of the profile leads into the cell, and the cell holds no JSON that can be read exactly.",
    "fix the cell in the export, or have the profile take the cell as it stands, by its column's name alone",
    '{"user": {"id": 17}',
)

PATH_NOT_OBJECT = Rule(
    "path-not-object",
    _ERROR,
    _ROW,
    "A dotted path of the profile leads through a text, a number or a list without an item to name, "
    "so there is nothing to look into.",
    "let the path end before that value, or name an item of a list by its number, from 0: items.0.sku",
    'payload.user.id where payload is {"user": "u1"}',
)

VALUE_UNLISTED = Rule(
    "value-unlisted",
    _ERROR,
    _ROW,
    'The profile lists what this column\'s cells stand for, says otherwise = "reject", and this cell is not listed.',
    'add the cell to the profile\'s values, or say what becomes of others: otherwise = "keep" or "empty"',
    'Opn with values = { "Opened" = "Email Opened" }',
)

PATTERN_MISFIT = Rule(
    "pattern-misfit",
    _ERROR,
    _ROW,
    "The profile takes a part of the cell by split, prefix or suffix, and the cell has no such part.",
    'say what becomes of such cells: otherwise = "keep" or "empty", or take out the pattern',
    'x17 with prefix = "c"',
)

LOOKUP_KEY_MISSING = Rule(
    "lookup-key-missing",
    _WARNING,
    _ROW,
    "A lookup table of the profile has no row for the cell, so what the table would add is empty.",
    'give a table that has the key, or say that some have none: otherwise = "empty" in the profile\'s lookup table',
    "cmp-17 where campaign.csv has no cmp-17",
)
LOOKUP_KEY_UNKNOWN = Rule(
    "lookup-key-unknown",
    _ERROR,
    _ROW,
    'A lookup table of the profile has no row for the cell, and the profile says otherwise = "reject".',
    'give a table that has the key, or write otherwise = "warn" or "empty" in the profile\'s lookup table',
    "cmp-17 where campaign.csv has no cmp-17",
)

PROFILE_COLUMN_MISSING = Rule(
    "profile-column-missing",
    _WARNING,
    _FILE,
    "The profile names columns or keys that this file lacks; there they count as empty. A JSON export has them in "
    "some records only, and of several CSV files one may have what another lacks.",
    "nothing need be done where the file has them later or not at all; else write the names as they stand in the "
    "file, or take the lines out of the profile",
    "bounce.bounceType in an export without a bounce",
)

PROPERTY_TYPE = Rule(
    "property-type",
    _ERROR,
    _ROW,
    "The profile gives the property a type, and the cell is none of it; a warehouse's column has one type.",
    'have such cells left out, for example values = { "n/a" = "" }, or send the column as text: type = "string"',
    'n/a with type = "number"',
)

# --- what a destination asks for: --check -------------------------------------------------------

CHECK_CALL_REFUSED = Rule(
    "check-call-refused",
    _ERROR,
    _ROW,
    "The destination that --check names does not take this type of call.",
    "leave such messages out of this run, or run them without --check",
    '{"type": "page"} under --check freshsuccess',
)
CHECK_MEMBER_MISSING = Rule(
    "check-member-missing",
    _ERROR,
    _ROW,
    "The message lacks a member that the destination named by --check requires.",
    "fill it in the export, or name the column that holds it; without --check the message goes out as it is",
    "a group without traits.name under --check freshsuccess",
)
CHECK_MEMBER_TYPE = Rule(
    "check-member-type",
    _ERROR,
    _ROW,
    "A member has another JSON type or form than the destination named by --check reads.",
    'give the column its type in a profile: type = "number", "boolean" or "string"; or leave the column out',
    '{"traits": {"is_churned": "no"}} under --check freshsuccess',
)
CHECK_MEMBER_TOO_LONG = Rule(
    "check-member-too-long",
    _ERROR,
    _ROW,
    "A text is longer than the destination named by --check takes.",
    "shorten the cell in the export, or leave the column out",
    "a description of 600 characters under --check freshsuccess",
)
CHECK_MEMBER_RECOMMENDED = Rule(
    "check-member-recommended",
    _WARNING,
    _COLUMN,
    "Messages lack a member that the destination named by --check recommends; they go out all the same.",
    "name the column that holds it, or give all rows one value with --set or --context",
    "a track without properties.module under --check freshsuccess",
)
CHECK_MEMBER_IGNORED = Rule(
    "check-member-ignored",
    _WARNING,
    _COLUMN,
    "The destination named by --check ignores this member; other destinations get it all the same.",
    "nothing need be done; send it as a trait of an identify or a group where it is needed there",
    "properties.campaign_id of a track under --check freshsuccess",
)
CHECK_EVENT_ALIAS = Rule(
    "check-event-alias",
    _WARNING,
    _COLUMN,
    "An event of Segment's Email Spec goes out under another name; destinations that read the Spec do not know it.",
    '--naming spec sends the names of the Spec, in a profile [options] naming = "spec"',
    "Link Clicked under --check email-spec, whose name is Email Link Clicked",
)
PARTNER_EVENT_ALIAS = Rule(
    "partner-event-alias",
    _ERROR,
    _ROW,
    "An event of Segment's Email Spec goes out under another name, for which Segment refuses a partner's source.",
    '--naming spec sends the names of the Spec, in a profile [options] naming = "spec"',
    "Link Clicked under --check partner-source, whose name is Email Link Clicked",
)
PARTNER_NO_USER_ID = Rule(
    "partner-no-user-id",
    _WARNING,
    _COLUMN,
    "Messages have an anonymousId alone. Segment asks partners for a userId; Inflection's own rule allows it while "
    "no userId is known.",
    "name the column of the customer's own id: --map userId=COLUMN",
    "a row with a personId only, under --check partner-source",
)
SESSION_ID_LINKED = Rule(
    "session-id-linked",
    _WARNING,
    _COLUMN,
    "Messages have a userId and beside it a session id as anonymousId. Segment may link the two, for good.",
    "leave --session-id out unless a destination needs it; use ids of sessions that no two people share",
    "--session-id person with --check freshsuccess",
)
USER_IN_TWO_ACCOUNTS = Rule(
    "user-in-two-accounts",
    _ERROR,
    _ROW,
    "A userId is seen with two groupIds, and elsewhere without one: Freshsuccess cannot know the account. Nothing is "
    "sent, whatever --max-errors says.",
    "give every row its groupId, or use ids that are unique across accounts; without --check it goes out as it is",
    "u1 with groupId a1, u1 with groupId a2, and u1 without a groupId",
)

# --- calls other than track ----------------------------------------------------------------------

CALL_TYPE_UNKNOWN = Rule(
    "call-type-unknown",
    _ERROR,
    _ROW,
    "The cell in the column type names none of the calls that a row can be, or one that this file cannot be.",
    "write track, identify, group, page or screen; or give all rows one type: --as identify",
    "alias",
)
GROUP_ID_MISSING = Rule(
    "group-id-missing",
    _ERROR,
    _ROW,
    "A group call without groupId names no account.",
    "fill the cell, or see whether the right column is mapped: --map groupId=COLUMN, in a profile [fields] "
    'groupId = "COLUMN"',
    ",Initech,2024-03-01T09:30:00Z",
)
GROUP_PERSON_MISSING = Rule(
    "group-person-missing",
    _ERROR,
    _ROW,
    "A group call without a person; Segment discards such a message after answering 200.",
    "fill userId or personId; or have something stand for it: --group-anonymous-id account sends account: and the "
    "groupId as anonymousId, --group-user VALUE sends one userId for all; in a profile [options] "
    'group_anonymous_id = "account" or group_user = "VALUE"',
    "a-17,Initech,2024-03-01T09:30:00Z",
)
VIEW_NAMELESS = Rule(
    "view-nameless",
    _ERROR,
    _ROW,
    "A page without name and url, or a screen without name: nothing tells what was seen.",
    "fill one of them, or see whether the right column is mapped: --map name=COLUMN or --map url=COLUMN, in a profile "
    '[fields] name = "COLUMN" or [properties] url = "COLUMN"',
    "u1,,2024-03-01T09:30:00Z",
)
TRAIT_TYPE = Rule(
    "trait-type",
    _ERROR,
    _ROW,
    "Segment reserves the name with a type, and the cell is none of it; destinations rely on that type.",
    'fix the cell; or say in a profile how it is sent, under [traits]: employees = { column = "Size", '
    'type = "string" }',
    "11-50 as employees",
)
TRAITS_OVERWRITE = Rule(
    "traits-overwrite",
    _WARNING,
    _FILE,
    "Segment and most destinations keep the traits that arrive last, whatever the time of the call. An old identify "
    "or group overwrites newer traits.",
    "nothing need be done where the export is newer than what Segment has; else send the ids alone, or leave the "
    "file out",
    "an identify of 2021 with the phone number of then",
)

# --- lists that are compared ---------------------------------------------------------------------

LIST_COLUMN_DIFFERS = Rule(
    "list-column-differs",
    _WARNING,
    _FILE,
    "A mapped column is in one of the two lists only. It may have another name now; it is not compared.",
    "give the column its old name in the export; where it is truly new or gone, nothing need be done",
    "plan in the old list, tier in the new one",
)
LIST_OWN_ID_MISSING = Rule(
    "list-own-id-missing",
    _ERROR,
    _ROW,
    "The column of --message-id is empty, so the event has no id of its own.",
    "fill the cell, or leave --message-id out: ids are then made of key and content",
    "an empty cell in the column change_id",
)
