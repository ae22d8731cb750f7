"""The user's answers on a destination: kept beside its ledger, and never believed where they are none."""

from pathlib import Path

import pytest

from inflection_cli.errors import LedgerError
from inflection_cli.ledger.ledger_file import ledger_files
from inflection_cli.ledger.state_dir import answers_path, keep_dedup_window_s, kept_dedup_window_s


@pytest.mark.parametrize("window_s", [0.0, 72_000.0])
def test_an_answer_is_kept_for_its_destination_alone(window_s: float, tmp_path: Path) -> None:
    keep_dedup_window_s(tmp_path, "a", window_s)
    assert kept_dedup_window_s(tmp_path, "a") == window_s
    assert kept_dedup_window_s(tmp_path, "b") is None
    assert oct(answers_path(tmp_path, "a").stat().st_mode & 0o777) == "0o600"
    assert list(ledger_files(tmp_path)) == []


def test_a_later_answer_replaces_the_earlier_one(tmp_path: Path) -> None:
    keep_dedup_window_s(tmp_path, "a", 72_000.0)
    keep_dedup_window_s(tmp_path, "a", 0.0)
    assert kept_dedup_window_s(tmp_path, "a") == 0.0


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "[" * 9_000),
        *(f'{{"dedup_window_seconds": {value}}}' for value in ("true", "-1", '"20"', "1e999", "NaN")),
    ],
)
def test_what_is_no_answer_is_asked_anew(text: str, tmp_path: Path) -> None:
    keep_dedup_window_s(tmp_path, "a", 72_000.0)
    answers_path(tmp_path, "a").write_text(text)
    assert kept_dedup_window_s(tmp_path, "a") is None


def test_an_answer_behind_a_symlink_is_refused(tmp_path: Path) -> None:
    keep_dedup_window_s(tmp_path, "a", 72_000.0)
    answers_path(tmp_path, "b").symlink_to(answers_path(tmp_path, "a"))
    with pytest.raises(LedgerError, match="is a symlink"):
        kept_dedup_window_s(tmp_path, "b")
