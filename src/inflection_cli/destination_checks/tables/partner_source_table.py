"""Table of what Segment asks of a partner's source."""

from typing import Final

from inflection_cli import rules
from inflection_cli.destination_checks.check_engine import (
    EVERY_CALL,
    DestinationTable,
    Level,
    MemberType,
    TableRow,
)
from inflection_cli.destination_checks.tables.email_spec_table import EVENTS

PAGE: Final = "https://segment.com/docs/partners/sources/"
STREAMS: Final = "https://segment.com/docs/partners/streams/"
_INTEGRATION: Final = f"{PAGE}, integration"
_USER_ID: Final = f"{PAGE}, userId"

TABLE: Final = DestinationTable(
    name="partner-source",
    title="a partner's source",
    rows=(
        TableRow(EVERY_CALL, ("context.integration",), Level.REQUIRED, MemberType.OBJECT, _INTEGRATION),
        TableRow(EVERY_CALL, ("context.integration.name",), Level.REQUIRED, MemberType.STRING, _INTEGRATION),
        TableRow(
            EVERY_CALL, ("context.integration.version",), Level.REQUIRED, MemberType.STRING, _INTEGRATION
        ),
        TableRow(
            EVERY_CALL,
            ("userId", "anonymousId"),
            Level.REQUIRED,
            MemberType.STRING,
            _USER_ID,
            hint="--map userId=COLUMN or --map personId=COLUMN",
        ),
        # That an anonymousId does is Inflection's rule: https://segment.com/docs/connections/sources/catalog/
        # cloud-apps/inflection/, its table of identities.
        TableRow(
            EVERY_CALL,
            ("userId",),
            Level.RECOMMENDED,
            MemberType.STRING,
            _USER_ID,
            given="anonymousId",
            rule=rules.PARTNER_NO_USER_ID,
            about="it is the customer's own id",
        ),
        TableRow(
            EVERY_CALL,
            ("context.personId",),
            Level.RECOMMENDED,
            MemberType.STRING,
            f"{PAGE}, userId: the tool's own id",
            about="it is the tool's own id of the person",
            hint="--map personId=COLUMN",
        ),
        TableRow(
            ("track",),
            ("event",),
            Level.REQUIRED,
            MemberType.STRING,
            f"{STREAMS}, The Segment Spec",
            alias=rules.PARTNER_EVENT_ALIAS,
            alias_of=EVENTS,
        ),
    ),
)
