"""All problem rules as data: code, severity, scope, meaning, fix and example."""

from inflection_cli.model import Rule, Scope, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_ROW, _COLUMN, _FILE = Scope.ROW, Scope.COLUMN, Scope.FILE

# --- what cannot be read -------------------------------------------------------------------------

QUOTE_UNCLOSED = Rule(
    "quote-unclosed",
    _ERROR,
    _ROW,
    "A cell starts with a quote that is never closed. The end of the record is unknown.",
    "close the quote in the export; inside a quoted cell, write two quotes for one",
    'u1,"Spring sale,2024-03-01T09:30:00Z',
)

# --- what cannot be mapped -----------------------------------------------------------------------

EVENT_MISSING = Rule(
    "event-missing",
    _ERROR,
    _ROW,
    "The row has no event name. Segment discards such a message after answering 200.",
    'fill the cell, or set one event for all rows: --set event="Email Opened", in a profile [fields] '
    'event = { constant = "Email Opened" }',
    ",u1,2024-03-01T09:30:00Z",
)
EVENT_UNKNOWN = Rule(
    "event-unknown",
    _ERROR,
    _ROW,
    "The event name is not one of Inflection's nine.",
    "--unknown-events skip leaves such rows out, --unknown-events send keeps their names. For one name: "
    "--event-name 'NAME=Email Opened' maps it to an event, --skip-event NAME leaves its rows out",
    "Sent",
)
PERSON_MISSING = Rule(
    "person-missing",
    _ERROR,
    _ROW,
    "The row has neither userId nor personId. Segment discards such a message after answering 200.",
    "fill one of them. If the file has addresses: --user-id-from email or --anonymous-id-from email, "
    'in a profile [options] user_id_from = "email" or anonymous_id_from = "email"',
    "Email Opened,,,2024-03-01T09:30:00Z",
)
ID_SCIENTIFIC = Rule(
    "id-scientific",
    _ERROR,
    _ROW,
    "The id is in scientific notation. A spreadsheet has rounded it, and digits are lost.",
    "export again and do not save the file from a spreadsheet, or format the column as text first",
    "1.23457E+18",
)
ID_DECIMAL = Rule(
    "id-decimal",
    _WARNING,
    _ROW,
    "The id ends in .0, because a program read it as a number. It is sent unchanged and differs from "
    "the id without .0.",
    "export the column as text, without the .0",
    "12345.0",
)
ID_FORMULA = Rule(
    "id-formula",
    _WARNING,
    _ROW,
    "The id starts with an equals sign, like a spreadsheet formula. It is sent unchanged, with sign "
    "and quotes.",
    'export the column as text: 007 instead of ="007"',
    '="007"',
)
EMAIL_NOT_ADDRESS = Rule(
    "email-not-address",
    _WARNING,
    _ROW,
    "The cell replaces a missing id and is not an e-mail address. It is sent unchanged.",
    "check that the right column is mapped: --map email=COLUMN",
    "Ada Lovelace",
)
FLAG_UNREADABLE = Rule(
    "flag-unreadable",
    _ERROR,
    _ROW,
    "The flag is not a known spelling of true or false.",
    "write true or false, or leave the cell empty",
    "maybe",
)
OUTER_SPACE = Rule(
    "outer-space",
    _WARNING,
    _ROW,
    "An id, event name or flag has white space around it, which is removed. A cell of white space "
    "alone counts as empty.",
    "no action needed; trim the column in the export to remove this warning",
    '" u1 "',
)
COLUMN_LEFT_OUT = Rule(
    "column-left-out",
    _WARNING,
    _COLUMN,
    "A column is not sent as a property: it is personal, reserved by Segment, or its name is in use.",
    '--property COLUMN sends a personal column; in a profile [properties] other_name = "COLUMN" sends one '
    "that is reserved or in use",
    "Phone Number",
)
VALUE_LEFT_OUT = Rule(
    "value-left-out",
    _WARNING,
    _COLUMN,
    "A value in an unmapped column looks like an address or a phone number, or has a personal "
    "member. It is not sent.",
    "--property COLUMN sends the column unchanged",
    "ada@example.com",
)
# --- what a 200 would hide -----------------------------------------------------------------------

