"""Activity, people, accounts and pages with a profile each: one run, killed, resumed, and proven."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import reference
from command_support import SAMPLES
from reference_calls import Asked, expect_call
from run_support import Station, ended, station

from inflection_cli.version import __version__

FILES = {
    "spring-launch.csv": "",
    "contacts.csv": 'type = "identify"\n[traits]\nlead_score = { column = "Lead Score", type = "number" }\n',
    "accounts.csv": 'type = "group"\n[options]\ngroup_anonymous_id = "account"\n',
    "pages.ndjson": '[[event]]\ntype = "page"\nwhen = { column = "type", equals = "page" }\n'
    '[[event]]\ntype = "screen"\nwhen = { column = "type", equals = "screen" }\n',
}
WORDS = tuple(word for name in FILES for word in ("--profile-for", f"{name}={name}.toml"))
SLOWLY = ("--events-per-second", "500")  # batches of 50, ten a second


def set_out(folder: Path) -> None:
    for name, text in FILES.items():
        shutil.copy(SAMPLES / name, folder / name)
        (folder / f"{name}.toml").write_text(f"profile = 1\n{text}", encoding="utf-8")


def rows(name: str) -> list[dict[str, Any]]:
    data = (SAMPLES / name).read_bytes()
    if name.endswith(".csv"):
        return [dict(row) for row in reference.read_csv(data)]
    return [json.loads(line) for line in data.splitlines()]


def people_of_all_files() -> list[dict[str, str]]:
    """The ids and the time of every row of every file, as the reference of links reads them."""
    names = {"Person ID": "personId", "Customer ID": "userId", "Updated At": "timestamp"}
    found = []
    for file in FILES:
        for row in rows(file):
            ids = {names.get(name, name): str(cell or "") for name, cell in row.items()}
            found.append(
                {"event": "any", **{name: ids.get(name, "") for name in ("personId", "userId", "timestamp")}}
            )
    return found


def expected(place: Station) -> dict[str, dict[str, Any]]:
    """Every message by the id that it has at the sandbox."""
    settings = reference.Settings(version=__version__)
    every = [one.message for one in reference.expect(rows("spring-launch.csv"), settings)]
    scored = Asked(__version__, {"Lead Score": "lead_score"})
    people = [expect_call("identify", row, scored) for row in rows("contacts.csv")]
    for person in people:
        if "lead_score" in person["traits"]:
            person["traits"]["lead_score"] = int(person["traits"]["lead_score"])
    standing_in = Asked(__version__, {}, account_stands_in=True)
    every += people
    every += [expect_call("group", row, standing_in) for row in rows("accounts.csv")]
    every += [expect_call(row["type"], row, Asked(__version__, {})) for row in rows("pages.ndjson")]
    links = [one.message for one in reference.expect_links(people_of_all_files(), settings)]
    assert len(links) > 10
    every += links
    prefix = b"infl-seg/1 wire\n" + reference.netstring(place.namespace) + reference.netstring(None)
    wired = {}
    for message in every:
        packed = bytes.fromhex(message["messageId"].replace("-", ""))
        wire_id = reference.uuid8(prefix + packed)
        wired[wire_id] = {**message, "messageId": wire_id}
    return wired


def arrived(place: Station) -> dict[str, dict[str, Any]]:
    """Every message at the sandbox by its id; the links came last."""
    messages = place.sandbox.messages()
    is_link = [{"userId", "anonymousId"} <= one.keys() for one in messages]
    assert is_link == sorted(is_link)
    return {one["messageId"]: one for one in messages}


def test_four_files_with_a_profile_each_go_in_one_run_and_one_plan(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        set_out(tmp_path)
        done = place.backfill(*FILES, more=WORDS)
        report = done.json
        assert done.code == 0, done.err
        assert arrived(place) == expected(place)
        assert place.sandbox.stats()["discarded"]["total"] == 0
        assert [each["types"] for each in report["files"]] == [
            ["track"],
            ["identify"],
            ["group"],
            ["page", "screen"],
        ]
        assert [each["profile"]["path"] for each in report["files"]] == [f"{name}.toml" for name in FILES]
        links = report["identities"]["linked"]
        assert report["by_type"] == {
            "track": 400,
            "identify": 24 + links,
            "group": 4,
            "page": 40,
            "screen": 8,
        }
        assert report["by_type"] == place.sandbox.stats()["by_type"]
        proof = place.runs("verify", *FILES)
        assert (proof.code, proof.json["all_there"]) == (0, True), proof.err


@pytest.mark.slow
def test_a_kill_in_the_midst_loses_nothing_of_any_type(tmp_path: Path) -> None:
    with station(tmp_path, latency_s=0.25) as place:
        set_out(tmp_path)
        process = place.start(*place.words(*FILES, more=(*WORDS, *SLOWLY)))
        place.wait_for_requests(4)
        process.kill()
        ended(process)
        assert 0 < len(place.ids()) < len(expected(place))
        done = place.backfill(*FILES, more=WORDS)
        assert done.code == 0, done.err
        assert arrived(place) == expected(place)
        assert place.sandbox.stats()["discarded"]["total"] == 0


def test_the_profile_of_one_file_that_has_changed_is_told_by_a_verification(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        set_out(tmp_path)
        words = ("--profile-for", "accounts.csv=accounts.csv.toml")
        assert place.backfill("accounts.csv", more=words).code == 0
        (tmp_path / "accounts.csv.toml").write_text("profile = 1\n", encoding="utf-8")
        proof = place.runs("verify", "accounts.csv")
        assert proof.code == 2
        assert "accounts.csv.toml" in proof.json["error"]["message"]
