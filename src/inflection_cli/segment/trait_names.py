"""Rename reserved traits for `--traits-style snake`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

# Segment docs, "Spec: Identify" and "Spec: Group", "Traits"; the other side is
# https://developer.freshsuccess.com/api/segmentapi.html, which spells createdAt as Segment does.
_SNAKE: Final[Mapping[str, str]] = MappingProxyType({"firstName": "first_name", "lastName": "last_name"})
_ADDRESS: Final[Mapping[str, str]] = MappingProxyType(
    {"street": "street", "city": "city", "state": "state", "postalCode": "postal", "country": "country"}
)
_COMPANY: Final = frozenset({"name", "id", "industry", "employee_count", "plan"})
"""Freshsuccess has no such trait of a person; apart, its members are custom dimensions there."""

_ADDRESS_OF: Final[Mapping[str, str]] = MappingProxyType({"identify": "mailing", "group": "billing"})


def snake_traits(call: str, traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return traits with the reserved ones in the style `snake`.

    Address and company become traits of their own. What would take another trait's place stays as it is.

    Args:
        call: The type of call that has them: identify or group.
        traits: As Segment spells them.
    """
    sent: dict[str, Any] = {}
    for name, value in traits.items():
        renamed = _renamed(call, name, value)
        free = traits.keys().isdisjoint(renamed.keys() - {name})
        sent |= renamed if free else {name: value}
    return sent


def _renamed(call: str, name: str, value: Any) -> dict[str, Any]:
    prefix = _ADDRESS_OF.get(call)
    if name == "address" and prefix and isinstance(value, dict) and value.keys() <= _ADDRESS.keys():
        return {f"{prefix}_{_ADDRESS[part]}": text for part, text in value.items()}
    if name == "company" and call == "identify" and isinstance(value, dict) and value.keys() <= _COMPANY:
        return {f"company_{part}": member for part, member in value.items()}
    return {_SNAKE.get(name, name): value}