EVENT_TOO_LARGE = Rule(
    "event-too-large",
    _ERROR,
    _ROW,
    "The message is over Segment's limit for one event: 32 KB, applied here as 32,000 bytes.",
    "shorten the row's longest cell, or leave its column out of the export",
    "a subject of 40,000 characters",
)
CAMPAIGN_ID_MISSING = Rule(
    "campaign-id-missing",
    _WARNING,
    _ROW,
    "The event has no campaign id or no email id. It cannot be joined to the campaign or the email.",
    "--map campaign_id=COLUMN, or --set campaign_id=VALUE for a file of one campaign; in a profile "
    '[fields] campaign_id = "COLUMN", or campaign_id = { constant = "VALUE" }',
    "Email Opened,u1,,,2024-03-01T09:30:00Z",
)
LINK_MISSING = Rule(
    "link-missing",
    _WARNING,
    _ROW,
    "A click has no link, so several clicks at one time count as one. Reported once per file if no "
    "column has links.",
    '--map email_link_url=COLUMN; in a profile [fields] email_link_url = "COLUMN"',
    "Link Clicked,u1,,2024-03-01T09:30:00Z",
)
LINK_NOT_HTTP = Rule(
    "link-not-http",
    _WARNING,
    _ROW,
    "The link is not an http or https URL. It is sent unchanged.",
    "check that the right column is mapped: --map email_link_url=COLUMN",
    "example.com/sale",
)
PLACEHOLDER_ID = Rule(
    "placeholder-id",
    _WARNING,
    _ROW,
    "The id of a campaign or an event is a placeholder, such as null, zeros or an unfilled template "
    "tag. All events with it count as one campaign's, or as one event.",
    'treat such cells as empty: --null VALUE, in a profile [input] null = ["VALUE"]',
    r"\N",
)
PLACEHOLDER_PERSON = Rule(
    "placeholder-person",
    _ERROR,
    _ROW,
    "The person's id is a placeholder, such as a spelling of null, zeros or an unfilled template "
    "tag. All people with it would be merged into one, which cannot be undone.",
    "treat such cells as empty, so that the row's other id is used: --null VALUE, in a profile "
    '[input] null = ["VALUE"] or [fields] userId = { column = "COLUMN", values = { "VALUE" = "" } }; '
    "or fix the export",
    r"\N",
)
ID_MISSPELLED = Rule(
    "id-misspelled",
    _WARNING,
    _ROW,
    "The id has an invisible character or a spreadsheet's apostrophe, or is not in Unicode's normal "
    "form NFC. It differs from the id that looks the same, and is sent unchanged.",
    "fix the id in the export",
    "c1 followed by U+200B, the zero width space",
)
PERSON_ID_MISSPELLED = Rule(
    "person-id-misspelled",
    _ERROR,
    _ROW,
    "The person's id has an invisible character, a leading apostrophe or a name, or is "
    "not in Unicode NFC. The events would go to another person than the one whose id looks the same.",
    'fix the id in the export, or in a profile [fields] userId = { column = "COLUMN", values = { '
    '"VALUE" = "ID" } }',
    "u1 followed by U+200B, the zero width space",
)
PERSON_ID_DAMAGED = Rule(
    "person-id-damaged",
    _ERROR,
    _ROW,
    "The person's id, or the address used as id, has U+FFFD or UTF-8 that was decoded as "
    "windows-1252. The events would go to the wrong person, which cannot be undone.",
    "export it again as UTF-8, or name the encoding: --encoding utf-8",
    "grÃ¼n@shop.example",
)
PERSON_IMPLAUSIBLE = Rule(
    "person-implausible",
    _ERROR,
    _FILE,
    "The ids of the people cannot be right: many people would be merged into one, which cannot be "
    "undone. Nothing is sent, even with --max-errors.",
    "name the column with the person's id: --map userId=COLUMN, in a profile [fields] userId = "
    '"COLUMN"; if the people are correct, --allow-implausible-people',
    "50 addresses with one userId (from three on). Or an id that is the campaign's or the email's "
    "own on 95 % of 20 rows or more. Or one person, whose id is not an address, with more than half "
    "of 200 events or more. Or one address with more than 95 % of them",
)
PERSON_TWO_USERS = Rule(
    "person-two-users",
    _ERROR,
    _ROW,
    "One personId is next to two userIds. A link would merge two users permanently, so nothing is "
    "sent, even with --max-errors.",
    "find the person's userId and fix the export; or send the events without a link for these "
    "people: --allow-implausible-people",
    "p-1 beside u-1 in March and beside u-2 in April, as after a merge of contacts",
)
USER_SEVERAL_PERSONS = Rule(
    "user-several-persons",
    _WARNING,
    _FILE,
    "One userId is next to several personIds. Each of these people is linked to it.",
    "check whether they are one person; if not, fix the export, or link no one: --identify never",
    "u-1 beside p-1 in one row and beside p-2 in another, as after an import of contacts",
)
PERSON_NEVER_REPEATS = Rule(
    "person-never-repeats",
    _WARNING,
    _FILE,
    "In 200 rows or more no person's id repeats, but addresses or other ids repeat in a fifth of "
    "them. The id may be the row's own, and each event would create a person.",
    "check that the right column is mapped: --map userId=COLUMN",
    "--map userId=id, where id numbers the rows and contact_id stands beside it",
)
EMAIL_WITH_NAME = Rule(
    "email-with-name",
    _WARNING,
    _COLUMN,
    "The cells hold a name and an address in angle brackets. Only the address is used.",
    "no action needed; export the address alone to remove this warning",
    "Ada Lovelace <ada@shop.example>",
)
EMAIL_AMBIGUOUS = Rule(
    "email-ambiguous",
    _ERROR,
    _ROW,
    "The cell should hold the person's address, but it has several, or a message id in angle "
    "brackets. The person is unknown.",
    "leave one address in the cell, or map the column of the recipient: --map email=COLUMN",
    "ada@shop.example, bob@shop.example",
)
NULL_SPELLED = Rule(
    "null-spelled",
    _WARNING,
    _COLUMN,
    "The cell is a word that software writes for an empty value. It is sent as text.",
    'treat such cells as empty: --null VALUE, in a profile [input] null = ["VALUE"]',
    r"\N",
)
INVISIBLE_CHARACTER = Rule(
    "invisible-character",
    _WARNING,
    _COLUMN,
    "An event name, a flag or a column name has an invisible character. It differs from the text "
    "that looks the same.",
    "remove the character in the export",
    "Email Opened followed by U+200B, the zero width space",
)
TEXT_DAMAGED = Rule(
    "text-damaged",
    _WARNING,
    _COLUMN,
    "The text was decoded with the wrong encoding. It is sent unchanged.",
    "export it again as UTF-8, or name the encoding of the file: --encoding NAME",
    "FrÃ¼hling",
)
UNIQUE_CONTRADICTION = Rule(
    "unique-contradiction",
    _WARNING,
    _ROW,
    "The flag marks the event as not unique, but the event name marks it as unique.",
    "check that the right column is mapped: --map is_unique_open=COLUMN",
    "Email Unique Opens with is_unique_open false",
)
REPEATS_MANY = Rule(
    "repeats-many",
    _WARNING,
    _FILE,
    "More than 1 % of the events are equal in every identifying field. Each is sent once.",
    "check whether the export's times are too coarse, or map its own event id: --map event_id=COLUMN. "
    "--keep-equal-rows sends them as often as a file has them",
    "three opens of one person in one minute, stamped to the minute",
)
SAME_ID_OTHER_CONTENT = Rule(
    "same-id-other-content",
    _WARNING,
    _ROW,
    "Two rows are one event by every identifying field but differ in other fields. The first row is kept.",
    "decide which of the two lines is right, and remove the other",
    "one open twice, once with is_unique_open true and once false",
)
OWN_ID_CONFLICT = Rule(
    "own-id-conflict",
    _ERROR,
    _FILE,
    "One event id of the export has different times, links or people. It identifies no event.",
    "--no-event-id ignores the column and identifies events by their fields",
    "event_id 17 at 09:30 and again at 09:45",
)

