"""A second, plain reading of calls other than track: rows to messages, for tests to compare with.

As `reference.py` it shares nothing with the package. It reads files whose columns have the names below, without
profiles and options; a row that is not in order ends in an error.
"""

import hashlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reference

# Segment docs, "Spec: Identify", "Spec: Group" and "Spec: Page": where a column of a sample goes, and as what.
TRAITS: dict[str, dict[str, tuple[str, str]]] = {
    "identify": {
        "Email": ("email", "text"),
        "First Name": ("firstName", "text"),
        "Last Name": ("lastName", "text"),
        "Phone": ("phone", "text"),
        "Job Title": ("title", "text"),
        "Username": ("username", "text"),
        "Website": ("website", "text"),
        "Age": ("age", "number"),
        "Birthday": ("birthday", "date"),
        "Created At": ("createdAt", "date"),
        "Street": ("address.street", "text"),
        "City": ("address.city", "text"),
        "State": ("address.state", "text"),
        "ZIP": ("address.postalCode", "text"),
        "Country": ("address.country", "text"),
        "Company": ("company.name", "text"),
    },
    "group": {
        "Account Name": ("name", "text"),
        "Email": ("email", "text"),
        "Employees": ("employees", "number"),
        "Industry": ("industry", "text"),
        "Plan": ("plan", "text"),
        "Phone": ("phone", "text"),
        "Website": ("website", "text"),
        "Description": ("description", "text"),
        "Created At": ("createdAt", "date"),
        "City": ("address.city", "text"),
        "Country": ("address.country", "text"),
    },
}
IDS = {
    "Customer ID": "userId",
    "userId": "userId",
    "Person ID": "personId",
    "personId": "personId",
    "Account ID": "groupId",
    "groupId": "groupId",
    "name": "name",
    "category": "category",
    "Updated At": "time",
    "timestamp": "time",
}
PAGE = ("url", "path", "title", "referrer", "search", "keywords")


@dataclass(frozen=True)
class Asked:
    """What the options of a command line would say.

    Attributes:
        version: The package's version.
        traits: Column to trait of `--trait`, sent as text.
        account_stands_in: Whether `--group-anonymous-id account` is given.
    """

    version: str
    traits: Mapping[str, str]
    account_stands_in: bool = False


def expect_call(kind: str, row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The message that a row should become, with its content id."""
    ids = {
        IDS[name]: str(cell).strip() for name, cell in row.items() if name in IDS and cell not in ("", None)
    }
    when = reference.exact(reference.instant(ids["time"]))
    values = _traits(kind, row, asked) if kind in TRAITS else _properties(kind, row)
    message: dict[str, Any] = {"timestamp": when[:23] + "Z", "type": kind}
    if kind == "group":
        message["groupId"] = ids["groupId"]
    else:
        message |= {name: ids[name] for name in ("name", "category") if name in ids and kind not in TRAITS}
    message["traits" if kind in TRAITS else "properties"] = _nested(values) if kind in TRAITS else values
    context: dict[str, Any] = {
        "integration": {"name": "inflection", "version": "1.0.0"},
        "library": {"name": "infl-seg", "version": asked.version},
    }
    if "userId" in ids:
        message["userId"] = ids["userId"]
    elif "personId" in ids:
        message["anonymousId"] = ids["personId"]
    else:
        assert asked.account_stands_in
        message["anonymousId"] = "account:" + ids["groupId"]
    if "personId" in ids:
        context["personId"] = ids["personId"]
    if "groupId" in ids and kind != "group":
        context["groupId"] = ids["groupId"]
    content_id = _content_id(kind, ids, when, row, asked)
    return {"messageId": content_id, **message, "context": context, "integrations": {"Inflection": False}}


def _traits(kind: str, row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, (path, form) in TRAITS[kind].items():
        cell = row.get(column, "")
        if cell != "":
            found[path] = _typed(cell, form)
    return found | {path: row[column] for column, path in asked.traits.items() if row[column] != ""}


def _typed(cell: str, form: str) -> Any:
    if form == "number":
        return json.loads(cell)
    if form == "date" and len(cell) > len("2024-03-01"):
        return reference.exact(reference.instant(cell))[:23] + "Z"
    return cell


def _properties(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: cell for name, cell in row.items() if name not in IDS and cell not in ("", None)}
    found.pop("type", None)
    if kind == "page" and "url" in found:
        parts = urllib.parse.urlsplit(found["url"])
        found.setdefault("path", parts.path or "/")
        if parts.query:
            found.setdefault("search", "?" + parts.query)
    return {reference.snake_case(name): value for name, value in found.items()}


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path, value in values.items():
        outer, dot, inner = path.partition(".")
        if dot:
            whole.setdefault(outer, {})[inner] = value
        else:
            whole[outer] = value
    return whole


def _content_id(kind: str, ids: Mapping[str, str], when: str, row: Mapping[str, Any], asked: Asked) -> str:
    """The id by the scheme: a netstring for each part, BLAKE2b of 13 bytes, made a UUIDv8."""
    net = reference.netstring
    person = net(None)
    if "personId" in ids:
        person = b"p" + net(ids["personId"])
    elif "userId" in ids:
        person = b"u" + net(ids["userId"])
    parts: list[bytes]
    if kind in TRAITS:
        texts = {path: row[column] for column, (path, _) in TRAITS[kind].items() if row.get(column, "") != ""}
        texts |= {path: row[column] for column, path in asked.traits.items() if row[column] != ""}
        joined = b"".join(net(path) + net(texts[path]) for path in sorted(texts))
        digest = net(hashlib.blake2b(joined, digest_size=16).hexdigest())
        account = [net(ids["groupId"])] if "groupId" in ids else []
        if kind == "group":
            parts = [net(kind), *account, person, net(when), digest]
        else:
            parts = [net(kind), person, net(when), digest, *account]
    else:
        parts = [net(kind), person, net(ids.get("name")), net(row.get("url") or None), net(when)]
    return reference.uuid8(b"infl-seg/1 call\n" + b"".join(parts))
