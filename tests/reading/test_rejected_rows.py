"""The folder of rejected rows: what stands in it already is never written over."""

from pathlib import Path

from inflection_cli.reading.rejected_rows import RejectsFolder


def test_a_file_that_is_there_is_left_alone_since_it_may_be_the_input(tmp_path: Path) -> None:
    (tmp_path / "refused-messages.ndjson").write_bytes(b"input\n")
    folder = RejectsFolder(tmp_path)
    lines = folder.open_lines("refused-messages.ndjson")
    lines.append(b"refused again\n")
    lines.close()
    folder.close()
    assert (tmp_path / "refused-messages.ndjson").read_bytes() == b"input\n"
    assert (tmp_path / "refused-messages-2.ndjson").read_bytes() == b"refused again\n"