# --- timestamps ----------------------------------------------------------------------------------

TIMESTAMP_MISSING = Rule(
    "timestamp-missing",
    _ERROR,
    _ROW,
    "The row has no time. Segment would use the time of receipt instead.",
    "fill in the time in the export, or leave the row out",
    "Email Opened,u1,,e1,c1,",
)
TIMESTAMP_NO_ZONE = Rule(
    "timestamp-no-zone",
    _ERROR,
    _COLUMN,
    "The times have no time zone, so the exact instants are unknown.",
    "--timezone NAME, the time zone of the export: Europe/Berlin, America/New_York, or UTC; in a "
    'profile [time] zone = "NAME"',
    "2024-03-01 09:30:00",
)
TIMESTAMP_DATE_ONLY = Rule(
    "timestamp-date-only",
    _ERROR,
    _COLUMN,
    "The cells are dates without a time of day. All events of a day would get the same time.",
    'map a column that has the time, or use midnight: --timestamp-format "%Y-%m-%d"',
    "2024-03-01",
)
TIMESTAMP_AMBIGUOUS = Rule(
    "timestamp-ambiguous",
    _ERROR,
    _COLUMN,
    "The dates have two readings: the day or the month can be first.",
    '--timestamp-format "%d/%m/%Y %H:%M:%S" if the day is first, "%m/%d/%Y %H:%M:%S" if not',
    "03/04/2024 10:00:00",
)
TIMESTAMP_NEEDS_FORMAT = Rule(
    "timestamp-needs-format",
    _ERROR,
    _COLUMN,
    "The times can only be parsed with an explicit format.",
    '--timestamp-format FMT, for example "%b %d, %Y %I:%M %p"',
    "Mar 1, 2024 9:30 AM",
)
TIMESTAMP_UNREADABLE = Rule(
    "timestamp-unreadable",
    _ERROR,
    _ROW,
    "The cell is neither an ISO 8601 time nor an epoch number.",
    "fix the cell in the export, or map the column of the times: --map timestamp=COLUMN",
    "yesterday",
)
TIMESTAMP_IMPOSSIBLE = Rule(
    "timestamp-impossible",
    _ERROR,
    _ROW,
    "The cell has the form of a time, but this date or time does not exist.",
    "fix the cell in the export",
    "2023-02-29T09:30:00Z",
)
TIMESTAMP_FORMAT_MISMATCH = Rule(
    "timestamp-format-mismatch",
    _ERROR,
    _ROW,
    "The cell does not match --timestamp-format.",
    "fix the cell, or set the matching format: --timestamp-format FMT; ISO 8601 and epochs need no format",
    '01.03.2024 under --timestamp-format "%d/%m/%Y"',
)
TIMESTAMP_SCIENTIFIC = Rule(
    "timestamp-scientific",
    _ERROR,
    _ROW,
    "The number is in scientific notation. A spreadsheet has rounded it, and its last digits are lost.",
    "use the original export, before a spreadsheet saved it",
    "1.70929E+12",
)
TIMESTAMP_SERIAL = Rule(
    "timestamp-serial",
    _ERROR,
    _ROW,
    "The number is a spreadsheet's serial day, rounded and without a time zone. It is not an epoch time.",
    "format the column as yyyy-mm-dd hh:mm:ss in the spreadsheet and save it again, then add --timezone UTC",
    "45352.39",
)
TIMES_DIFFER = Rule(
    "times-differ",
    _WARNING,
    _COLUMN,
    "A column named after an event has another time than the timestamp column, on rows of that event.",
    "if the event's own column is right, map it: --map timestamp=COLUMN; or use a profile with an "
    "event for each such column: infl-seg inspect FILE --save PROFILE.toml",
    "event_date 2024-03-01 beside opened_at 2024-03-02 on an opening",
)
TIME_OF_SENDING = Rule(
    "time-of-sending",
    _WARNING,
    _COLUMN,
    "The timestamp column is named after the sending, and rows are openings, clicks or the like. They would get the "
    "time at which the message was sent.",
    "map the column with the event's own time: --map timestamp=COLUMN",
    "sent_at beside Email Opened",
)
TIME_OF_ANOTHER_EVENT = Rule(
    "time-of-another-event",
    _ERROR,
    _ROW,
    "The timestamp column is named after another event than the row's. The row would get that event's time.",
    "use a profile with an event for each such column, and no --map timestamp: infl-seg inspect FILE "
    "--save PROFILE.toml. Or rename the column so that it names no event",
    "Link Clicked with --map timestamp=opened_at",
)
TIMESTAMP_EPOCH_UNCLEAR = Rule(
    "timestamp-epoch-unclear",
    _ERROR,
    _ROW,
    "The number's size matches no unit. Epoch seconds have 9 or 10 digits before the point, "
    "milliseconds 12 or 13. Microseconds have 15 or 16, nanoseconds 18 or 19.",
    "check that the right column is mapped: --map timestamp=COLUMN",
    "17092854001",
)
TIMESTAMP_IN_GAP = Rule(
    "timestamp-in-gap",
    _ERROR,
    _ROW,
    "The local time does not exist: it is in the hour skipped when summer time starts.",
    "check that the export is in that time zone; use --timezone UTC if its times are UTC",
    "2024-03-31 02:30:00 in Europe/Berlin",
)
TIMESTAMP_IN_OVERLAP = Rule(
    "timestamp-in-overlap",
    _WARNING,
    _ROW,
    "The local time occurred twice, when summer time ended. The first of the two is sent.",
    "export the times in UTC, or with their offset",
    "2024-10-27 02:30:00 in Europe/Berlin",
)
TIMESTAMP_FUTURE = Rule(
    "timestamp-future",
    _ERROR,
    _ROW,
    "The time is more than five minutes after the start of this run. Destinations refuse events in "
    "the future.",
    "check --timezone and this machine's clock",
    "2099-01-01T00:00:00Z",
)
TIMESTAMP_BEFORE_1970 = Rule(
    "timestamp-before-1970",
    _ERROR,
    _ROW,
    "The time is before 1970, and Segment may reject it. Often it is a default for an empty time.",
    "fix the cell in the export, or leave the row out",
    "0001-01-01T00:00:00Z",
)
TIMESTAMP_BEFORE_2000 = Rule(
    "timestamp-before-2000",
    _WARNING,
    _ROW,
    "The time is before 2000, which is too early for a campaign. It is sent unchanged.",
    "check that the right column is mapped: --map timestamp=COLUMN",
    "1999-12-31T23:59:59Z",
)

