"""Exports of vendors as they also come: with one kind of event only, a preset saved and changed, or of others."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk
from test_presets import HERE, NAMES, PRESETS, exports

from inflection_cli.mapping.profile.column_resolver import best_patterns
from inflection_cli.mapping.profile.preset_files import preset_file

ENVELOPED = {"mailgun-events": "items", "hubspot-email-events": "events"}
DELIVERED = {
    "brevo-webhooks": "delivered",
    "hubspot-email-events": "DELIVERED",
    "mailgun-events": "delivered",
    "mailjet-events": "sent",
    "postmark-webhooks": "Delivery",
    "ses-events": "Delivery",
}
"""What each of the presets whose exports are JSON calls a delivery."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def records(name: str) -> list[dict[str, Any]]:
    """All records of a preset's made-up files, without lists and envelopes around them."""
    found: list[Any] = []
    for path in map(Path, exports(name)):
        text = path.read_text(encoding="utf-8")
        found += [json.loads(text)] if path.suffix == ".json" else map(json.loads, text.splitlines())
    flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
    key = ENVELOPED.get(name, "")
    return [each for one in flat for each in one.get(key, [one])]


def sent(desk: Desk, *files: str, preset: str) -> dict[str, Any]:
    """The messages of a dry run, by their ids."""
    done = desk.run("backfill", *files, "--preset", preset, "--dry-run", "--out", "made.out")
    assert done.code == 0, done.err
    assert "profile-column-missing" not in done.err
    messages = {message["messageId"]: message for message in desk.messages("made.out")}
    (desk.folder / "made.out").unlink()
    return messages


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DELIVERED))
def test_a_record_needs_no_other_kinds_of_records_beside_it(desk: Desk, name: str) -> None:
    given = records(name)
    usual = next(each for each in given if DELIVERED[name] in each.values())
    files = []
    for number, each in enumerate(given):
        files.append(f"{number:03}.ndjson")
        (desk.folder / files[-1]).write_text("".join(json.dumps(one) + "\n" for one in (usual, each)))
    assert sent(desk, *files, preset=name) == sent(desk, *exports(name), preset=name)


OPENED = '{"event":"opened","timestamp":1700000000.5,"recipient":"ada@shop.example","user-variables":{"id":"007"}}\n'


def test_a_profile_that_extends_a_preset_is_told_of_what_it_names_itself(desk: Desk) -> None:
    (desk.folder / "a.ndjson").write_text(OPENED)
    own = 'profile = 1\nextends = "preset:mailgun-events"\n[fields]\nuserId = "user-variables.id"\n'
    (desk.folder / "p.toml").write_text(own)
    assert "profile-column-missing" not in desk.run("validate", "a.ndjson", "--profile", "p.toml").out
    (desk.folder / "p.toml").write_text(own.replace("user-variables", "uservars"))
    told = desk.run("validate", "a.ndjson", "--profile", "p.toml").out
    assert "names a column that the first records lack: “uservars.id” (fields.userId)" in told


def test_a_saved_preset_reads_a_file_with_one_kind_of_event_too(desk: Desk) -> None:
    (desk.folder / "a.ndjson").write_text(OPENED)
    saved = PRESETS / "mailgun-events" / "preset.toml"
    (desk.folder / "mine.toml").write_bytes(saved.read_bytes())
    done = desk.run("validate", "a.ndjson", "--profile", "mine.toml", "--json").json
    assert done["by_event"] == {"Email Opened": 1}


def test_legacy_bodies_of_mailgun_are_read_from_a_table_too(desk: Desk) -> None:
    lines = next(path for path in exports("mailgun-events") if "legacy" in path)
    flat = [json.loads(line) for line in Path(lines).read_text(encoding="utf-8").splitlines()]
    names = list(dict.fromkeys(name for each in flat for name in each))
    with (desk.folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows({**each, "tag": json.dumps(each["tag"]) if "tag" in each else ""} for each in flat)
    assert sent(desk, "a.csv", preset="mailgun-events") == sent(desk, lines, preset="mailgun-events")
    assert desk.run("inspect", "a.csv", "--json").json["files"][0]["preset"]["name"] == "mailgun-events"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("mailgun-events", '{ columns = ["event-data.user-variables.customer", "user-variables.customer"] }'),
        ("ses-events", '{ columns = ["Message.mail.tags.customer.0", "mail.tags.customer.0"] }'),
        ("postmark-webhooks", '"Metadata.customer_id"'),
    ],
)
def test_the_senders_own_id_of_a_person_comes_by_one_line(desk: Desk, name: str, own: str) -> None:
    shown = (PRESETS / name / "preset.toml").read_text(encoding="utf-8")
    assert f"fields.userId = {own}" in shown
    (desk.folder / "p.toml").write_text(f'profile = 1\nextends = "preset:{name}"\nfields.userId = {own}\n')
    done = desk.run("backfill", *exports(name), "--profile", "p.toml", "--dry-run", "--out", "own.out")
    assert done.code == 0, done.err
    ids = [message["userId"] for message in desk.messages("own.out")]
    assert {each for each in ids if "@" not in each} >= {"c-ada", "c-eve", "c-kim"}
    assert len(ids) == len(sent(desk, *exports(name), preset=name))


