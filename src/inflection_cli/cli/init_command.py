"""The command `infl-seg init`: ask, write a profile, check, rehearse."""

import dataclasses
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from inflection_cli.cli.options import Files, with_groups
from inflection_cli.errors import ConfirmationMissing, UsageError
from inflection_cli.settings.declarations import (
    DraftOptions,
    InputOptions,
    OutputOptions,
    PictureOptions,
    ProjectOptions,
)

if TYPE_CHECKING:
    from inflection_cli.inspecting.setup_questions import Answers, Question
    from inflection_cli.reading import FoundFile
    from inflection_cli.reporting.console import Speaker

_Taken = TypeVar("_Taken")

_ENDING: Final = ".profile.toml"
_FAST: Final = ("--events-per-second", "0", "--requests-per-second", "0")
"""A rehearsal has no live traffic beside it."""


@with_groups
def init(
    ctx: typer.Context,
    files: Files,
    drafting: DraftOptions,
    project: ProjectOptions,
    output: OutputOptions,
) -> int:
    """Ask what an export leaves open, write its profile, check and rehearse."""
    from inflection_cli.cli.inspect_command import inspect, require_one_file
    from inflection_cli.cli.session import interruptible

    drafting = dataclasses.replace(drafting, save=drafting.save or _profile_for(files[0]))
    if output.json or "-" in files or not _can_ask(output):
        picture = PictureOptions(**dataclasses.asdict(output))
        return inspect(
            files=files, drafting=drafting, reading=InputOptions(), project=project, output=picture
        )
    from inflection_cli.atomic_file import refuse_to_replace, require_writable
    from inflection_cli.reading import find

    with interruptible():
        found = find(files)
        require_one_file(len(found))
        assert drafting.save is not None
        refuse_to_replace(drafting.save, [found[0].location], force=drafting.force)
        require_writable(drafting.save)  # before the questions, or the answers would be lost
        setup = _Setup(ctx, found[0], drafting, project, output)
        left_open = setup.write_profile()
        return 0 if left_open else setup.try_it()


def _profile_for(file: str) -> str:
    """Return the name of the profile that is written for a file."""
    name = Path(file).name.partition(".")[0] or "export"
    return ("export" if file == "-" else name) + _ENDING


def _can_ask(output: OutputOptions) -> bool:
    people = sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
    return people and not output.no_input


class _Setup:
    """One conversation: questions, profile, check, rehearsal, next commands."""

    def __init__(
        self,
        context: typer.Context,
        found: "FoundFile",
        drafting: DraftOptions,
        project: ProjectOptions,
        output: OutputOptions,
    ) -> None:
        from inflection_cli.reporting.console import Speaker

        self._context = context
        self._found = found
        self._drafting = drafting
        self._project = project
        self._output = output
        self._speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
        self._voice = _Voice(self._speaker)

    @property
    def _profile(self) -> str:
        assert self._drafting.save is not None
        return self._drafting.save

    def write_profile(self) -> list[str]:
        """Ask until nothing is open, and write the profile.

        Returns:
            Lines of the profile that no question could fill in.
        """
        from inflection_cli.cli.inspect_command import look
        from inflection_cli.inspecting.profile_writer import ProfileWriter, extension_of
        from inflection_cli.inspecting.setup_questions import Answers, next_question
        from inflection_cli.reporting.inspection_text import file_lines, verdict

        answers, seen = Answers(), None
        inspection, settings = look(
            self._found, answers.options, self._project, self._drafting, self._speaker
        )
        self._voice.lines(file_lines(inspection))
        while answers.options != seen:
            if seen is not None:
                inspection, settings = look(
                    self._found, answers.options, self._project, self._drafting, self._speaker
                )
            seen = answers.options
            while question := next_question(inspection, answers):
                answers = self._voice.ask(question, answers)
        if answers.preset and inspection.preset:
            self._save(extension_of(inspection.preset, inspection.source.path))
            return []
        draft = ProfileWriter(inspection, settings, show_values=self._output.show_values, answers=answers)
        self._save(draft.text())
        if draft.to_fill_in:
            self._speaker.result(verdict([inspection], self._profile, draft.to_fill_in))
        return draft.to_fill_in

    def _save(self, text: str) -> None:
        from inflection_cli.atomic_file import save_text

        save_text(self._profile, text, force=self._drafting.force)
        self._voice.say(f"Wrote {self._profile}.", "green")

    def try_it(self) -> int:
        """Check the file, offer a rehearsal, and print the next commands.

        Returns:
            The exit code of the last command that ran.
        """
        import json
        import shlex
        import tempfile

        from inflection_cli.reporting.plan_text import stops_any_delivery

        words = [self._found.path, "--profile", self._profile]
        with tempfile.TemporaryDirectory(prefix="infl-seg-init-") as folder:
            report = Path(folder) / "report.json"
            code = self._run(["validate", *words], f"--report=json={report}")
            found = json.loads(report.read_bytes())
        rows = found["rows"]
        if code and (not rows["mapped"] or stops_any_delivery(rows["rejected"], found["problem_counts"])):
            self._speaker.result("Fix the errors above first. Then:")
            self._speaker.result(f"  infl-seg validate {shlex.join(words)}")
            return code
        key = self._ask_for_key()
        if rows["mapped"] and self._agrees(rows):
            budget = ["--max-errors", str(rows["rejected"])] if rows["rejected"] else []
            code = self._run(["backfill", *words, "--rehearse", *budget, *_FAST])
        self._say_next(words, key)
        return code

    def _agrees(self, rows: dict[str, int]) -> bool:
        from inflection_cli.inspecting.setup_questions import yes_or_no

        text = "Rehearse the delivery now? It goes to a stand-in for Segment on this machine, and nothing leaves it."
        rejected = (
            f"{rows['rejected']:,} of {rows['read']:,} rows are rejected, and are left out"
            if rows["rejected"]
            else ""
        )
        return self._voice.until(text, "y", yes_or_no, [rejected] if rejected else [])

    def _ask_for_key(self) -> str:
        """Return the option that names the key's file; keep no key."""
        from inflection_cli.cli.target import find_key, key_in
        from inflection_cli.settings.declarations import DestinationOptions
        from inflection_cli.settings.layering import with_value

        if find_key(DestinationOptions(), os.environ) is not None:
            self._voice.say("The write key comes from the environment.")
            return ""

        def read(path: str) -> str:
            if not path:
                return ""
            key_in(path, "the file")
            return f" {with_value('--write-key-file', path)}"

        text = "In which file is the write key of the Segment source? Enter leaves it for later."
        return self._voice.until(text, "", read, ["Never type the key itself here."])

    def _run(self, words: Sequence[str], *unseen: str) -> int:
        """Print a command of this program, and run it as typed."""
        import shlex

        project = ["--no-project"] if self._project.no_project else []
        options = [
            name
            for name, on in (
                ("--show-values", self._output.show_values),
                ("--no-color", self._output.no_color),
            )
            if on
        ]
        words = [*words, *project, *options]
        self._voice.say("")
        self._speaker.talk(f"$ {shlex.join(['infl-seg', *words])}", "cyan")
        with _typed(["infl-seg", *words]):
            root: Any = self._context.find_root().command
            code = root.main(args=[*words, *unseen], prog_name="infl-seg", standalone_mode=False)
        return code if isinstance(code, int) else 0

    def _say_next(self, words: Sequence[str], key: str) -> None:
        import shlex

        self._speaker.result("Next:")
        self._speaker.result(f"  infl-seg send-test{key}")
        self._speaker.result(f"  infl-seg backfill {shlex.join(words)}{key}")


