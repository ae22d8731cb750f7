"""Data about Inflection's export: fields, events and their other names."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of email event.

    Attributes:
        name: Inflection's name, as its live source sends it; part of every event's identity.
        spec_name: The Email Spec's name where one matches; else Inflection's own.
        link: Whether the event is about a link.
        unique_flag: The flag that is true by the event's own meaning, or None.
        other_names: Further names met in exports, each in squashed spelling (lower case, letters and digits).
    """

    name: str
    spec_name: str
    link: bool = False
    unique_flag: str | None = None
    other_names: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """Action behind the event, unique or not."""
        if self.link:
            return "click"
        return "open" if "Open" in self.name else self.name


# Names: Segment docs, "Inflection Source", "Events"; Spec names: Segment docs, "Spec: Email".
EVENTS: Final = (
    EventKind(
        "Email Delivered",
        "Email Delivered",
        other_names=("delivered", "delivery", "deliver", "emaildelivery", "messagedelivered"),
    ),
    EventKind(
        "Email Opened",
        "Email Opened",
        other_names=("opened", "open", "emailopen", "emailopens", "opens", "messageopened"),
    ),
    EventKind(
        "Email Unique Opens",
        "Email Unique Opens",
        unique_flag="is_unique_open",
        other_names=(
            "uniqueopens",
            "uniqueopen",
            "emailuniqueopen",
            "uniqueemailopen",
            "uniqueemailopens",
            "uniqueopened",
            "firstopen",
            "firstopened",
        ),
    ),
    EventKind(
        "Email Bounced",
        "Email Bounced",
        other_names=("bounced", "bounce", "emailbounce", "bounces", "messagebounced"),
    ),
    EventKind(
        "Email Reported as Spam",
        "Email Marked as Spam",
        other_names=(
            "reportedasspam",
            "emailmarkedasspam",
            "markedasspam",
            "spam",
            "spamreport",
            "spamreported",
            "spamcomplaint",
            "complaint",
            "complained",
            "emailcomplaint",
            "emailspamreport",
        ),
    ),
    EventKind(
        "Link Clicked",
        "Email Link Clicked",
        link=True,
        other_names=(
            "clicked",
            "click",
            "clicks",
            "linkclick",
            "linkclicks",
            "emailclick",
            "emailclicked",
            "emaillinkclicked",
            "emaillinkclick",
        ),
    ),
    EventKind(
        "Unique Link Click",
        "Unique Link Click",
        link=True,
        unique_flag="is_unique_click",
        other_names=(
            "uniquelinkclicks",
            "uniqueclick",
            "uniqueclicks",
            "emailuniqueclick",
            "emailuniqueclicks",
        ),
    ),
    EventKind(
        "Unique Link Click per Unique Open",
        "Unique Link Click per Unique Open",
        link=True,
        unique_flag="is_unique_click",
        other_names=(
            "uniqueclickperuniqueopen",
            "uniquelinkclicksperuniqueopen",
            "uniqueclicksperuniqueopens",
        ),
    ),
    EventKind(
        "Email Unsubscribed",
        "Unsubscribed",
        other_names=("unsubscribed", "unsubscribe", "unsubscribes", "emailunsubscribe", "optout", "optedout"),
    ),
)

# The canonical columns: Segment docs, "Inflection Source", "Event properties"; the last four are ours.
FIELDS: Final = (
    "event",
    "userId",
    "personId",
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "campaign_name",
    "email_subject",
    "email_link_url",
    "is_unique_open",
    "is_unique_click",
    "timestamp",
    "email",
    "ip",
    "user_agent",
    "event_id",
)

CAMPAIGN_FIELDS: Final = (
    "event",
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "campaign_name",
    "email_subject",
    "is_unique_open",
    "is_unique_click",
)
"""The fields that a campaign repeats on thousands of rows."""

FLAG_FIELDS: Final = ("is_unique_open", "is_unique_click")

CALL_ONLY_FIELDS: Final = ("groupId", "name", "category")
"""What calls other than track have beside the fields of events; they are named as fields are."""

EVENT_FIELDS: Final = (*FIELDS, "groupId")
"""What a track event can have. Its account has to be named: in earlier versions such a column was a property."""