# --- what cannot be read, beyond an unclosed quote -----------------------------------------------

TEXT_AFTER_QUOTE = Rule(
    "text-after-quote",
    _ERROR,
    _ROW,
    "Text follows the closing quote of a cell. Either the quote is wrong, or a delimiter is missing.",
    "inside a quoted cell write two quotes for one, or delete the text after the closing quote. "
    "If a backslash is before such quotes: --escape '\\'",
    'u1,"Spring "big" sale",2024-03-01T09:30:00Z',
)

QUOTE_IN_BARE_CELL = Rule(
    "quote-in-bare-cell",
    _ERROR,
    _ROW,
    "A quote inside an unquoted cell can start a cell whose delimiter is missing. The row would then "
    "have other cells.",
    "write the missing delimiter before the quote and delete blanks there. If the quote is text, "
    "quote the whole cell and write two quotes for one",
    'u1,Spring"Hello, friends",2024-03-01T09:30:00Z',
)

QUOTE_AS_TEXT = Rule(
    "quote-as-text",
    _WARNING,
    _COLUMN,
    "A quote is inside an unquoted cell. No other reading gives another number of cells, so it is "
    "read as text.",
    'no action needed if the quotes are text, as in 5" screen. Otherwise delete the blank before the '
    "opening quote. Or quote the whole cell and write two quotes for one",
    'u1,5" screen,2024-03-01T09:30:00Z',
)