def test_a_preset_of_another_vendor_is_refused_with_words(desk: Desk) -> None:
    (desk.folder / "a.ndjson").write_text(OPENED)
    done = desk.run("validate", "a.ndjson", "--preset", "hubspot-email-events")
    assert done.code == 4
    assert "preset:hubspot-email-events seems to be for another export" in done.err


def test_one_record_of_ses_is_a_record_and_no_envelope_of_its_lists(desk: Desk) -> None:
    bounced = next(each for each in records("ses-events") if each.get("bounce"))
    (desk.folder / "a.json").write_text(json.dumps(bounced, indent=1))
    assert [each["event"] for each in sent(desk, "a.json", preset="ses-events").values()] == ["Email Bounced"]


@pytest.mark.slow
def test_ses_takes_no_recipient_of_the_mail_for_one_of_a_delivery_bounce_or_complaint(desk: Desk) -> None:
    lists = {
        "Delivery": ("delivery", "recipients"),
        "Bounce": ("bounce", "bouncedRecipients"),
        "Complaint": ("complaint", "complainedRecipients"),
    }
    given = {
        each["eventType"]: each
        for each in reversed(records("ses-events"))
        if "eventType" in each and not each["mail"]["destination"][1:]
    }
    lines = [json.dumps(given["Open"])]
    for kind, (part, key) in lists.items():
        owns: list[dict[str, Any]] = [{}, {key: None}, {key: []}]
        for own in owns:
            mail = {**given[kind]["mail"], "destination": ["ada@shop.example", "eve@shop.example"]}
            body = {name: value for name, value in given[kind][part].items() if name != key}
            lines.append(json.dumps({**given[kind], "mail": mail, part: body | own}))
    (desk.folder / "a.ndjson").write_text("\n".join(lines) + "\n")
    done = desk.run("validate", "a.ndjson", "--preset", "ses-events", "--json")
    problems = done.json["problems"]
    assert {each["code"] for each in problems} == {"person-missing"}
    assert (sum(each["count"] for each in problems), done.json["rows"]["rejected"]) == (9, 9)


def test_ses_counts_recipients_behind_one_that_is_null(desk: Desk) -> None:
    opened = next(each for each in records("ses-events") if each.get("eventType") == "Open")
    given = [
        opened,
        {**opened, "mail": {**opened["mail"], "destination": ["a@x.example", None, "b@x.example"]}},
    ]
    (desk.folder / "a.ndjson").write_text("".join(json.dumps(each) + "\n" for each in given))
    assert len(sent(desk, "a.ndjson", preset="ses-events")) == 1


@pytest.mark.parametrize(
    ("name", "kind", "beside"),
    [
        ("ses-events", {"eventType": "Click"}, {"delivery": {"timestamp": "2020-01-01T00:00:00.000Z"}}),
        ("postmark-webhooks", {"RecordType": "Bounce"}, {"DeliveredAt": "2020-01-01T00:00:00Z"}),
    ],
)
def test_an_event_never_has_the_time_of_a_delivery_beside_it(
    desk: Desk, name: str, kind: dict[str, str], beside: dict[str, Any]
) -> None:
    given = [each for each in records(name) if kind.items() <= each.items()]
    for file, more in (("a.ndjson", {}), ("b.ndjson", beside)):
        (desk.folder / file).write_text("".join(json.dumps({**each, **more}) + "\n" for each in given))
    assert sent(desk, "a.ndjson", preset=name) == sent(desk, "b.ndjson", preset=name)


