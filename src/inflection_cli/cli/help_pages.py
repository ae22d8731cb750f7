"""Build the help of each command from its options and examples."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.cli.options import long_name
from inflection_cli.settings.declarations import ALL_OPTIONS, SAFETY

if TYPE_CHECKING:
    from inflection_cli.reporting.help_text import HelpPage, HelpSection


FIRST_STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "infl-seg inspect": "Show what a file holds.",
        "infl-seg validate": "Check files, and send nothing.",
        "infl-seg backfill": "Send files to Segment.",
        "infl-seg runs list": "List all runs.",
        "infl-seg runs show": "Show what a run sent.",
        "infl-seg runs verify": "Check that a file was sent.",
        "infl-seg presets list": "List all presets.",
        "infl-seg presets show": "Show a preset.",
        "infl-seg presets save": "Write a copy to edit.",
    }
)
"""The commands that are named where no command was typed, with what each does in few words."""

Examples = tuple[tuple[str, str], ...]
"""Each a command line and what it does."""

EXAMPLES: Final[Mapping[str, Examples]] = MappingProxyType(
    {
        "infl-seg": (
            ("infl-seg validate export.csv", "Check a file, and send nothing"),
            ("infl-seg backfill export.csv --dry-run", "Show the plan of a run, and send nothing"),
            ("infl-seg backfill export.csv --rehearse", "Deliver to a local stand-in for Segment"),
            ("infl-seg backfill export.csv", "Show the plan, ask, and send"),
        ),
        "infl-seg init": (
            ("infl-seg init export.csv", "Ask what is missing, write a profile, offer a rehearsal"),
            ("infl-seg init export.csv --save crm.profile.toml", "Write the profile to this file"),
            ("infl-seg init export.csv --no-input", "Ask nothing: draft it as inspect --save does"),
        ),
        "infl-seg inspect": (
            ("infl-seg inspect export.csv", "Show format, columns, and what is missing"),
            ("infl-seg inspect export.csv --save profile.toml", "Write a profile to edit"),
            ("infl-seg inspect export.csv --profile profile.toml", "Show what a profile makes of the file"),
            ("infl-seg inspect exports/ --all", "Read all rows of all files, not the first 200,000 of each"),
        ),
        "infl-seg validate": (
            ("infl-seg validate export.csv", "Check a file, and send nothing"),
            ("infl-seg validate exports/ --profile profile.toml", "Check a folder of files by a profile"),
            (
                "infl-seg validate export.csv --map userId='Customer ID' --timezone UTC",
                "Name a column, and the zone of the times",
            ),
            ("infl-seg validate export.csv --report junit=report.xml", "Write a report for CI"),
        ),
        "infl-seg backfill": (
            ("infl-seg backfill export.csv --dry-run", "Show the plan, and send nothing"),
            ("infl-seg backfill export.csv --rehearse", "Deliver to a local stand-in; no key is needed"),
            ("infl-seg backfill export.csv --write-key-file key.txt", "Show the plan, ask, and send"),
            (
                "infl-seg backfill export.csv --until 2024-04-01 --write-key-file key.txt",
                "Leave out what the live source has sent",
            ),
            (
                "infl-seg backfill export.csv --max-errors 1% --dry-run",
                "Accept that up to 1 % of the rows are rejected",
            ),
        ),
        "infl-seg send-test": (
            ("infl-seg send-test --rehearse", "Try the command without a key"),
            ("infl-seg send-test --write-key-file key.txt", "Send one test message of each event"),
            ("infl-seg send-test --write-key-file key.txt --region eu", "Send them to a workspace in the EU"),
        ),
        "infl-seg replay": (
            ("infl-seg replay messages.ndjson --dry-run", "Show the plan, and send nothing"),
            ("infl-seg replay messages.ndjson --rehearse", "Deliver to a local stand-in; no key is needed"),
            ("infl-seg replay messages.ndjson --write-key-file key.txt", "Show the plan, ask, and send"),
            (
                "infl-seg replay messages.ndjson --event 'Email Opened' --dry-run",
                "Take the messages of one event",
            ),
        ),
        "infl-seg diff": (
            (
                "infl-seg diff old.csv new.csv --key id --segment 'Trial users' --dry-run",
                "Show what changed, and send nothing",
            ),
            (
                "infl-seg diff old.csv new.csv --key id --added Joined --removed Left --dry-run --out changes.ndjson",
                "Write the events to a file",
            ),
            (
                "infl-seg diff old.csv new.csv --key id --as identify --all-traits --rehearse",
                "Deliver what is new or changed to a local stand-in",
            ),
        ),
        "infl-seg sync": (
            (
                "infl-seg sync audience.csv --key 'Contact ID' --segment 'Trial users' --dry-run",
                "Show what changed since the last time, and send nothing",
            ),
            (
                "infl-seg sync audience.csv --key 'Contact ID' --segment 'Trial users' --write-key-file key.txt",
                "Send who came and who left, and remember the list",
            ),
            ("infl-seg sync list", "Show which lists are remembered"),
            ("infl-seg sync forget 'audience.csv by Contact ID'", "Forget a list"),
        ),
        "infl-seg runs": (
            ("infl-seg runs list", "List all runs"),
            ("infl-seg runs show last", "Show the receipt of the latest run"),
            ("infl-seg runs verify export.csv", "Check that every event of a file was accepted"),
        ),
        "infl-seg runs list": (
            ("infl-seg runs list", "List all runs of all destinations"),
            ("infl-seg runs list --namespace crm-eu", "List the runs of one destination"),
            ("infl-seg runs list --json", "Print the list for a script"),
        ),
        "infl-seg runs show": (
            ("infl-seg runs show last", "Show the latest run"),
            ("infl-seg runs show 2024", "Show the run whose id begins so"),
            ("infl-seg runs show last --json", "Print the receipt for a script"),
        ),
        "infl-seg runs verify": (
            ("infl-seg runs verify export.csv", "Compare with the latest run that read the file"),
            ("infl-seg runs verify export.csv --run last", "Compare with the latest run"),
            ("infl-seg runs verify export.csv --json", "Print the result for a script"),
        ),
        "infl-seg runs export": (
            ("infl-seg runs export last", "Print the message ids of the latest run"),
            ("infl-seg runs export last --format ndjson", "Print an object for each message"),
            (
                "infl-seg runs export last --format sql --table prod.email_opened",
                "Print SQL that deletes the messages from a table",
            ),
        ),
        "infl-seg runs settle": (
            ("infl-seg runs show last", "See first which events are unconfirmed"),
            (
                "infl-seg runs settle last --accepted",
                "The events are in the warehouse: never send them again",
            ),
            ("infl-seg runs settle last --pending", "The events are not there: send them again"),
        ),
        "infl-seg runs clean": (
            ("infl-seg runs clean", "Ask, then delete the rejects folders of tries that sent nothing"),
            ("infl-seg runs clean exports", "Ask, then delete those in another folder"),
            ("infl-seg runs clean exports --yes", "Delete those in another folder, without a question"),
        ),
        "infl-seg runs forget": (
            ("infl-seg runs list", "See first which runs there are"),
            ("infl-seg runs forget last", "Ask, then delete the latest run"),
            ("infl-seg runs forget --all", "Ask, then delete all runs"),
        ),
        "infl-seg sandbox": (
            ("infl-seg sandbox", "Start a local stand-in for Segment"),
            ("infl-seg sandbox --port 0 --fault 429=0.05", "Take a free port; answer 5 % with status 429"),
            ("infl-seg sandbox --keep received.ndjson", "Write what was accepted to a file"),
        ),
        "infl-seg doctor": (
            ("infl-seg doctor", "Check folders, disk, key and settings"),
            ("infl-seg doctor --region eu", "Ask a region for its time too, without a key"),
            ("infl-seg doctor --profile profile.toml --json", "List what a profile sets, for a script"),
        ),
        "infl-seg check-profile": (
            ("infl-seg check-profile profiles/crm.toml", "Check a profile without an export"),
            ("infl-seg check-profile profiles/crm.toml profiles/shop.toml", "Check several profiles"),
            ("infl-seg check-profile profiles/crm.toml --json", "Print the faults for a script"),
        ),
        "infl-seg presets": (
            ("infl-seg presets list", "List the vendors' exports that have a preset"),
            ("infl-seg presets show sendgrid-events", "Show a preset"),
            ("infl-seg presets save sendgrid-events", "Write a copy to edit"),
        ),
        "infl-seg presets list": (
            ("infl-seg presets list", "List all presets"),
            ("infl-seg presets list --json", "Print the list for a script"),
            ("infl-seg presets list --no-color", "Print it without colour"),
        ),
        "infl-seg presets show": (
            ("infl-seg presets show sendgrid-events", "Show a preset and the page that it follows"),
            ("infl-seg presets show sendgrid-events --json", "Print it for a script"),
            ("infl-seg presets show sendgrid-events --no-color", "Print it without colour"),
        ),
        "infl-seg presets save": (
            ("infl-seg presets save sendgrid-events", "Write sendgrid-events.profile.toml"),
            ("infl-seg presets save sendgrid-events mine.toml", "Write it to this file"),
            ("infl-seg presets save sendgrid-events mine.toml --force", "Replace the file"),
        ),
        "infl-seg explain": (
            ("infl-seg explain", "List all codes"),
            ("infl-seg explain ragged-row", "Explain one code"),
            ("infl-seg explain ragged-row --json", "Print it for a script"),
        ),
        "infl-seg schema": (
            ("infl-seg schema", "Print the schema of a profile"),
            ("infl-seg schema project", "Print the schema of infl-seg.toml"),
            ("infl-seg schema profile > profile.schema.json", "Write it to a file, for an editor"),
        ),
    }
)
"""By the words of the command."""


PAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("init", "check-profile", "schema"), "profiles"),
        **dict.fromkeys(("diff", "sync"), "lists"),
        **dict.fromkeys(("send-test", "doctor"), "get-the-export"),
        **dict.fromkeys(("runs", "replay"), "proof"),
        "inspect": "formats",
        "presets": "presets.md",
        "explain": "problems",
    }
)
"""By the first word of a command, the page of the documentation that says most of it; else it is the guide.