NUMBER_TOO_LARGE = Rule(
    "number-too-large",
    _WARNING,
    _COLUMN,
    "A JSON number is too large for a 64-bit float. It is sent unchanged, and a destination may "
    "refuse the message.",
    "send it as text: --properties-as-text, or in a profile [properties] NAME = { column = "
    '"COLUMN", type = "string" }',
    '{"score": 1e400}',
)

RAGGED_ROW = Rule(
    "ragged-row",
    _ERROR,
    _ROW,
    "The row has more or fewer cells than the header, so cells cannot be assigned to columns.",
    "quote the cells that hold a delimiter, or add the missing cells. Delete a line that is not a "
    "record, such as a total",
    "u1,Spring, the sale,2024-03-01T09:30:00Z",
)

BARE_RETURN = Rule(
    "bare-carriage-return",
    _ERROR,
    _ROW,
    "A carriage return outside quotes does not end a line. It is part of a cell, or an old line end.",
    "quote the cell that holds it, or convert the line ends to LF: tr '\\r' '\\n' < OLD > NEW",
    "u1,Spring\\rsale,2024-03-01T09:30:00Z",
)

NUL_CHARACTER = Rule(
    "nul-character",
    _ERROR,
    _FILE,
    "The record has a NUL character, which text never has. The export was cut off or mixed with binary data.",
    "export the file again, or remove the NULs: tr -d '\\000' < OLD > NEW",
    "u1,Spring\\u0000,2024-03-01T09:30:00Z",
)

BAD_ENCODING = Rule(
    "bad-encoding",
    _ERROR,
    _FILE,
    "The bytes are not valid in the file's encoding, so the text is unknown.",
    "name the encoding of the file, for example --encoding windows-1252",
    "u1,Caf\\xe9,2024-03-01T09:30:00Z",
)

FIELD_TOO_LONG = Rule(
    "field-too-long",
    _ERROR,
    _ROW,
    "A cell is longer than 131,072 characters. Usually a quote is missing.",
    "shorten the cell, or close the quote before it",
    'u1,"a cell of 200,000 characters",2024-03-01T09:30:00Z',
)

RECORD_TOO_LONG = Rule(
    "record-too-long",
    _ERROR,
    _ROW,
    "A record is longer than 1,048,576 characters. Usually a quote or a line end is missing. For a "
    "line over 4,194,304 bytes the rejects hold the first 4,194,304.",
    "shorten the record, or fix the line end before it",
    "a line of 2,000,000 characters",
)

NAMELESS_COLUMN = Rule(
    "nameless-column",
    _WARNING,
    _FILE,
    "A column has no name and is left out. The last column is left out only if it is empty on every row.",
    "delete the delimiter at the end of the lines, or name the column in the header",
    "event,userId,timestamp,",
)

COLUMN_NAMED_TWICE = Rule(
    "column-named-twice",
    _WARNING,
    _FILE,
    "Columns share a name, so none of them is recognised by it. Each has its place added to its name.",
    "choose one, for example --map 'userId=id (column 2)', or rename one in the header",
    "id,event,id",
)

NAMELESS_CELL = Rule(
    "nameless-cell",
    _ERROR,
    _ROW,
    "A cell is in the last column, which has no name. Its meaning is unknown.",
    "name the column in the header, or empty the cell",
    "Email Opened,u1,2024-03-01T09:30:00Z,yes",
)

FILE_NAMED_TWICE = Rule(
    "file-named-twice",
    _WARNING,
    _FILE,
    "A file was named more than once. It is read once.",
    "name each file once",
    "export.csv ./export.csv",
)

