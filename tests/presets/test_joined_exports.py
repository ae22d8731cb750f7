"""Exports that somebody has joined, wrapped or turned into JSON: read right, or refused with words."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, Result
from fastavro import json_writer, reader
from test_presets import HERE, exports

PRESETS = Path(__file__).parents[2] / "src" / "inflection_cli" / "presets"
OPENED = "Email Opened"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def pages() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / "klaviyo-events" / "export-pages.json").read_bytes())
    return found


def made(desk: Desk, *files: str, preset: str, more: tuple[str, ...] = ()) -> dict[str, str]:
    """The name of each event of a dry run, by its id."""
    words = ("--dry-run", "--out", "made.out", "--max-errors", "100%", *more)
    done = desk.run("backfill", *files, "--preset", preset, *words)
    assert done.code in {0, 1}, done.err
    found = {each["messageId"]: each.get("event", "identify") for each in desk.messages("made.out")}
    (desk.folder / "made.out").unlink()
    return found


def checked(desk: Desk, name: str, data: Any, *more: str) -> Result:
    (desk.folder / name).write_text(json.dumps(data), encoding="utf-8")
    return desk.run("validate", name, "--preset", "klaviyo-events", *more)


def as_a_page(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "data": [each for page in found for each in page["data"]],
        "included": [each for page in found for each in page["included"]],
    }


@pytest.mark.slow
def test_klaviyos_pages_give_the_same_events_however_they_are_joined(desk: Desk) -> None:
    found = pages()
    whole = made(desk, str(HERE / "klaviyo-events" / "export-pages.json"), preset="klaviyo-events")
    assert len(set(whole.values())) > 2
    shapes = {
        "one.json": json.dumps(as_a_page(found)),
        "lines.ndjson": "".join(f"{json.dumps(page)}\n" for page in found),
        "spread.json": "\n".join(json.dumps(page, indent=2) for page in found),
        "single.ndjson": "".join(
            f"{json.dumps({**page, 'data': each})}\n" for page in found for each in page["data"]
        ),
    }
    for name, text in shapes.items():
        (desk.folder / name).write_text(text, encoding="utf-8")
        assert made(desk, name, preset="klaviyo-events") == whole, name
        assert desk.run("inspect", name, "--json").json["files"][0]["preset"]["name"] == "klaviyo-events"


def test_no_event_gets_the_metric_of_another_page(desk: Desk) -> None:
    found = pages()
    # As `jq -s '{data: (map(.data) | add), included: .[0].included}'` joins them.
    report = checked(desk, "k.json", {**as_a_page(found), "included": found[0]["included"]}, "--json").json
    assert (report["by_event"], report["rows"]["rejected"]) == ({OPENED: 4}, 4)
    assert report["problem_counts"] == {"lookup-key-unknown": 4}
    assert "^.included" in report["problems"][0]["message"]


@pytest.mark.parametrize("twice", [False, True])
def test_a_metric_that_is_not_told_for_certain_is_refused_with_words(desk: Desk, *, twice: bool) -> None:
    page = pages()[0]
    other = {**page["included"][0], "attributes": {"name": "Bounced Email"}}
    page["included"] = [*page["included"], other] if twice else []
    report = checked(desk, "k.json", page, "--json").json
    assert (report["rows"]["mapped"], report["problem_counts"]) == (0, {"lookup-key-unknown": 2})


def test_klaviyos_bare_events_are_named_by_a_profile(desk: Desk) -> None:
    events = [each for page in pages()[:2] for each in page["data"]]
    assert "lookup-key-unknown" in checked(desk, "k.json", events).out
    # No option of inspect makes them events, so no preset is proposed that rejects them all.
    assert desk.run("inspect", "k.json", "--json").json["files"][0]["preset"] is None
    ids = {each["relationships"]["metric"]["data"]["id"] for each in events}
    values = ", ".join(f'{each} = "{OPENED}"' for each in sorted(ids))
    (desk.folder / "k.toml").write_text(
        'profile = 1\nextends = "preset:klaviyo-events"\n'
        f'fields.event = {{ column = "relationships.metric.data.id", values = {{ {values} }} }}\n'
    )
    done = desk.run("validate", "k.json", "--profile", "k.toml", "--json").json
    assert (done["by_event"], done["rows"]["rejected"]) == ({OPENED: 3}, 0)


@pytest.mark.slow
def test_braze_s_avro_turned_into_json_gives_the_same_events(desk: Desk) -> None:
    """By Avro's JSON encoding, in which a value of a union has its type around it."""
    for file in sorted((HERE / "braze-currents").glob("export.users.*.avro")):
        with file.open("rb") as opened:
            rows = reader(opened)
            text = io.StringIO()
            json_writer(text, rows.writer_schema, rows)
        assert '{"string":' in text.getvalue()
        name = file.with_suffix(".json").name
        (desk.folder / name).write_text(text.getvalue() + "\n", encoding="utf-8")
        assert made(desk, name, preset="braze-currents") == made(desk, str(file), preset="braze-currents")
        assert desk.run("inspect", name, "--json").json["files"][0]["preset"]["name"] == "braze-currents"


