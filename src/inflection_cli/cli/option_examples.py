"""Examples of correct option values, for use in error messages."""

from types import MappingProxyType
from typing import Any, Final

EXAMPLES: Final = MappingProxyType(
    {
        "--again": "repair-1",
        "--anonymous-id-from": "email",
        "--color": "never",
        "--context": "import=spring-2024",
        "--dedup-window": "20",
        "--delimiter": "';'",
        "--encoding": "windows-1252",
        "--endpoint": "http://127.0.0.1:8080",
        "--event": "'Email Opened'",
        "--events-per-second": "500",
        "--fault": "429=0.05",
        "--integration": "All=false",
        "--keep": "received.ndjson",
        "--latency": "40ms",
        "--limit": "1000",
        "--map": "userId='Customer ID'",
        "--max-bytes": "100GB",
        "--max-errors": "1%",
        "--max-expansion": "250",
        "--namespace": "crm-eu",
        "--naming": "spec",
        "--null": "NULL",
        "--out": "messages.ndjson",
        "--patience": "1h",
        "--port": "8080",
        "--profile": "profile.toml",
        "--property": "'Mail Client'",
        "--records": "data",
        "--region": "eu",
        "--rejects": "rejects",
        "--report": "junit=report.xml",
        "--requests-per-second": "50",
        "--retry-after": "1",
        "--run": "last",
        "--save": "profile.toml",
        "--seed": "7",
        "--set": "campaign_id=spring-2024",
        "--since": "2024-03-01",
        "--slow": "2s",
        "--state-dir": "state",
        "--timestamp-format": "'%d/%m/%Y %H:%M'",
        "--timezone": "Europe/Berlin",
        "--unknown-events": "skip",
        "--until": "2024-04-01",
        "--user-id-from": "email",
        "--write-key-file": "key.txt",
    }
)
"""By the option's name; a test types each of them, and finds each option among them."""


def example_of(option: Any) -> str:
    """Return an option with a value that is right for it.

    Args:
        option: The option as Typer knows it.
    """
    name = long_name(option)
    # A key that is written here would be a placeholder, which is refused, or somebody's.
    name = f"{name}-file" if name == "--write-key" else name
    return f"{name} {EXAMPLES.get(name) or option.metavar or 'VALUE'}"


def long_name(option: Any) -> str:
    """Return the name that an option is known by."""
    names: list[str] = option.opts
    return next((name for name in names if name.startswith("--")), names[0])