IDENTIFY_OLD = Rule(
    "identify-old",
    _WARNING,
    _ROW,
    "An identify with traits is replayed long after its time; Segment treats its traits as the newest ones.",
    "check that its traits are still true; --since TIME leaves older messages out",
    '{"type": "identify", "userId": "u1", "traits": {"plan": "free"}, "timestamp": "2021-03-01T09:30:00Z"}',
)

FILE_EMPTY = Rule(
    "file-empty",
    _WARNING,
    _FILE,
    "One of several files has no rows, like the export of a day without events. It is skipped.",
    "check that the export is complete, if there should be rows",
    "a header and nothing else",
)

FILES_LEFT_OUT = Rule(
    "files-left-out",
    _WARNING,
    _FILE,
    "A folder or an archive has files that were not read. Their names do not match an export, or "
    "they hold rejected rows.",
    "if one of them is an export, name the file itself",
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
    "An option has no effect. --email-trait, --user-id-from email and --anonymous-id-from email need a column "
    "recognised as the email. --trait, --all-traits, --traits-style, --group-user, --group-anonymous-id and --now need "
    "calls other than track, and --property needs track, page or screen. In a profile, "
    "[traits] and [properties] need the same.",
    'name the column that holds addresses: --map email=COLUMN, in a profile [fields] email = "COLUMN". For calls set '
    "the type of the rows: --as identify; or leave the option out",
    "--email-trait on an export with the columns event, userId and timestamp",
)

JSON_INVALID = Rule(
    "json-invalid",
    _ERROR,
    _ROW,
    "The text in place of a record is not JSON.",
    "write one whole JSON object on each line, or a list of them",
    '{"event": "Email Opened", "userId": "u1"',
)

JSON_NOT_OBJECT = Rule(
    "json-not-object",
    _ERROR,
    _ROW,
    "The JSON in place of a record is not an object with names and values.",
    "write each record as a JSON object, with a name for each value",
    '["Email Opened", "u1"]',
)

JSON_NOT_A_NUMBER = Rule(
    "json-not-a-number",
    _ERROR,
    _ROW,
    "The line has NaN or Infinity, which JSON does not allow.",
    "write null for an empty value",
    '{"event": "Email Opened", "score": NaN}',
)

JSON_DUPLICATE_KEY = Rule(
    "json-duplicate-key",
    _ERROR,
    _ROW,
    "An object has the same key twice, so the right value is unknown.",
    "write each key once",
    '{"userId": "u1", "userId": "u2"}',
)

JSON_EMPTY_KEY = Rule(
    "json-empty-key",
    _ERROR,
    _ROW,
    "A key is empty, so the meaning of its value is unknown.",
    "name the key, or leave it out",
    '{"event": "Email Opened", "": "u1"}',
)

JSON_TOO_DEEP = Rule(
    "json-too-deep",
    _ERROR,
    _ROW,
    "Objects and lists are nested more than 32 levels deep.",
    "flatten the object",
    '{"a": {"a": {"a": {}}}}, and so on',
)

JSON_LONE_SURROGATE = Rule(
    "json-lone-surrogate",
    _ERROR,
    _ROW,
    "The text has half of a surrogate pair. It is not a character and cannot be sent.",
    "write the whole character, or leave it out",
    '{"campaign_name": "Spring \\ud83d"}',
)

JSON_TOO_MANY_KEYS = Rule(
    "json-too-many-keys",
    _ERROR,
    _ROW,
    "With this line's keys the file has more than 2,000 columns. Often the keys contain data.",
    "move the data from the keys into values",
    '{"opened_2024-03-01T09:30:00Z": true}',
)

JSON_CUT_OFF = Rule(
    "json-cut-off",
    _ERROR,
    _ROW,
    "The file ends inside a JSON document, so records may be missing. The part that was cut off "
    "counts as one row.",
    "export the file again, or check that it was copied completely; the records before the cut can be sent",
    '[{"event": "Email Opened", "userId": "u1"},',
)

JSON_NO_RECORDS = Rule(
    "json-no-records",
    _ERROR,
    _ROW,
    "One JSON document of the file has no list of records where the others have it.",
    "check whether it has the same structure as the others; if not, remove it from the file",
    '{"error": "rate limited"} among documents such as {"data": []}',
)

# --- ready messages (replay) ---------------------------------------------------------------------

MESSAGE_TYPE_UNKNOWN = Rule(
    "message-type-unknown",
    _ERROR,
    _ROW,
    "The message type is not one of Segment's: track, identify, page, screen, group or alias.",
    "write one of the six types; send files of rows with: infl-seg backfill FILE",
    '{"type": "tracking", "event": "Email Opened"}',
)