A page that has a command's name is written with its ending: `help presets` is the help of the command.
"""

SHORT: Final = 16
"""A command with more options than this shows the common ones only."""

_HELP_OF_HELP: Final = (
    "Show the help of a command, or a page of the documentation.",
    "infl-seg help [COMMAND|PAGE]",
    (),
    (
        ("infl-seg help", "List the commands"),
        ("infl-seg help runs verify", "Explain one command"),
        ("infl-seg help guide", "Show a page"),
    ),
)
"""What the page of `infl-seg help help` says and how `help` is typed, with examples."""

HELP: Final = frozenset({"--help", "--help-all"})
_EXIT_CODE: Final = re.compile(r"(\d+(?:, \d+)*) (.+)")


def show_help(context: Any, *, every: bool) -> None:
    """Print the help of a command on stdout.

    Args:
        context: The command's context, as Typer has it.
        every: Whether to show every option, not only the common ones.
    """
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.help_text import print_help

    print_help(_page(context, every=every), Speaker())


def show_brief_help(context: Any) -> None:
    """Print on stderr what to type, for a command without arguments."""
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.help_text import HelpPage, print_brief

    path = context.command_path
    commands = _commands(context.command)
    own = {name.removeprefix(f"{path} "): about for name, about in FIRST_STEPS.items()}
    first = [(name, about) for name, about in own.items() if name in commands]
    page = HelpPage(
        about=_one_line(context.command.help),
        usage=_usage(context),
        sections=_section("Commands", first),
        examples=EXAMPLES[path][:1],
        more=[f"{path} --help shows all commands."] if commands else [],
    )
    print_brief(page, Speaker())


def help_options(own: Any) -> list[Any]:
    """Return `--help` and `--help-all`, made of the parser's own help option.

    Args:
        own: The parser's option, whose callback this replaces.
    """
    every = copy.copy(own)
    own.callback = _on_help(every=False)
    own.help = "Show this help."
    every.name, every.opts, every.callback = "help_all", ["--help-all"], _on_help(every=True)
    every.help = "Show every option."
    return [own, every]


def _on_help(*, every: bool) -> Any:
    def show(context: Any, _option: Any, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            show_help(context, every=every)
            context.exit()

    return show


def _page(context: Any, *, every: bool) -> "HelpPage":
    from inflection_cli.reporting.help_text import HelpPage

    command, path = context.command, context.command_path
    options = [each for each in command.get_params(context) if each.param_type_name == "option"]
    shown = [each for each in options if every or len(options) <= SHORT or _is_common(each)]
    commands = _commands(command)
    more = ["infl-seg help COMMAND explains one command."] if commands else []
    if len(shown) < len(options):
        more = [f"{len(shown)} of {len(options)} options are shown here; {path} --help-all shows every one."]
    more += _pages(path)
    return HelpPage(
        about=_one_line(command.help),
        usage=_usage(context),
        sections=[
            *_section("Commands", [*commands.items()]),
            *_section("Arguments", [*_arguments(command)]),
            *_panels(shown),
            *_exit_codes(command.epilog or ""),
        ],
        examples=EXAMPLES.get(path, ()),
        more=more,
    )


def show_page(name: str) -> bool:
    """Print a page of the documentation; return whether there is one.

    `help` is no page and no command: `help help` shows how both are asked for.
    """
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.help_text import HelpPage, print_help, print_page

    if name == "help":
        print_help(HelpPage(*_HELP_OF_HELP, more=_pages("infl-seg")), Speaker())
        return True
    path = pages().get(name.removesuffix(".md"))
    if path is not None:
        print_page(path.read_text(encoding="utf-8"), Speaker())
    return path is not None


def pages() -> dict[str, Path]:
    """Return the pages of the documentation by name."""
    package = Path(__file__).parents[1]
    folder = next(
        (each for each in (package / "docs", package.parents[1] / "docs") if each.is_dir()), package
    )
    return {path.stem: path for path in sorted(folder.glob("*.md"))}


def _pages(path: str) -> list[str]:
    """Return the sentence that names a command's page, or all pages."""
    known, words = pages(), path.split()[1:]
    if not known:
        return []
    if words:
        return [f"infl-seg help {PAGES.get(words[0], 'guide')} shows the page on it."]
    return [f"infl-seg help PAGE shows a page of the documentation: {', '.join(known)}."]


