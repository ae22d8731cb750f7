"""Parse, open and write the problem reports of a run."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from glob import glob
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from inflection_cli.atomic_file import behind_links
from inflection_cli.errors import InputError, UsageError
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.findings import Findings, ended_by
from inflection_cli.reporting.json_report import dumps, error_object
from inflection_cli.reporting.outlet import print_machine
from inflection_cli.sanitize import counted, escape
from inflection_cli.settings.layering import file_word
from inflection_cli.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from inflection_cli.reporting.html_report import RunFacts


class Format(StrEnum):
    """Formats of a report."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    SARIF = "sarif"
    HTML = "html"


_ENDINGS: Final = {
    Format.TEXT: "txt",
    Format.JSON: "json",
    Format.GITHUB: "log",
    Format.JUNIT: "xml",
    Format.SARIF: "sarif",
    Format.HTML: "html",
}
"""What the file of a report is named by, where only its folder was given."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A requested report: its format and destination.

    Attributes:
        format: Its form.
        path: Where it goes; None is standard output.
    """

    format: Format
    path: str | None


def parse_reports(words: Sequence[str], *, json: bool) -> tuple[Wanted, ...]:
    """Parse the values of `--report`.

    Args:
        words: `FORMAT` or `FORMAT=PATH`.
        json: Whether standard output belongs to the object of `--json`.

    Raises:
        UsageError: A format is none, or two reports would go to one place.
    """
    wanted = tuple(_parsed(word) for word in words)
    printed = [report for report in wanted if report.path is None]
    if printed and json:
        raise UsageError(
            f"--report {printed[0].format} and --json would both go to standard output",
            hint=f"give the report a file: --report {printed[0].format}=PATH",
        )
    if len(printed) > 1:
        raise UsageError(
            "only one report can go to standard output",
            hint=f"give the others a file: --report {printed[1].format}=PATH",
        )
    paths = [os.path.realpath(report.path) for report in wanted if report.path is not None]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise UsageError(f"two reports would go to {escape(twice[0])}", hint="give each a file of its own")
    return wanted


