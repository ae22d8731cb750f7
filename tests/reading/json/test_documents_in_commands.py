"""Given a JSON document on the command line, the report says what it is, and its rejected rows go through again."""

import json
from pathlib import Path

import pytest
from command_support import Desk, rows_balance

GOOD = {
    "event": "Email Opened",
    "userId": "u1",
    "email_id": "e1",
    "campaign_id": "c1",
    "timestamp": "2024-03-01T09:30:00Z",
}
BAD = {**GOOD, "userId": "u2", "timestamp": "yesterday"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def test_an_enveloped_export_is_validated_with_the_option_that_its_refusal_names(desk: Desk) -> None:
    (desk.folder / "export.json").write_text(
        json.dumps({"result": {"items": [GOOD, BAD]}, "next": None}, indent=2)
    )
    refused = desk.run("validate", "export.json", "--json")
    assert refused.code == 4
    assert "--records result.items;" in refused.json["error"]["hint"]
    result = desk.run("validate", "export.json", "--json", "--records", "result.items")
    assert result.code == 1
    assert result.json["files"][0]["format"] == "json"
    assert result.json["files"][0]["delimiter"] is None
    assert [(one["code"], one["line"]) for one in result.json["problems"]] == [("timestamp-unreadable", 11)]
    assert rows_balance(result.json)


def test_rejected_rows_of_an_envelope_go_through_the_same_command_once_repaired(desk: Desk) -> None:
    (desk.folder / "export.json").write_text(json.dumps({"data": [GOOD, BAD]}))
    words = ("--records", "data", "--dry-run", "--max-errors", "1", "--rejects", "rejects")
    assert desk.run("backfill", "export.json", *words).code == 1
    rejects = desk.folder / "rejects" / "export.rejects.json"
    rejects.write_text(rejects.read_text().replace("yesterday", "2024-03-01T10:00:00Z"))
    again = desk.run("backfill", str(rejects), *words, "--json")
    assert (again.code, again.json["rows"]["mapped"]) == (0, 1)


def test_what_cannot_be_read_stands_verbatim_beside_the_rejects(desk: Desk) -> None:
    lines = [
        json.dumps(GOOD),
        '{"event": "Email Opened", "userId": u3},',
        json.dumps({**GOOD, "userId": "u4"}),
    ]
    (desk.folder / "export.json").write_text(f"[\n{lines[0]},\n{lines[1]}\n{lines[2]}\n]\n")
    words = ("--dry-run", "--max-errors", "1", "--rejects", "rejects")
    result = desk.run("backfill", "export.json", *words, "--json")
    assert (result.code, result.json["rows"]["mapped"]) == (1, 2)
    assert [(one["code"], one["line"]) for one in result.json["problems"]] == [("json-invalid", 3)]
    unreadable = (desk.folder / "rejects" / "export.unreadable.txt").read_text()
    assert unreadable.strip() == lines[1]


def test_a_table_that_excel_told_the_delimiter_of_is_validated_at_its_physical_lines(desk: Desk) -> None:
    row = "Email Opened;u1;e1;c1;{}"
    (desk.folder / "export.csv").write_text(
        "\n".join(
            (
                "sep=;",
                "event;userId;email_id;campaign_id;timestamp",
                row.format("2024-03-01T09:30:00Z"),
                row.format("soon"),
                "",
            )
        )
    )
    result = desk.run("validate", "export.csv", "--json")
    assert [(one["code"], one["line"]) for one in result.json["problems"]] == [("timestamp-unreadable", 4)]
    assert result.json["files"][0]["delimiter"] == ";"