# Inflection's newer words are "journey" (campaign), "contact" (person) and "template" (email).
COLUMN_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "event": (
        "eventname",
        "eventtype",
        "activity",
        "activitytype",
        "activityname",
        "action",
        "type",
        "emailevent",
        "engagementtype",
    ),
    "userId": ("user", "externalid", "externaluserid", "customerid", "customeruserid"),
    "personId": ("person", "contactid", "contact", "inflectionid", "inflectionpersonid", "anonymousid"),
    "email_id": ("templateid", "emailtemplateid", "messagetemplateid", "emailassetid"),
    "campaign_id": ("journeyid", "emailcampaignid", "programid"),
    "campaign_run_id": ("journeyrunid", "runid", "campaignexecutionid", "journeyexecutionid", "sendid"),
    "campaign_name": ("journeyname", "campaign", "journey", "emailcampaignname", "programname"),
    "email_subject": ("subject", "subjectline", "emailsubjectline", "messagesubject"),
    "email_link_url": (
        "link",
        "linkurl",
        "url",
        "clickedurl",
        "clickedlink",
        "emaillink",
        "linkclicked",
        "href",
    ),
    "is_unique_open": ("uniqueopen", "firstopen"),
    "is_unique_click": ("uniqueclick", "firstclick"),
    "timestamp": (
        "time",
        "date",
        "datetime",
        "eventtime",
        "eventtimestamp",
        "eventdate",
        "occurredat",
        "occurred",
        "activitydate",
        "activitytime",
        "activitytimestamp",
        "sentat",
        "createdat",
        "happenedat",
        "originaltimestamp",
    ),
    "email": ("emailaddress", "mail", "recipient", "recipientemail", "contactemail", "useremail", "toemail"),
    "ip": ("ipaddress", "clientip", "remoteip"),
    "user_agent": ("useragentstring", "browser", "useragentheader", "ua"),
    "event_id": ("eventuuid", "activityid", "eventuniqueid", "insertid"),
}
"""Other words for a field, squashed (lower case, letters and digits only); each has one meaning."""

# Segment docs, "Warehouse Schemas", "Reserved properties": dropped on the way to the warehouse.
RESERVED_PROPERTIES: Final = frozenset(
    {
        "id",
        "event",
        "user_id",
        "timestamp",
        "received_at",
        "sent_at",
        "original_timestamp",
        "anonymous_id",
        "event_text",
        "uuid_ts",
    }
)

RESERVED_CONTEXT: Final = frozenset({"integration", "library", "personId", "ip", "userAgent", "traits"})
"""Members of an event's context that the tool itself fills."""

# Segment docs, "Spec: Identify", "Traits", squashed; and the words exports use for them.
PERSONAL_COLUMNS: Final = frozenset(
    {
        "address",
        "age",
        "avatar",
        "birthday",
        "birthdate",
        "cell",
        "cellphone",
        "city",
        "dateofbirth",
        "dob",
        "email",
        "emailaddress",
        "fax",
        "firstname",
        "fullname",
        "gender",
        "givenname",
        "jobtitle",
        "ip",
        "ipaddress",
        "lastname",
        "lat",
        "latitude",
        "linkedin",
        "linkedinurl",
        "lng",
        "lon",
        "longitude",
        "middlename",
        "mobile",
        "mobilephone",
        "name",
        "phone",
        "phonenumber",
        "postalcode",
        "postcode",
        "recipient",
        "recipientemail",
        "secondaryemail",
        "ssn",
        "street",
        "streetaddress",
        "surname",
        "telephone",
        "title",
        "username",
        "workemail",
        "zip",
        "zipcode",
    }
)

PERSON_WORDS: Final = frozenset(
    {"contact", "customer", "lead", "member", "person", "prospect", "recipient", "subscriber", "user"}
)
"""Words before a trait that say whose it is: a contact's name is a name."""

LATER_PERSON_WORDS: Final = frozenset(
    {"billing", "bcc", "cc", "from", "home", "profile", "sender", "shipping", "to", "work"}
)
"""Further such words. Versions before 0.2 did not know them, nor the names that follow: they sent such columns, whose
cells are a part of content hashes for that reason."""

