"""Table of Freshsuccess, from its own page on Segment."""

from typing import Final

from inflection_cli import rules
from inflection_cli.destination_checks.check_rows import EVERY_CALL, Kind, Level, Row, Table, optional

PAGE: Final = "https://developer.freshsuccess.com/api/segmentapi.html"
_BASE: Final = f"{PAGE}, base properties"
_TRACK: Final = f"{PAGE}, track"
_IDENTIFY: Final = f"{PAGE}, identify"
_GROUP: Final = f"{PAGE}, group"
_DIMENSIONS: Final = f"{PAGE}, custom dimensions"
_LINKS: Final = "https://segment.com/docs/unify/identity-resolution/externalids/, anonymous_id"
_CALLS: Final = ("track", "identify", "group")
_INSERT: Final = "it is required for an account that is new there"

TABLE: Final = Table(
    name="freshsuccess",
    title="Freshsuccess",
    one_account=True,
    rows=(
        Row(
            EVERY_CALL,
            ("type",),
            Level.REQUIRED,
            Kind.STRING,
            _BASE,
            one_of=_CALLS,
            rule=rules.CHECK_CALL_REFUSED,
        ),
        Row(
            _CALLS,
            ("anonymousId",),
            Level.REQUIRED,
            Kind.STRING,
            _BASE,
            about="it is the id of the session",
            hint="--session-id COLUMN names the column of the session, --session-id person takes the person's own id",
        ),
        Row(
            _CALLS,
            ("anonymousId",),
            Level.NOTED,
            Kind.STRING,
            _LINKS,
            given="userId",
            rule=rules.SESSION_ID_LINKED,
            about="it is the id of the session, and Segment may link the two",
        ),
        # Segment makes originalTimestamp of the timestamp that is sent.
        Row(_CALLS, ("timestamp", "originalTimestamp"), Level.REQUIRED, Kind.TIME, _BASE),
        Row(
            _CALLS,
            ("userId",),
            Level.REQUIRED,
            Kind.STRING,
            _BASE,
            hint="--map userId=COLUMN, or --user-id-from email where the address is the id there",
        ),
        Row(
            ("track", "identify"),
            ("context.groupId", "groupId"),
            Level.RECOMMENDED,
            Kind.STRING,
            _BASE,
            about="without it a userId must be of one account only",
            hint="give all rows of one account its id: --context groupId=ID",
        ),
        Row(("track",), ("event",), Level.REQUIRED, Kind.STRING, _TRACK, about="it is the feature"),
        Row(
            ("track",),
            ("properties.module",),
            Level.RECOMMENDED,
            Kind.STRING,
            _TRACK,
            about="it groups features",
            hint="--set module=Email gives all rows one, a column named module each row its own",
        ),
        Row(
            ("track",),
            ("properties.*",),
            Level.IGNORED,
            Kind.ANY,
            _DIMENSIONS,
            about="of an event's properties it reads module alone",
        ),
        *optional(
            "identify",
            Kind.STRING,
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
        Row(("group",), ("groupId",), Level.REQUIRED, Kind.STRING, _GROUP),
        Row(("group",), ("traits.name",), Level.REQUIRED, Kind.STRING, _GROUP, about=_INSERT),
        Row(("group",), ("traits.createdAt",), Level.REQUIRED, Kind.TIME, _GROUP, about=_INSERT),
        Row(
            ("group",),
            ("traits.description",),
            Level.OPTIONAL,
            Kind.STRING,
            _GROUP,
            most_characters=512,
        ),
        *optional(
            "group",
            Kind.STRING,
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
        Row(("group",), ("traits.employees",), Level.OPTIONAL, Kind.NUMBER, _GROUP),
        Row(("group",), ("traits.is_churned",), Level.OPTIONAL, Kind.BOOLEAN, _GROUP),
        Row(
            ("identify", "group"),
            ("traits.*",),
            Level.OPTIONAL,
            Kind.DIMENSION,
            _DIMENSIONS,
            about="it is a custom dimension there",
            hint="leave the column out, or give it a type in a profile; --traits-style snake takes an address apart",
        ),
    ),
)
