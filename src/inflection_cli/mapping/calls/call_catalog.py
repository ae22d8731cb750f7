"""Data and options of calls other than track."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeGuard

from inflection_cli.catalog import COLUMN_ALIASES

CallType = Literal["track", "identify", "group", "page", "screen"]

CALL_TYPES: Final[tuple[CallType, ...]] = ("track", "identify", "group", "page", "screen")
"""Segment docs, "Spec": the calls that rows can be. An alias joins two users for good, and is none of them."""

TRAIT_CALLS: Final[frozenset[CallType]] = frozenset({"identify", "group"})
"""Calls that have traits; the others have properties."""


def is_call_type(word: object) -> TypeGuard[CallType]:
    """Return whether a word is a type of call."""
    return word in CALL_TYPES


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The user's options about the calls of one file.

    Attributes:
        type: What each row of the file is; None where nobody says so.
        traits: `--trait`, columns that are sent as traits, also personal ones.
        all_traits: Whether every column that is not personal is sent as a trait.
        now: Whether calls get the time of the run.
        group_user: The user who stands for the person of a group without one.
        group_anonymous: Whether `account:` and the group's id stand for that person.
    """

    type: CallType | None = None
    traits: tuple[str, ...] = ()
    all_traits: bool = False
    now: bool = False
    group_user: str | None = None
    group_anonymous: bool = False

    @property
    def stands_in(self) -> bool:
        """Return whether something stands for a group's missing person."""
        return self.group_anonymous or self.group_user is not None


ValueKind = Literal["text", "number", "date", "object", "list", "any", "literal"]
"""How a value is sent: a reserved type of Segment's, as any property is, or as JSON that the profile has made."""


class Reserved(NamedTuple):
    """A name that Segment reserves in traits or properties.

    Attributes:
        path: The keys that lead to it.
        kind: Its type.
        aliases: Other words for it in exports, squashed.
    """

    path: tuple[str, ...]
    kind: ValueKind = "text"
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path with dots between its keys."""
        return ".".join(self.path)


# Segment docs, "Spec: Identify" and "Spec: Group", the address of a user or a group.
_ADDRESS: Final = (
    Reserved(("address",), "object"),
    Reserved(
        ("address", "street"), "text", ("street", "streetaddress", "address1", "addressline1", "street1")
    ),
    Reserved(("address", "city"), "text", ("city", "town")),
    Reserved(("address", "state"), "text", ("state", "province")),
    Reserved(("address", "postalCode"), "text", ("postalcode", "postcode", "zip", "zipcode")),
    Reserved(("address", "country"), "text", ("country",)),
)
_CREATED: Final = Reserved(("createdAt",), "date", ("created", "createddate", "createdon", "datecreated"))
_PHONE: Final = Reserved(("phone",), "text", ("phonenumber", "telephone", "telephonenumber"))
_WEBSITE: Final = Reserved(("website",), "text", ("websiteurl", "homepage"))
_EMAIL: Final = Reserved(("email",), "text", COLUMN_ALIASES["email"])

# Segment docs, "Spec: Identify", "Traits".
USER_TRAITS: Final = (
    _EMAIL,
    Reserved(("firstName",), "text", ("fname", "givenname", "forename")),
    Reserved(("lastName",), "text", ("lname", "surname", "familyname")),
    Reserved(("name",), "text", ("fullname",)),
    _PHONE,
    Reserved(("title",), "text", ("jobtitle",)),
    Reserved(("username",), "text", ("login",)),
    _WEBSITE,
    Reserved(("age",), "number"),
    Reserved(("birthday",), "date", ("birthdate", "dateofbirth", "dob")),
    _CREATED,
    *_ADDRESS,
    Reserved(("company",), "object"),
    Reserved(("company", "name"), "text", ("companyname",)),
    Reserved(("company", "id"), "text", ("companyid",)),
    Reserved(("company", "industry"), "text", ("companyindustry",)),
    Reserved(("company", "employee_count"), "number", ("companyemployeecount", "companyemployees")),
    Reserved(("company", "plan"), "text", ("companyplan",)),
)

# Segment docs, "Spec: Group", "Traits". The page calls employees a string, and shows a number in its examples.
GROUP_TRAITS: Final = (
    Reserved(("name",), "text", ("accountname", "companyname", "organizationname", "organisationname")),
    Reserved(("email",), "text", ("emailaddress",)),
    Reserved(("employees",), "number", ("employeecount", "numberofemployees", "numemployees", "headcount")),
    Reserved(("industry",)),
    Reserved(("plan",)),
    _PHONE,
    _WEBSITE,
    Reserved(("description",)),
    Reserved(("avatar",), "text", ("avatarurl",)),
    Reserved(("id",)),
    _CREATED,
    *_ADDRESS,
)

# Segment docs, "Spec: Page", "Properties".
PAGE_PROPERTIES: Final = (
    Reserved(("url",), "text", ("pageurl", "href", "location", "pagelocation")),
    Reserved(("path",), "text", ("pagepath", "urlpath")),
    Reserved(("title",), "text", ("pagetitle",)),
    Reserved(("referrer",), "text", ("referer", "referrerurl", "pagereferrer")),
    Reserved(("search",), "text", ("querystring", "urlquery")),
    Reserved(("keywords",), "list"),
)

RESERVED: Final[dict[CallType, tuple[Reserved, ...]]] = {
    "track": (),
    "identify": USER_TRAITS,
    "group": GROUP_TRAITS,
    "page": PAGE_PROPERTIES,
    "screen": (),
}
"""What each call sends under reserved names without being asked for it."""

TEXT_OF_OBJECT: Final[dict[tuple[str, ...], str]] = {("address",): "street", ("company",): "name"}
"""Where a reserved object's column holds texts, the member that they are."""

