"""Redaction of `--set` values for the ledger: personal ones become fingerprints."""

from hashlib import blake2b
from typing import Final

PERSONAL: Final = frozenset({"userId", "personId", "email", "ip"})
"""Fields whose value is a person's."""

FINGERPRINT: Final = "fingerprint:"
HIDDEN: Final = "…"
"""What a shown command has in the place of a personal value; no option takes it for one."""


def storable_constant(name: str, value: str) -> str:
    """Return a field's value; a personal value becomes a fingerprint."""
    return fingerprint_of(value) if name in PERSONAL else value


def fingerprint_of(value: str) -> str:
    """Return what stands for a personal value; a fingerprint stands for itself."""
    if value.startswith(FINGERPRINT):
        return value
    return FINGERPRINT + blake2b(value.encode("utf-8", "replace"), digest_size=8).hexdigest()
