"""Keys forbidden in profiles and project files, with the option instead."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_KEY: Final = "the write key is yours alone: SEGMENT_WRITE_KEY, or --write-key-file on the command line"
_WHERE: Final = "where events go is said on the command line"
_LEDGER: Final = "where it is known what was sent is said on the command line"
_WRITTEN: Final = "what is written where is said on the command line"

_NEVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "endpoint": f"{_WHERE}: --endpoint URL",
        "region": f"{_WHERE}: --region eu",
        "write_key": _KEY,
        "write_key_file": _KEY,
        "key": _KEY,
        "namespace": f"{_WHERE}, and so are the ids that it knows events by: --namespace NAME",
        "new_destination": f"{_WHERE}: --new-destination",
        "dedup_window": f"{_WHERE}, and for how long it knows ids: --dedup-window HOURS",
        "state_dir": f"{_LEDGER}: --state-dir DIR, or INFL_SEG_STATE_DIR",
        "again": f"{_LEDGER}: --again LABEL",
        "resend_in_doubt": f"{_LEDGER}: --resend-in-doubt",
        "rejects": f"{_WRITTEN}: --rejects DIR",
        "out": f"{_WRITTEN}: --out FILE",
        "yes": "whether to send is your word, each time: --yes",
        "dry_run": "whether to send is your word, each time: --dry-run",
        "rehearse": "whether to send is your word, each time: --rehearse",
        "max_errors": "how many rows may be lost is your word, each time: --max-errors N",
        "max_expansion": "how large an input may grow is said on the command line: --max-expansion N",
        "max_bytes": "how large an input may grow is said on the command line: --max-bytes SIZE",
        "allow_implausible_people": "whether many events may be one person's is your word, each time: "
        "--allow-implausible-people",
        "limit": "how much is read is said on the command line: --limit N",
        "email_trait": "an address creates or merges profiles, so it is your word: --email-trait",
        "show_values": "whether cells are shown is said on the command line: --show-values",
    }
)
NEVER: Final = {**_NEVER, **{name.replace("_", "-"): why for name, why in _NEVER.items()}}
"""What neither a project file nor a profile can set, however it is spelled: the reason, and the place for it."""