VIEWS: Final[frozenset[CallType]] = frozenset({"page", "screen"})

_PERSON: Final = ("userId", "personId", "email", "ip", "user_agent")

CALL_FIELDS: Final[dict[CallType, tuple[str, ...]]] = {
    "track": (),
    "identify": (*_PERSON, "groupId", "timestamp"),
    "group": ("userId", "personId", "ip", "user_agent", "groupId", "timestamp"),
    "page": (*_PERSON, "groupId", "name", "category", "timestamp"),
    "screen": (*_PERSON, "groupId", "name", "category", "timestamp"),
}
"""What a call has beside traits and properties."""

MAPPABLE: Final[dict[CallType, frozenset[str]]] = {
    kind: frozenset({*CALL_FIELDS[kind], *(each.name for each in RESERVED[kind])}) for kind in CALL_FIELDS
}
"""What `--map` can name in a file of such calls."""

CALL_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    **{name: COLUMN_ALIASES[name] for name in _PERSON},
    "groupId": (
        *("account", "accountid", "companyid", "organizationid", "organisationid", "orgid", "workspaceid"),
        *("teamid", "tenantid"),
    ),
    "name": ("pagename", "screenname", "page", "screen"),
    "category": ("pagecategory", "screencategory"),
}
"""Other words for a field, squashed."""

_CHANGED: Final = (
    *("updatedat", "lastupdated", "lastupdatedat", "lastupdatedate", "updateddate", "updatedon", "updated"),
    *("modifiedat", "lastmodified", "lastmodifiedat", "lastmodifieddate", "modifieddate", "modifiedon"),
)
CREATED_WORDS: Final = frozenset({"createdat", *_CREATED.aliases})
"""Names of a time that is a trait as well."""

_BEGUN: Final = (*sorted(CREATED_WORDS), "signedupat", "joinedat")

TIME_ALIASES: Final[dict[CallType, tuple[tuple[str, ...], ...]]] = {
    **dict.fromkeys(
        ("identify", "group"), (("time", "datetime", "originaltimestamp", "occurredat"), _CHANGED, _BEGUN)
    ),
    **dict.fromkeys(("page", "screen"), ((*COLUMN_ALIASES["timestamp"], "viewedat", "visitedat"),)),
}
"""Other words for the time of a call, squashed; the words of an earlier rank come before those of a later one."""