MESSAGE_ID_MISSING = Rule(
    "message-id-missing",
    _ERROR,
    _ROW,
    "The message has no messageId, so messages already sent cannot be recognised.",
    "add an id to each message that stays the same, for example a UUID",
    '{"type": "track", "event": "Email Opened", "userId": "u1"}',
)

ID_NOT_TEXT = Rule(
    "id-not-text",
    _ERROR,
    _ROW,
    "An id is empty or not a string, or a JSON list or object is in place of a text. Segment discards a "
    "message whose id is not a string after answering 200.",
    "write the id in quotes, or leave the member out",
    '{"userId": 17}',
)

NAME_NOT_TEXT = Rule(
    "name-not-text",
    _ERROR,
    _ROW,
    "The name of an event, or a page's name or category, is empty or not a string. Segment discards "
    "such a message after answering 200.",
    "write the name in quotes; a page may have none",
    '{"type": "page", "name": ""}',
)

MEMBER_NOT_OBJECT = Rule(
    "member-not-object",
    _ERROR,
    _ROW,
    "A member that must be an object is not one. Segment discards a message with such properties or "
    "traits after answering 200.",
    "write an object, {} for an empty one, or leave the member out",
    '{"properties": "none"}',
)

# --- what a profile draws out of cells -----------------------------------------------------------

JSON_CELL_INVALID = Rule(
    "json-cell-invalid",
    _ERROR,
    _ROW,
    "A dotted path of the profile leads into the cell, but the cell is not JSON with exact values.",
    "fix the cell in the export, or use the whole cell in the profile, by its column's name alone",
    '{"user": {"id": 17}',
)

PATH_NOT_OBJECT = Rule(
    "path-not-object",
    _ERROR,
    _ROW,
    "A dotted path of the profile leads through a text, a number, or a list without an item number.",
    "end the path before that value, or name an item of a list by its number, from 0: items.0.sku",
    'payload.user.id where payload is {"user": "u1"}',
)

VALUE_UNLISTED = Rule(
    "value-unlisted",
    _ERROR,
    _ROW,
    'The profile lists this column\'s values with otherwise = "reject", and this cell is not listed.',
    'add the cell to the profile\'s values, or set otherwise = "keep" or "empty". '
    "The name of an event: --skip-event NAME, or --event-name NAME=EVENT",
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
    'give a table that has the key, or allow others: otherwise = "empty" in the profile\'s lookup table',
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
    "The profile names columns or keys that this file does not have. They count as empty. In a JSON "
    "export, or with several CSV files, some records may have them.",
    "no action needed if other records or files have them. Otherwise use the names from the file, or "
    "remove the lines from the profile",
    "bounce.bounceType in an export without a bounce",
)

PROPERTY_TYPE = Rule(
    "property-type",
    _ERROR,
    _ROW,
    "The profile sets a type for the property, and the cell does not have it. A warehouse's column "
    "has one type.",
    'leave such cells out, for example values = { "n/a" = "" }, or send the column as text: type = "string"',
    'n/a with type = "number"',
)

# --- what a destination asks for: --check -------------------------------------------------------