WRAPPED = {
    "braze-currents": "export.lines.ndjson",
    "brevo-webhooks": "export-transactional.ndjson",
    "customerio-reporting": "export.ndjson",
    "hubspot-email-events": "export.ndjson",
    "klaviyo-events": "export-pages.json",
    "mailchimp-activity": "export.json",
    "mailgun-events": "export-page.json",
    "mailjet-events": "export.ndjson",
    "postmark-webhooks": "export.ndjson",
    "sendgrid-events": "export.ndjson",
    "ses-events": "export-firehose.ndjson",
}
"""The JSON of each vendor whose records somebody may keep in an envelope."""
QUICK = {"sendgrid-events"}


@pytest.mark.parametrize(
    ("name", "key", "form"),
    [
        pytest.param(name, key, form, marks=() if name in QUICK else pytest.mark.slow)
        for name in sorted(WRAPPED)
        for key, form in (("events", "document"), ("data", "document"), ("result.rows", "lines"))
    ],
)
def test_records_in_an_envelope_get_the_preset_and_the_path_to_them(
    desk: Desk, name: str, key: str, form: str
) -> None:
    path = HERE / name / WRAPPED[name]
    text = path.read_text(encoding="utf-8")
    found = json.loads(text) if path.suffix == ".json" else list(map(json.loads, text.splitlines()))
    records = [each for one in (found if isinstance(found, list) else [found]) for each in _flat(one)]
    posts = [records] if form == "document" else [records[:2], records[2:]]
    bodies = [json.dumps(_around({"sent": "today"}, key, post)) for post in posts if post]
    (desk.folder / "w.json").write_text("\n".join(bodies), encoding="utf-8")
    proposed = desk.run("inspect", "w.json", "--json").json["files"][0]["preset"]
    assert proposed["name"] == name
    told = desk.run("inspect", "w.json").out
    if proposed["records"] is not None:
        assert proposed["records"].removeprefix(".").startswith(key)
        assert f"--preset {name} --records {proposed['records']}" in told
    more = ("--records", proposed["records"]) if proposed["records"] else ()
    wanted = made(desk, str(path), preset=name)
    assert wanted
    assert made(desk, "w.json", preset=name, more=more) == wanted


def _flat(one: Any) -> list[Any]:
    return one if isinstance(one, list) else [one]


def _around(beside: dict[str, Any], key: str, records: list[Any]) -> dict[str, Any]:
    first, _, rest = key.partition(".")
    return {**beside, first: _around({}, rest, records) if rest else records}


def test_a_path_that_the_user_gives_is_that_of_every_preset(desk: Desk) -> None:
    line = (HERE / "sendgrid-events" / "export.ndjson").read_text(encoding="utf-8").splitlines()[0]
    (desk.folder / "w.json").write_text(json.dumps({"events": [json.loads(line)], "other": [{"a": 1}]}))
    proposed = desk.run("inspect", "w.json", "--records", "events", "--json").json["files"][0]["preset"]
    assert (proposed["name"], proposed["records"]) == ("sendgrid-events", "events")
    assert desk.run("inspect", "w.json", "--save", "p.toml").code == 0
    assert 'records = "events"' in (desk.folder / "p.toml").read_text("utf-8")
    other = desk.run("inspect", "w.json", "--records", "other", "--json").json["files"][0]["preset"]
    assert other is None


