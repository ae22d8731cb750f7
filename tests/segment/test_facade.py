"""Segment's own libraries read every type of call as it is meant: needs Node and `npm --prefix tests/node ci`."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_support import CAMPAIGN, SAMPLES, Desk

NODE = shutil.which("node")
FOLDER = Path(__file__).resolve().parents[1] / "node"
WHY = (
    "Node is not here"
    if NODE is None
    else ""
    if (FOLDER / "node_modules").is_dir()
    else "Segment's libraries are not installed: npm --prefix tests/node ci"
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY), reason=f"not read by Segment's own libraries: {WHY}"),
]

FILES = {
    "track": (CAMPAIGN,),
    "identify": (str(SAMPLES / "contacts.csv"), "--as", "identify", "--all-traits"),
    "group": (str(SAMPLES / "accounts.csv"), "--as", "group", "--group-anonymous-id", "account"),
    "page": (str(SAMPLES / "pages.ndjson"),),
}


Pairs = list[tuple[dict[str, Any], dict[str, Any]]]
"""Messages, each with what the accessors of Facade see of it."""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pairs]:
    """The messages of a dry run of each file; one process reads them all."""
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("facade"), patch)
        made = {}
        for kind, words in FILES.items():
            assert desk.run("backfill", *words, "--dry-run", "--out", "made.ndjson").code == 0
            made[kind] = (desk.folder / "made.ndjson").read_bytes().splitlines()
    done = node(b"\n".join(line for lines in made.values() for line in lines))
    assert done.returncode == 0, done.stderr.decode()
    seen = map(json.loads, done.stdout.splitlines())
    return {kind: [(json.loads(line), next(seen)) for line in lines] for kind, lines in made.items()}


def node(lines: bytes) -> subprocess.CompletedProcess[bytes]:
    script = [str(NODE), str(FOLDER / "read_messages.js")]
    return subprocess.run(script, input=lines, capture_output=True, check=False, timeout=240)


@pytest.mark.parametrize("kind", FILES)
def test_segments_libraries_take_every_message_and_see_its_ids_and_its_time(
    kind: str, read: dict[str, Pairs]
) -> None:
    pairs = read[kind]
    assert {message["type"] for message, _ in pairs} >= {kind}
    for message, seen in pairs:
        for name in ("type", "userId", "anonymousId", "timestamp"):
            assert seen.get(name) == message.get(name)
        account = message.get("groupId") or message["context"].get("groupId")
        assert seen.get("groupId") == account
        assert seen["toInflection"] is False


def test_the_traits_of_people_are_what_the_accessors_see(read: dict[str, Pairs]) -> None:
    for message, seen in read["identify"]:
        traits = message["traits"]
        address = traits.get("address", {})
        for name in ("email", "firstName", "lastName", "phone", "username", "website", "age"):
            if name in traits:
                assert seen[name] == traits[name]
        assert seen.get("companyName") == traits.get("company", {}).get("name")
        for name, part in {"street": "street", "city": "city", "state": "state", "zip": "postalCode"}.items():
            assert (seen.get(name) or None) == address.get(part)
        if "createdAt" in traits:
            assert seen["created"] == traits["createdAt"]
            assert seen["birthday"][:10] == traits["birthday"]


def test_the_traits_of_accounts_are_what_the_accessors_see(read: dict[str, Pairs]) -> None:
    for message, seen in read["group"]:
        traits = message["traits"]
        for name in ("name", "industry", "employees"):
            assert seen.get(name) == traits.get(name)
        assert seen["created"][:10] == traits["createdAt"]
        assert seen["city"] == traits["address"]["city"]


def test_pages_and_screens_are_named_as_the_accessors_see(read: dict[str, Pairs]) -> None:
    for message, seen in read["page"]:
        for name in ("name", "category"):
            assert seen.get(name) == message.get(name)
        if message["type"] == "page":
            for name in ("url", "path", "title"):
                assert seen[name] == message["properties"][name]


def test_the_libraries_refuse_what_is_no_call(read: dict[str, Pairs]) -> None:
    (message, _), *_ = read["group"]
    without = {name: value for name, value in message.items() if name != "groupId"}
    assert b'You must pass a "groupId"' in node(json.dumps(without).encode()).stderr
