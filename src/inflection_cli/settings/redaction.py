"""Values of `--set` as the ledger may hold them: no addresses and no people's ids, only fingerprints of those."""

from hashlib import blake2b
from typing import Final

PERSONAL: Final = frozenset({"userId", "personId", "email", "ip"})
"""Fields whose value is a person's."""


def storable_constant(name: str, value: str) -> str:
    """Return a field's value; of a personal one a fingerprint, which tells two apart and names neither."""
    if name not in PERSONAL:
        return value
    return "fingerprint:" + blake2b(value.encode("utf-8", "replace"), digest_size=8).hexdigest()