def _usage(context: Any) -> str:
    words = [context.command_path]
    if _commands(context.command):
        return " ".join([*words, "COMMAND", "[OPTIONS]", "[FILE...]"])
    words.append("[OPTIONS]")
    return " ".join([*words, *(name for name, _ in _arguments(context.command))])


def _commands(command: Any) -> dict[str, str]:
    """Return the commands of a group, each with what it does."""
    inner = getattr(command, "commands", {})
    return {name: _one_line(below.help) for name, below in inner.items() if not below.hidden}


def _arguments(command: Any) -> Iterator[tuple[str, str]]:
    for each in command.params:
        if each.param_type_name == "argument":
            name = each.metavar or each.name.upper()
            yield (name if each.required else f"[{name}]"), _one_line(each.help)


def _section(title: str, rows: Sequence[tuple[str, str]]) -> "list[HelpSection]":
    from inflection_cli.reporting.help_text import HelpSection

    return [HelpSection(title, rows)] if rows else []


def _panels(options: Sequence[Any]) -> "Iterator[HelpSection]":
    """Yield the options by panel: those of safety first, help last."""
    named = [getattr(each, "rich_help_panel", None) or "Options" for each in options]
    for panel in sorted(dict.fromkeys(named), key=lambda each: (each != SAFETY, each == "Options")):
        rows = [_row(option) for option, at in zip(options, named, strict=True) if at == panel]
        yield from _section(panel, rows)


def _row(option: Any) -> tuple[str, str]:
    """Return an option's names, and its description with the default."""
    names = ", ".join(sorted(option.opts, key=len))
    declared = ALL_OPTIONS.get(long_name(option))
    if declared is None or declared.value_type is bool:
        return names, _one_line(option.help)
    words = "|".join(declared.enum) if declared.enum else ""
    default = declared.option.shown_default or option.default
    known = f" [default:\xa0{default}]" if default not in (None, []) else ""
    return f"{names} {option.metavar or words or declared.field.upper()}", f"{_one_line(option.help)}{known}"


def _is_common(option: Any) -> bool:
    declared = ALL_OPTIONS.get(long_name(option))
    return declared is None or declared.option.common


def _exit_codes(epilog: str) -> "list[HelpSection]":
    title, _, entries = _one_line(epilog).partition(": ")
    found = [_EXIT_CODE.fullmatch(entry) for entry in entries.rstrip(".").split("; ")]
    return _section(title, [(match[1], match[2]) for match in found if match])


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