@pytest.mark.parametrize(
    ("name", "file", "events"),
    [
        ("sfmc-tracking", "_Open.csv", {"Email Opened"}),
        ("sfmc-tracking", "_Opens.csv.gz", {"Email Opened"}),
        ("sfmc-tracking", "x_Open_2024.csv", {"Email Opened"}),
        ("sfmc-tracking", "DV_OpenRate.csv", set()),
        ("sfmc-tracking", "DV_OpenHouse.csv", set()),
        ("sfmc-tracking", "Spring_OpenHouse_Click.csv", {"Link Clicked"}),
        ("sfmc-tracking", "Spring_Open_House_Click.csv", {"Email Opened", "Link Clicked"}),
        ("sfmc-tracking", "2024_Sent_Bounces_Bounce.csv", {"Sent", "Email Bounced"}),
        ("sfmc-tracking", "_Unsubscribe.csv", {"Email Unsubscribed"}),
        ("iterable-events", "emailSend.json", {"emailSend"}),
        ("iterable-events", "emailSendSkip.json", {"emailSendSkip"}),
        ("iterable-events", "emailOpen-2024-03.json", {"Email Opened"}),
        ("iterable-events", "emailOpenRate.json", set()),
        ("iterable-events", "emailSubscribe.json", {"emailSubscribe"}),
        ("iterable-events", "emailUnSubscribe.json.gz", {"Email Unsubscribed"}),
        ("iterable-events", "my-emailOpen-and-emailClick.json", {"Email Opened", "Link Clicked"}),
        ("braze-currents", "in/event_type=users.messages.email.Open/date=1/1.avro", {"Email Opened"}),
        ("braze-currents", "in/event_type=users.messages.push.Open/date=1/1.avro", {"another event"}),
        ("braze-currents", "in/event_type=custom/date=1/1.avro", {"another event"}),
    ],
)
def test_the_name_of_a_file_means_one_event_or_none(name: str, file: str, events: set[str]) -> None:
    patterns = preset_file(name).raw["fields"]["event"]["by_file"]
    assert {*best_patterns(file.lower(), patterns).values()} == events


def test_a_file_whose_name_fits_patterns_of_two_events_is_refused_with_both(desk: Desk) -> None:
    name = "2024_Sent_Bounces_Bounce.csv"
    (desk.folder / name).write_bytes((HERE / "sfmc-tracking" / "export._Open.csv").read_bytes())
    done = desk.run("validate", name, "--preset", "sfmc-tracking")
    assert done.code == 4
    assert "“*_Sent[!a-z]*” for Sent and “*_Bounces[!a-z]*” for Email Bounced" in done.err
    assert '--set event="Email Opened"' in done.err
    assert desk.run("validate", name, "--preset", "sfmc-tracking", "--set", "event=Email Opened").code == 0


SKIPPING = ("braze-currents", "klaviyo-events", "marketo-activities")
"""Presets that leave out what they do not list, as their exports have events of many kinds."""
OPENED_IN = {
    "braze-currents": ("export.lines.ndjson", "users.messages.email.Open", "users.messages.email.{}"),
    "brevo-webhooks": ("export-transactional.ndjson", "opened", "{}"),
    "customerio-reporting": ("export.ndjson", "opened", "{}"),
    "hubspot-email-events": ("export.ndjson", "OPEN", "{}"),
    "iterable-events": ("export.named.json", "emailOpen", "{}"),
    "klaviyo-events": ("export-webhooks.ndjson", "event:klaviyo.opened_email", "{}"),
    "mailchimp-activity": ("export.ndjson", "open", "{}"),
    "mailgun-events": ("export-webhooks.ndjson", "opened", "{}"),
    "mailjet-events": ("export.ndjson", "open", "{}"),
    "marketo-activities": ("export.1.csv", "10", "{}"),
    "postmark-webhooks": ("export.ndjson", "Open", "{}"),
    "sendgrid-events": ("export.ndjson", "open", "{}"),
    "ses-events": ("export-firehose.ndjson", "Open", "{}"),
    "sfmc-tracking": ("export.Opens.csv", "Open", "{}"),
}
"""A file of each preset, what it calls an opening, and the form of its names."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_an_event_that_the_preset_does_not_list_is_never_sent(desk: Desk, name: str) -> None:
    file, opened, form = OPENED_IN[name]
    text = (HERE / name / file).read_bytes().decode("utf-16" if file == "export.Opens.csv" else "utf-8")
    golden = {
        json.loads(line)["messageId"] for line in (HERE / name / "golden.ndjson").read_bytes().splitlines()
    }
    left, right = (",", ",") if file == "export.1.csv" else ('"', '"')
    for other in ("uniqueOpened", "opened unique"):
        changed = text.replace(f"{left}{opened}{right}", f"{left}{form.format(other)}{right}")
        assert changed != text
        (desk.folder / f"x{Path(file).suffix}").write_text(changed, encoding="utf-8")
        made = desk.run(
            *("backfill", f"x{Path(file).suffix}", "--preset", name, "--dry-run", "--out", f"{other}.out"),
            *("--max-errors", "100%"),
        )
        assert made.code == 1 or name in SKIPPING, made.err
        assert {each["messageId"] for each in desk.messages(f"{other}.out")} < golden


@pytest.mark.parametrize("source", ["signupSource", "unsubSource"])
def test_a_list_of_contacts_is_no_export_of_iterable_events(desk: Desk, source: str) -> None:
    contact = {"createdAt": "2024-03-05 10:11:00 +00:00", "email": "ada@shop.example", source: "Import"}
    for more, found in (({}, False), ({"emailListIds": [7]}, True)):
        (desk.folder / "a.ndjson").write_text(json.dumps({**contact, **more}) + "\n")
        preset = desk.run("inspect", "a.ndjson", "--json").json["files"][0]["preset"]
        assert (preset is not None) == found