class _Voice:
    """Questions on the terminal, wrapped to its width."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker = speaker

    def say(self, text: str, style: str = "", indent: str = "") -> None:
        """Print a sentence."""
        width = max(40, min(self._speaker.err.width, 100)) - 1
        for line in text.split("\n"):
            wrapped = textwrap.wrap(
                line, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
            )
            for each in wrapped or [""]:
                self._speaker.talk(each, style)

    def lines(self, lines: Iterator[tuple[str, str]]) -> None:
        """Print labelled lines."""
        for label, text in lines:
            self.say(f"{label:<6}{text}")

    def ask(self, question: "Question", answers: "Answers") -> "Answers":
        """Ask until an answer is one, and return all answers."""
        listed = [f"{number}  {text}" for number, text in enumerate(question.choices, 1)]
        return self.until(
            question.text,
            question.default,
            lambda word: question.answered(answers, word),
            [*question.evidence, *listed],
        )

    def _typed(self) -> str | None:
        """Return one typed line; None at the end of the input."""
        line = None
        try:
            line = sys.stdin.readline() or None
        except UnicodeDecodeError:
            line = ""
        finally:
            if line is None:
                # Ctrl-C and Ctrl-D leave the cursor behind the prompt.
                self._speaker.err.print()
        return line

    def until(
        self, text: str, default: str | None, take: Callable[[str], _Taken], evidence: Sequence[str] = ()
    ) -> _Taken:
        """Ask until what is typed is taken.

        Raises:
            ConfirmationMissing: Nothing can be typed any more.
        """
        from inflection_cli.sanitize import escape

        self.say("")
        for line in evidence:
            self.say(escape(line), indent="  ")
        self.say(text, "bold")
        while True:
            shown = f"[{default}] > " if default else "> "
            self._speaker.err.print(shown, end="", markup=False, highlight=False, soft_wrap=True)
            typed = self._typed()
            if typed is None:
                raise ConfirmationMissing(
                    "the questions have no answer", hint="infl-seg inspect FILE --save PROFILE.toml asks none"
                )
            try:
                return take(typed.strip() or default or "")
            except UsageError as error:
                self.say(f"{error.message} → {error.hint}" if error.hint else error.message, "yellow", "  ")


@contextmanager
def _typed(words: list[str]) -> Iterator[None]:
    """Replace the typed command, which errors and the ledger name."""
    before = sys.argv
    sys.argv = words
    try:
        yield
    finally:
        sys.argv = before
