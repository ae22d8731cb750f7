"""Table of Segment's Email Spec: six events, their properties and context."""

from typing import Final

from inflection_cli import rules
from inflection_cli.destination_checks.check_engine import DestinationTable, Level, MemberType, TableRow

PAGE: Final = "https://segment.com/docs/connections/spec/email/"
CLICKED: Final = "Email Link Clicked"
UNSUBSCRIBED: Final = "Unsubscribed"
ACTED: Final = ("Email Opened", CLICKED, "Email Marked as Spam", UNSUBSCRIBED)
"""Events of which a recipient is the cause, so that there is a machine."""

EVENTS: Final = ("Email Delivered", "Email Bounced", *ACTED)
_TRACK: Final = ("track",)


def _property(name: str, level: Level, *events: str, hint: str = "") -> TableRow:
    """Return the line of a property, with its heading as source."""
    heading = events[0] if len(events) == 1 else "Properties of each event"
    return TableRow(
        _TRACK,
        (f"properties.{name}",),
        level,
        MemberType.STRING,
        f"{PAGE}, {heading}",
        events=events,
        hint=hint,
    )


def _context(paths: tuple[str, ...], kind: MemberType, events: tuple[str, ...]) -> TableRow:
    return TableRow(_TRACK, paths, Level.OPTIONAL, kind, f"{PAGE}, Context of each event", events=events)


TABLE: Final = DestinationTable(
    name="email-spec",
    title="the Email Spec",
    rows=(
        TableRow(
            _TRACK,
            ("event",),
            Level.REQUIRED,
            MemberType.STRING,
            f"{PAGE}, Events",
            alias=rules.CHECK_EVENT_ALIAS,
            alias_of=EVENTS,
        ),
        _property("email_id", Level.RECOMMENDED, *EVENTS, hint="--map email_id=COLUMN"),
        _property("email_subject", Level.RECOMMENDED, *EVENTS, hint="--map email_subject=COLUMN"),
        _property("campaign_id", Level.RECOMMENDED, *EVENTS, hint="--map campaign_id=COLUMN"),
        _property("campaign_name", Level.RECOMMENDED, *EVENTS, hint="--map campaign_name=COLUMN"),
        _property("link_id", Level.RECOMMENDED, CLICKED, hint="--set link_id=ID, or a column named link_id"),
        _property("link_url", Level.RECOMMENDED, CLICKED, hint="--map email_link_url=COLUMN --naming spec"),
        _property("list_id", Level.OPTIONAL, UNSUBSCRIBED),
        _property("list_name", Level.OPTIONAL, UNSUBSCRIBED),
        _context(("context.traits",), MemberType.OBJECT, EVENTS),
        _context(("context.traits.email",), MemberType.STRING, EVENTS),
        _context(("context.ip",), MemberType.STRING, ACTED),
        # The page writes user_agent, Segment's common fields userAgent.
        _context(("context.userAgent", "context.user_agent"), MemberType.STRING, ACTED),
    ),
)