class Reports:
    """Reports of one run, opened before it and written after it.

    A bad path ends the run at once.

    A report appears under its name only when it is whole; what stood there before is replaced.

    Args:
        wanted: What was asked for.
        environ: Where GitHub says which folder is checked out, and where the step's summary goes.
        private: Whether only the user may read the files: they show cells.
    """

    def __init__(
        self, wanted: Sequence[Wanted], environ: Mapping[str, str], *, private: bool = False
    ) -> None:
        self._wanted = wanted
        self._environ = environ
        self._mode = 0o600 if private else 0o666
        self._parts: dict[str, Path] = {}

    def __enter__(self) -> Self:
        try:
            for report in self._wanted:
                if report.path is not None:
                    self._open(report.format, report.path)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    @property
    def printed(self) -> bool:
        """Return whether a report goes to stdout, which then holds nothing else."""
        return any(report.path is None for report in self._wanted)

    @property
    def root(self) -> Path:
        """Base folder of reported paths: GitHub's checkout or the current folder."""
        return Path(self._environ.get("GITHUB_WORKSPACE") or ".").resolve()

    def keep_off(self, inputs: Sequence[str]) -> None:
        """Check that no report replaces an input; such a report is dropped.

        Args:
            inputs: Paths or globs.

        Raises:
            UsageError: One would.
        """
        found = (glob(pattern, recursive=True) for pattern in inputs)  # noqa: PTH207 - relative or absolute
        real = {os.path.realpath(path) for path in chain(inputs, *found)}
        for report in self._wanted:
            if report.path is not None and os.path.realpath(report.path) in real:
                self._wanted = [other for other in self._wanted if other is not report]
                raise UsageError(
                    f"the report would replace the input {escape(report.path)}",
                    hint="give the report another path",
                )

    @property
    def has_pictures(self) -> bool:
        """Return whether a report shows figures of events."""
        return any(report.format is Format.HTML for report in self._wanted)

    def write(self, findings: Findings, facts: "Callable[[], RunFacts]") -> None:
        """Write every report once; later calls write nothing.

        Args:
            findings: What was found.
            facts: Gathers what only the HTML report names.

        Raises:
            InputError: One cannot be written.
        """
        wanted, self._wanted = self._wanted, ()
        for report in wanted:
            self._send(report, _rendered(report.format, findings, facts))
        if any(report.format is Format.GITHUB for report in wanted):
            self._summarise(findings)

    def write_page(self, text: str) -> None:
        """Write one text to every place that was asked for.

        Raises:
            InputError: It cannot be written.
        """
        wanted, self._wanted = self._wanted, ()
        for report in wanted:
            self._send(report, text)

    def _send(self, report: Wanted, content: str) -> None:
        if report.path is None:
            print_machine(content)
        else:
            self._put(report.path, content)

    def _open(self, form: Format, path: str) -> None:
        target = behind_links(path)
        if target.is_dir():
            inside = escape(str(target / f"infl-seg.{_ENDINGS[form]}"))
            raise UsageError(
                f"{escape(path)} is a folder, the report needs a file", hint=f"--report {form}={inside}"
            )
        if not target.parent.is_dir():
            folder = escape(str(target.parent))
            raise InputError(
                f"the report cannot be written to {escape(path)}: there is no folder {folder}",
                hint=f"mkdir -p {file_word(folder)} makes it; or leave it out: --report {form}={escape(target.name)}",
            )
        if target.exists() and not target.is_file():
            return
        part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
        try:
            part.touch(self._mode, exist_ok=False)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._parts[path] = part

    def _put(self, path: str, content: str) -> None:
        part = self._parts.get(path)
        try:
            with (part or Path(path)).open("w", encoding="utf-8", newline="") as out:
                out.write(content)
            if part is not None:
                part.replace(behind_links(path))
        except OSError as error:
            raise _unwritable(path, error) from error

    def _summarise(self, findings: Findings) -> None:
        """Append to the GitHub step summary, within its 1 MiB limit."""
        from inflection_cli.reporting.github import MOST_SUMMARY_BYTES, step_summary  # noqa: PLC0415 - see `_rendered`

        path = self._environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return
        try:
            with Path(path).open("a", encoding="utf-8") as out:
                out.write(step_summary(findings, MOST_SUMMARY_BYTES - _size(out)))
        except OSError as error:
            print(f"the step summary cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201 - to CI's log


_NAMES: Final = tuple(kind.value for kind in Format)


def _parsed(word: str) -> Wanted:
    name, equals, path = word.partition("=")
    if name not in _NAMES:
        near = nearest(name, _NAMES)
        raise UsageError(
            f"--report {escape(word, 80)}: there is no report of that form",
            hint=f"--report {near[0]}" if near else f"take one of {', '.join(_NAMES)}",
        )
    if equals and not path:
        raise UsageError(f"--report {word} names no file", hint=f"--report {name}=PATH, or --report {name}")
    return Wanted(Format(name), path or None)


def _rendered(form: Format, findings: Findings, facts: "Callable[[], RunFacts]") -> str:
    # Most runs write no report: at start-up each form counts.
    match form:
        case Format.TEXT:
            return _text(findings)
        case Format.JSON:
            error = {} if findings.error is None else {"error": error_object(findings.error)}
            return f"{dumps({**findings.whole, **error})}\n"
        case Format.GITHUB:
            from inflection_cli.reporting.github import annotations  # noqa: PLC0415

            return annotations(findings)
        case Format.JUNIT:
            from inflection_cli.reporting.junit import junit_xml  # noqa: PLC0415

            return junit_xml(findings)
        case Format.SARIF:
            from inflection_cli.reporting.sarif import sarif_json  # noqa: PLC0415

            return sarif_json(findings)
        case Format.HTML:
            from inflection_cli.reporting.html_report import html_report  # noqa: PLC0415

            return html_report(findings, facts())


def _text(findings: Findings) -> str:
    counts = findings.problems
    found = f"{counted(counts.errors, 'error')}, {counted(counts.warnings, 'warning')}"
    lines = [f"infl-seg {findings.command}: {found}"]
    lines += [f"rows: {plan_text.rows_equation(findings.rows)}", *findings.notes]
    kept = counts.by_code()
    places = max(map(len, kept.values()), default=0)
    lines += [
        line
        for _, line in plan_text.problem_lines(
            kept, counts.counts, cell=findings.cell, rest=", not listed", most=places
        )
    ]
    if findings.error is not None:
        lines.append(f"error: {ended_by(findings.error)}")
    return "".join(f"{line}\n" for line in lines)


def _size(out: IO[str]) -> int:
    return os.fstat(out.fileno()).st_size


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(
        f"the report cannot be written to {escape(path)}: {error.strerror}",
        hint="choose a path in a folder that is there: --report FORMAT=PATH",
    )