LATER_PERSONAL_COLUMNS: Final = frozenset(
    {
        *(
            "fname",
            "lname",
            "mname",
            "nickname",
            "displayname",
            "contactname",
            "forename",
            "familyname",
            "initials",
        ),
        *("vorname", "nachname", "prenom", "apellido", "apellidos", "salutation", "honorific"),
        *("to", "toaddress", "toaddresses", "toemail", "toname", "tonumber", "recipients", "cc", "bcc"),
        *(
            "from",
            "fromaddress",
            "fromemail",
            "fromname",
            "fromnumber",
            "mailfrom",
            "envelopefrom",
            "returnpath",
        ),
        *(
            "replyto",
            "replytoaddress",
            "replytoemail",
            "sender",
            "senderaddress",
            "senderemail",
            "sendername",
        ),
        *(
            "body",
            "bodyhtml",
            "bodyplain",
            "bodytext",
            "emailbody",
            "messagebody",
            "smsbody",
            "htmlbody",
            "textbody",
        ),
        *(
            "content",
            "messagecontent",
            "emailcontent",
            "html",
            "messagehtml",
            "htmlcontent",
            "text",
            "plaintext",
        ),
        *("messagetext", "smstext", "smsmessage", "message", "textcontent", "strippedtext", "strippedhtml"),
        *(
            "address1",
            "address2",
            "addressline",
            "addressline1",
            "addressline2",
            "homeaddress",
            "postaladdress",
        ),
        *("mailingaddress", "street1", "street2", "housenumber", "postal", "plz", "strasse"),
        *("phone1", "phone2", "homephone", "workphone", "mobileno", "mobilenumber", "cellnumber", "phoneno"),
        *(
            "telephonenumber",
            "telefon",
            "tel",
            "msisdn",
            "whatsapp",
            "smsnumber",
            "contactnumber",
            "faxnumber",
        ),
        *("birth", "birthyear", "geburtsdatum", "geburtstag", "passport", "taxid", "iban"),
        *(
            "namefirst",
            "namelast",
            "firstnm",
            "lastnm",
            "nom",
            "nomdefamille",
            "prénom",
            "anrede",
            "rcpt",
            "rcptto",
        ),
        *(
            "altemail",
            "alternativeemail",
            "owneremail",
            "ownername",
            "primaryemail",
            "privateemail",
            "otheremail",
        ),
        *(
            "msg",
            "msgbody",
            "msgtext",
            "rawbody",
            "rawmessage",
            "rawmsg",
            "notes",
            "remark",
            "remarks",
        ),
        *("smtpresponse", "smtpreply", "smtpmessage", "diagnosticcode"),
        *(
            "clientip",
            "clientaddr",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "ipaddr",
            "userip",
            "xforwardedfor",
        ),
        *("personalemail", "alternateemail", "emails", "phones", "addresses", "useremail", "contactemail"),
    }
)
"""Further names of what is a person's own: names, addresses, senders, and what a message says, squashed."""

SENDER_WORDS: Final = frozenset(
    {"from", "sender", "reply", "replyto", "return", "returnpath", "mailfrom", "fromemail", "fromaddress"}
)
"""Words in a column's name that say that it is about who sent a message, and not about who got it."""

SERVER_WORDS: Final = frozenset({"host", "mta", "mx", "relay", "sending", "server", "smtp", "source"})
"""Words in a column's name that say that a network address is a machine's, and not the recipient's."""

# What databases, spreadsheets and pandas write for a value that is not there, in lower case.
NULL_WORDS: Final = frozenset(
    {
        r"\n",
        r"\\n",
        "null",
        "(null)",
        "[null]",
        "<null>",
        "nil",
        "none",
        "(none)",
        "<none>",
        "nan",
        "nat",
        "na",
        "<na>",
        "n/a",
        "n.a.",
        "#n/a",
        "#null!",
        "#ref!",
        "#name?",
        "#value!",
        "#div/0!",
        "#num!",
        "#spill!",
        "#calc!",
        "undefined",
        "(blank)",
        "(empty)",
        "-",
        "--",
    }
)

# Of these a text that people write is never made.
NULLS_IN_TEXT: Final = frozenset(
    {
        r"\N",
        r"\\N",
        "NULL",
        "null",
        "(null)",
        "[null]",
        "<null>",
        "nan",
        "NaN",
        "NaT",
        "<NA>",
        "#N/A",
        "#NULL!",
        "#REF!",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "undefined",
    }
)

# Segment docs, "Identify: best practices", ids that merge strangers into one profile.
PLACEHOLDER_IDS: Final = NULL_WORDS | {
    "anonymous",
    "anon",
    "guest",
    "unknown",
    "test",
    "-1",
    "inf",
    "-inf",
    "infinity",
    "?",
    "[object object]",
    "true",
    "false",
    # A header's names.
    *("userid", "user_id", "user-id", "personid", "person_id", "person-id", "anonymousid", "anonymous_id"),
    *("contactid", "contact_id", "customerid", "customer_id", "externalid", "external_id", "user id"),
    *("person id", "anonymous id", "contact id", "customer id", "external id"),
}

TRUE_WORDS: Final = frozenset({"true", "t", "yes", "y", "1", "on"})
FALSE_WORDS: Final = frozenset({"false", "f", "no", "n", "0", "off"})

REJECT_COLUMNS: Final = ("infl_seg_file", "infl_seg_line", "infl_seg_code", "infl_seg_reason")
"""The columns that a rejects file carries in front; mapping passes them by."""

NAME_AND_PLACE: Final = "{} (column {})"
"""What a column is called that shares its name with another one of its file."""
