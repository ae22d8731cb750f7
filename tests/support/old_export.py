"""An export as it is met in use: one row a recipient, semicolons, Windows-1252, local times without a zone."""

from dataclasses import dataclass

HEADER = "Contact ID;Name;E-Mail;Subject;Delivered At;First Opened;Clicks;Bounce Type"


@dataclass(frozen=True)
class Recipient:
    """One row; times as the export has them, empty where there was none."""

    contact: str
    name: str
    delivered: str
    opened: str = ""
    clicks: str = "0"
    bounce: str = ""

    def line(self) -> str:
        """The row, in the order of the header."""
        address = f"{self.contact}@example.com"
        cells = (
            self.contact,
            self.name,
            address,
            "Frühjahr, „Größe“ zu 5 €",
            self.delivered,
            self.opened,
            self.clicks,
            self.bounce,
        )
        return ";".join(cells)


RECIPIENTS = (
    Recipient("K-001", "Jürgen", "28.03.2019 08:30", "28.03.2019 09:05", "2"),
    Recipient("K-002", "Zoë", "28.03.2019 08:30"),
    Recipient("K-003", "Ana", "31.03.2019 03:10", "01.04.2019 07:00"),
    Recipient("K-004", "Björn", "28.03.2019 08:31", bounce="hard"),
    Recipient("K-005", "Inès", "28.10.2019 08:31", "28.10.2019 21:59", "1"),
)


def old_export() -> bytes:
    """The file's bytes."""
    return "\r\n".join((HEADER, *(each.line() for each in RECIPIENTS), "")).encode("windows-1252")