def test_init_writes_the_path_of_the_envelope_into_the_profile(desk: Desk) -> None:
    line = (HERE / "sendgrid-events" / "export.ndjson").read_text(encoding="utf-8").splitlines()[1]
    (desk.folder / "w.json").write_text(json.dumps({"events": [json.loads(line)]}))
    assert desk.run("init", "w.json", "--no-input", "--save", "p.toml").code == 0
    assert 'extends = "preset:sendgrid-events"' in (desk.folder / "p.toml").read_text("utf-8")
    assert desk.run("validate", "w.json", "--profile", "p.toml", "--json").json["rows"]["read"] == 1


# --- what a preset leaves out --------------------------------------------------------------------


def bounces(*types: str) -> str:
    return "".join(
        json.dumps(
            {
                "RecordType": "Bounce",
                "Type": kind,
                "ID": number,
                "MessageID": f"m{number}",
                "MessageStream": "outbound",
                "Email": f"p{number}@shop.example",
                "BouncedAt": f"2024-03-05T10:00:{number:02}Z",
                "Tag": "spring",
            }
        )
        + "\n"
        for number, kind in enumerate(types)
    )


def test_the_values_that_a_preset_leaves_out_are_told_with_their_rows_and_the_way_to_take_them(
    desk: Desk,
) -> None:
    (desk.folder / "b.ndjson").write_text(bounces("HardBounce", "Transient", "Novel", "Transient"))
    done = desk.run("validate", "b.ndjson", "--preset", "postmark-webhooks")
    assert "3 left out, as no [[event]] of the profile applies" in done.out
    assert "“Type” is “Transient” in 2 rows" in done.out
    assert "“Type” is “Novel” in 1 row" in done.out
    assert "infl-seg presets save postmark-webhooks mine.toml" in done.out
    report = desk.run("validate", "b.ndjson", "--preset", "postmark-webhooks", "--json").json
    assert report["left_out"] == [
        {"column": "Type", "value": "Transient", "rows": 2},
        {"column": "Type", "value": "Novel", "rows": 1},
    ]
    # The way works: the saved preset with the value in its list takes the rows.
    assert desk.run("presets", "save", "postmark-webhooks", "mine.toml").code == 0
    mine = desk.folder / "mine.toml"
    mine.write_text(
        mine.read_text("utf-8").replace('equals = ["HardBounce",', 'equals = ["HardBounce", "Novel",')
    )
    taken = desk.run("validate", "b.ndjson", "--profile", "mine.toml", "--json").json
    assert taken["by_event"] == {"Email Bounced": 2}


@pytest.mark.parametrize("column", ["Type", "customer email"])
def test_a_personal_value_that_leaves_rows_out_is_masked(desk: Desk, column: str) -> None:
    (desk.folder / "a.csv").write_text(
        f"event,timestamp,userId,{column}\nopen,2024-03-01T10:00:00Z,u1,ada@shop.example\n"
    )
    (desk.folder / "p.toml").write_text(
        f'profile = 1\n[[event]]\nwhen = {{ column = "{column}", equals = "x" }}\n'
    )
    done = desk.run("validate", "a.csv", "--profile", "p.toml")
    assert f"“{column}” is" in done.out
    assert "ada" not in done.out
    assert "ada" not in desk.run("validate", "a.csv", "--profile", "p.toml", "--json").out


def test_the_state_of_a_cell_that_leaves_rows_out_is_told_without_the_cell(desk: Desk) -> None:
    line = {"id": "1", "type": "OPEN", "created": 1709640000000, "recipient": "a@x.example", "portalId": 1}
    later = {**line, "id": "2", "obsoletedBy": {"id": "3"}}
    (desk.folder / "h.ndjson").write_text(f"{json.dumps(line)}\n{json.dumps(later)}\n")
    report = desk.run("validate", "h.ndjson", "--preset", "hubspot-email-events", "--json").json
    assert report["left_out"] == [{"column": "obsoletedBy.id", "value": None, "rows": 1}]


@pytest.mark.parametrize(
    ("name", "theirs", "more"),
    [
        ("marketo-activities", "6", 1),
        ("braze-currents", "Send", 1),
        ("customerio-reporting", "undeliverable", 0),
        ("sendgrid-events", "dropped", 1),
        pytest.param("klaviyo-events", "Dropped Email", 1, marks=pytest.mark.slow),
        pytest.param("iterable-events", "emailSendSkip", 1, marks=pytest.mark.slow),
    ],
)
def test_an_option_makes_an_event_of_a_name_that_a_preset_leaves_out(
    desk: Desk, name: str, theirs: str, more: int
) -> None:
    before = made(desk, *exports(name), preset=name)
    after = made(desk, *exports(name), preset=name, more=("--event-name", f"{theirs}=Email Bounced"))
    assert before.items() <= after.items()
    assert len(after) >= len(before) + more
    assert {*after.items()} - {*before.items()} <= {(each, "Email Bounced") for each in after}