CHECK_CALL_REFUSED = Rule(
    "check-call-refused",
    _ERROR,
    _ROW,
    "The destination of --check does not accept this type of call.",
    "leave such messages out of this run, or run them without --check",
    '{"type": "page"} under --check freshsuccess',
)
CHECK_MEMBER_MISSING = Rule(
    "check-member-missing",
    _ERROR,
    _ROW,
    "The message has no value for a member that the destination of --check requires.",
    "fill it in the export, or name the column that holds it; without --check the message is sent unchanged",
    "a group without traits.name under --check freshsuccess",
)
CHECK_MEMBER_TYPE = Rule(
    "check-member-type",
    _ERROR,
    _ROW,
    "A member has another JSON type or form than the destination of --check reads.",
    'set the column\'s type in a profile: type = "number", "boolean" or "string"; or leave the column out',
    '{"traits": {"is_churned": "no"}} under --check freshsuccess',
)
CHECK_MEMBER_TOO_LONG = Rule(
    "check-member-too-long",
    _ERROR,
    _ROW,
    "A text is longer than the destination of --check accepts.",
    "shorten the cell in the export, or leave the column out",
    "a description of 600 characters under --check freshsuccess",
)
CHECK_MEMBER_RECOMMENDED = Rule(
    "check-member-recommended",
    _WARNING,
    _COLUMN,
    "Messages have no value for a member that the destination of --check recommends. They are sent "
    "unchanged.",
    "name the column that holds it, or set one value for all rows with --set or --context",
    "a track without properties.module under --check freshsuccess",
)
CHECK_MEMBER_IGNORED = Rule(
    "check-member-ignored",
    _WARNING,
    _COLUMN,
    "The destination of --check ignores this member. Other destinations receive it.",
    "no action needed; if the destination needs it, send it as a trait of an identify or a group",
    "properties.campaign_id of a track under --check freshsuccess",
)
CHECK_EVENT_ALIAS = Rule(
    "check-event-alias",
    _WARNING,
    _COLUMN,
    "An event of Segment's Email Spec is sent under another name. Destinations that use the Spec do "
    "not recognise it.",
    '--naming spec sends the names of the Spec, in a profile [options] naming = "spec"',
    "Link Clicked under --check email-spec, whose name is Email Link Clicked",
)
PARTNER_EVENT_ALIAS = Rule(
    "partner-event-alias",
    _ERROR,
    _ROW,
    "An event of Segment's Email Spec is sent under another name. Segment refuses a partner's source "
    "for this.",
    '--naming spec sends the names of the Spec, in a profile [options] naming = "spec"',
    "Link Clicked under --check partner-source, whose name is Email Link Clicked",
)
PARTNER_NO_USER_ID = Rule(
    "partner-no-user-id",
    _WARNING,
    _COLUMN,
    "Messages have an anonymousId alone, but Segment asks partners for a userId. Inflection allows "
    "this while the userId is unknown.",
    "name the column of the customer's own id: --map userId=COLUMN",
    "a row with a personId only, under --check partner-source",
)
SESSION_ID_LINKED = Rule(
    "session-id-linked",
    _WARNING,
    _COLUMN,
    "Messages have a userId, and a session id as anonymousId. Segment may link the two permanently.",
    "no action needed for Freshsuccess, which needs session ids; use ids that no two people share",
    "--session-id person with --check freshsuccess",
)
USER_IN_TWO_ACCOUNTS = Rule(
    "user-in-two-accounts",
    _ERROR,
    _ROW,
    "A userId has two groupIds, and a row without one: Freshsuccess cannot assign the account. "
    "Nothing is sent, even with --max-errors.",
    "add the groupId to every row, or use ids that are unique across accounts. Without --check the "
    "data is sent unchanged",
    "u1 with groupId a1, u1 with groupId a2, and u1 without a groupId",
)

# --- calls other than track ----------------------------------------------------------------------

CALL_TYPE_UNKNOWN = Rule(
    "call-type-unknown",
    _ERROR,
    _ROW,
    "The cell in the column type is not a known call, or not a call that this file can contain.",
    "write track, identify, group, page or screen; or set one type for all rows: --as identify",
    "alias",
)
GROUP_ID_MISSING = Rule(
    "group-id-missing",
    _ERROR,
    _ROW,
    "A group call has no groupId, so the account is unknown.",
    "fill the cell, or check that the right column is mapped: --map groupId=COLUMN, in a profile "
    '[fields] groupId = "COLUMN"',
    ",Initech,2024-03-01T09:30:00Z",
)
GROUP_PERSON_MISSING = Rule(
    "group-person-missing",
    _ERROR,
    _ROW,
    "A group call has no person. Segment discards such a message after answering 200.",
    "fill userId or personId. Or send account: and the groupId as anonymousId: --group-anonymous-id "
    "account. Or send one userId for all: --group-user VALUE; in a profile [options] "
    'group_anonymous_id = "account" or group_user = "VALUE"',
    "a-17,Initech,2024-03-01T09:30:00Z",
)
VIEW_NAMELESS = Rule(
    "view-nameless",
    _ERROR,
    _ROW,
    "A page has neither name nor url, or a screen has no name. What was viewed is unknown.",
    "fill one of them, or check that the right column is mapped: --map name=COLUMN or --map "
    'url=COLUMN, in a profile [fields] name = "COLUMN" or [properties] url = "COLUMN"',
    "u1,,2024-03-01T09:30:00Z",
)
TRAIT_TYPE = Rule(
    "trait-type",
    _ERROR,
    _ROW,
    "Segment reserves the name with a type, and the cell does not have this type. Destinations depend on it.",
    'fix the cell; or set its type in a profile [traits] NAME = { column = "COLUMN", type = "string" }',
    "11-50 as employees",
)
TRAITS_OVERWRITE = Rule(
    "traits-overwrite",
    _WARNING,
    _FILE,
    "Segment and most destinations keep the traits that arrive last and ignore the time of the call. "
    "An old identify or group overwrites newer traits.",
    "no action needed if the export is newer than Segment's data. Otherwise send the ids alone, or "
    "leave the file out",
    "an identify of 2021 with the phone number of then",
)

# --- lists that are compared ---------------------------------------------------------------------

LIST_COLUMN_DIFFERS = Rule(
    "list-column-differs",
    _WARNING,
    _FILE,
    "A mapped column is in one of the two lists only. It may have another name now; it is not compared.",
    "give the column its old name in the export. A column that really is new or gone needs no change",
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
