"""A Ctrl-C where Python's own handler hears it, before or beside the command's: it ends with words, and with JSON."""

import io
import json
import sys

import pytest

from inflection_cli.cli.app import run


class _Interrupted(io.RawIOBase):
    """A standard input at which Ctrl-C is pressed."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise KeyboardInterrupt


def test_a_ctrl_c_that_typer_catches_ends_with_words_and_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(_Interrupted())))
    code = run(["validate", "-", "--json"])
    said = capsys.readouterr()
    assert (code, json.loads(said.out)["exit_code"]) == (130, 130)
    assert "interrupted" in said.err