def test_an_option_leaves_out_one_more_name_and_keeps_those_of_the_preset(desk: Desk) -> None:
    before = made(desk, *exports("braze-currents"), preset="braze-currents")
    after = made(
        desk, *exports("braze-currents"), preset="braze-currents", more=("--skip-event", "Email Opened")
    )
    assert {*before.values()} - {*after.values()} - {"identify"} == {OPENED}


def test_a_cell_that_leaves_rows_out_is_masked_where_it_is_the_persons_too(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "customer"\nevent = "event"\ntimestamp = "time"\n'
        '[[event]]\nwhen = { column = "customer", equals = ["Wanda11"] }\n'
    )
    rows = [f"{name},Email Opened,2024-03-01T10:00:00Z" for name in ("Wanda11", "Zacharias77")]
    (desk.folder / "p.csv").write_text("\n".join(("customer,event,time", *rows, "")))
    words = ("validate", "p.csv", "--profile", "p.toml")
    for done in (desk.run(*words), desk.run(*words, "--json")):
        assert "Zacharias77" not in done.out + done.err
    assert [each["rows"] for each in desk.run(*words, "--json").json["left_out"]] == [1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "word"),
    [
        ("sendgrid-events", "open"),
        ("mailgun-events", "opened"),
        ("postmark-webhooks", "Open"),
        ("ses-events", "Open"),
        ("customerio-reporting", "opened"),
        ("hubspot-email-events", "OPEN"),
        ("mailchimp-activity", "open"),
        ("mailjet-events", "open"),
    ],
)
def test_options_know_an_event_by_the_exports_own_name(preset: str, word: str, desk: Desk) -> None:
    files = [str(path) for path in sorted((HERE / preset).glob("export*"))]
    run = ("validate", *files, "--preset", preset, "--json")
    before = desk.run(*run).json["by_event"]
    skipped = desk.run(*run, "--skip-event", word).json["by_event"]
    renamed = desk.run(*run, "--event-name", f"{word}=Email Unsubscribed").json["by_event"]
    assert before["Email Opened"] > 0
    assert skipped == {name: count for name, count in before.items() if name != "Email Opened"}
    assert renamed.get("Email Unsubscribed", 0) == before["Email Opened"] + before.get(
        "Email Unsubscribed", 0
    )


def test_a_name_that_no_preset_lists_becomes_an_event_by_an_option(desk: Desk) -> None:
    line = json.loads(
        (HERE / "sendgrid-events" / "export.ndjson").read_text(encoding="utf-8").splitlines()[0]
    )
    (desk.folder / "w.ndjson").write_text(json.dumps({**line, "event": "weirdkind"}))
    run = ("validate", "w.ndjson", "--preset", "sendgrid-events", "--json")
    assert desk.run(*run).json["problem_counts"] == {"value-unlisted": 1}
    assert desk.run(*run, "--skip-event", "weirdkind").json["rows"]["filtered"] == 1
    assert desk.run(*run, "--event-name", "weirdkind=Email Delivered").json["by_event"] == {
        "Email Delivered": 1
    }


def test_messages_that_are_texts_are_recognised_in_an_envelope_too(desk: Desk) -> None:
    lines = (HERE / "ses-events" / "export-sns.ndjson").read_text(encoding="utf-8").splitlines()
    (desk.folder / "w.json").write_text(
        json.dumps({"payload": {"list": [json.loads(line) for line in lines]}})
    )
    proposed = desk.run("inspect", "w.json", "--records", "payload.list", "--json").json["files"][0]["preset"]
    assert (proposed["name"], proposed["records"]) == ("ses-events", "payload.list")


def test_the_profile_is_named_where_it_leaves_rows_out_by_name(desk: Desk) -> None:
    export = str(HERE / "sendgrid-events" / "export.ndjson")
    done = desk.run("validate", export, "--preset", "sendgrid-events")
    told = done.out + done.err
    assert "3 left out by name, by the profile or --skip-event" in told
    assert "“event” is “dropped” in 1 row" in told
