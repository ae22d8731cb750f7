"""Table of Freshsuccess, from its own page on Segment."""

from typing import Final

from inflection_cli import rules
from inflection_cli.destination_checks.check_engine import (
    EVERY_CALL,
    DestinationTable,
    Level,
    MemberType,
    TableRow,
    optional,
)

PAGE: Final = "https://developer.freshsuccess.com/api/segmentapi.html"
_BASE: Final = f"{PAGE}, base properties"
_TRACK: Final = f"{PAGE}, track"
_IDENTIFY: Final = f"{PAGE}, identify"
_GROUP: Final = f"{PAGE}, group"
_DIMENSIONS: Final = f"{PAGE}, custom dimensions"
_LINKS: Final = "https://segment.com/docs/unify/identity-resolution/externalids/, anonymous_id"
_CALLS: Final = ("track", "identify", "group")
_INSERT: Final = "it is required for an account that is new there"

TABLE: Final = DestinationTable(
    name="freshsuccess",
    title="Freshsuccess",
    one_account=True,
    rows=(
        TableRow(
            EVERY_CALL,
            ("type",),
            Level.REQUIRED,
            MemberType.STRING,
            _BASE,
            one_of=_CALLS,
            rule=rules.CHECK_CALL_REFUSED,
        ),
        TableRow(
            _CALLS,
            ("anonymousId",),
            Level.REQUIRED,
            MemberType.STRING,
            _BASE,
            about="it is the id of the session",
            hint="--session-id COLUMN names the column of the session, --session-id person takes the person's own id",
        ),
        TableRow(
            _CALLS,
            ("anonymousId",),
            Level.NOTED,
            MemberType.STRING,
            _LINKS,
            given="userId",
            rule=rules.SESSION_ID_LINKED,
            about="it is the id of the session, and Segment may link the two",
        ),
        # Segment makes originalTimestamp of the timestamp that is sent.
        TableRow(_CALLS, ("timestamp", "originalTimestamp"), Level.REQUIRED, MemberType.TIME, _BASE),
        TableRow(
            _CALLS,
            ("userId",),
            Level.REQUIRED,
            MemberType.STRING,
            _BASE,
            hint="--map userId=COLUMN, or --user-id-from email where the address is the id there",
        ),
        TableRow(
            ("track", "identify"),
            ("context.groupId", "groupId"),
            Level.RECOMMENDED,
            MemberType.STRING,
            _BASE,
            about="without it a userId must be of one account only",
            hint="give all rows of one account its id: --context groupId=ID",
        ),
        TableRow(
            ("track",), ("event",), Level.REQUIRED, MemberType.STRING, _TRACK, about="it is the feature"
        ),
        TableRow(
            ("track",),
            ("properties.module",),
            Level.RECOMMENDED,
            MemberType.STRING,
            _TRACK,
            about="it groups features",
            hint="--set module=Email gives all rows one, a column named module each row its own",
        ),
        TableRow(
            ("track",),
            ("properties.*",),
            Level.IGNORED,
            MemberType.ANY,
            _DIMENSIONS,
            about="of an event's properties it reads module alone",
        ),
        *optional(
            "identify",
            MemberType.STRING,
            _IDENTIFY,
            (
                "traits.first_name",
                "traits.last_name",
                "traits.email",
                "traits.phone",
                "traits.mobile_phone",
                "traits.salutation",
                "traits.title",
                "traits.role",
                "traits.department",
                "traits.mailing_street",
                "traits.mailing_city",
                "traits.mailing_state",
                "traits.mailing_postal",
                "traits.mailing_country",
            ),
        ),
        TableRow(("group",), ("groupId",), Level.REQUIRED, MemberType.STRING, _GROUP),
        TableRow(("group",), ("traits.name",), Level.REQUIRED, MemberType.STRING, _GROUP, about=_INSERT),
        TableRow(("group",), ("traits.createdAt",), Level.REQUIRED, MemberType.TIME, _GROUP, about=_INSERT),
        TableRow(
            ("group",),
            ("traits.description",),
            Level.OPTIONAL,
            MemberType.STRING,
            _GROUP,
            most_characters=512,
        ),
        *optional(
            "group",
            MemberType.STRING,
            _GROUP,
            (
                "traits.email",
                "traits.phone",
                "traits.website",
                "traits.industry",
                "traits.tier",
                "traits.lifecycle_stage",
                "traits.billing_street",
                "traits.biling_city",  # as their page has it
                "traits.billing_city",
                "traits.billing_state",
                "traits.billing_postal",
                "traits.billing_country",
            ),
        ),
        TableRow(("group",), ("traits.employees",), Level.OPTIONAL, MemberType.NUMBER, _GROUP),
        TableRow(("group",), ("traits.is_churned",), Level.OPTIONAL, MemberType.BOOLEAN, _GROUP),
        TableRow(
            ("identify", "group"),
            ("traits.*",),
            Level.OPTIONAL,
            MemberType.DIMENSION,
            _DIMENSIONS,
            about="it is a custom dimension there",
            hint="leave the column out, or set its type in a profile; --traits-style snake splits address and company",
        ),
    ),
)
