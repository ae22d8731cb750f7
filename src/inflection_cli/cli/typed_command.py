"""The typed command, for a shell or for the ledger."""

import shlex

from inflection_cli.settings.option_names import file_word
from inflection_cli.settings.redaction import PERSONAL


def kept_command(argv: list[str]) -> str:
    """Return the typed command for the ledger, without key and personal data."""
    words = argv[:1]
    for word in argv[1:]:
        if words[-1] == "--group-user" or word.startswith("--group-user="):
            words.append("--group-user=…" if "=" in word and word.startswith("--") else "…")
            continue
        joined = word.startswith("--set=")
        name, equals, _ = word.removeprefix("--set=").partition("=")
        personal = equals and name.strip() in PERSONAL and (joined or words[-1] == "--set")
        words.append(f"{'--set=' if joined else ''}{name}=…" if personal else word)
    return shown_command(words)


def backfill_after(argv: list[str]) -> str:
    """Return a backfill's dry run with the arguments of a typed `validate`."""
    typed = shown_command(argv).removeprefix("infl-seg validate")
    if "--" in argv:
        return f"infl-seg backfill --dry-run{typed}"
    return f"infl-seg backfill{typed} --dry-run"


def shown_command(argv: list[str], *, yes: bool = False, max_errors: int | None = None) -> str:
    """Return the typed command for a shell, without key, with added options."""
    words = ["infl-seg"]
    given = iter(argv[1:])
    for word in given:
        if word == "--":
            # An option may be added behind the files, where it would be taken for one more.
            words += map(file_word, given)
        elif word == "--write-key":
            next(given, None)
            words += ["--write-key", "…"]
        elif word.startswith("--write-key="):
            words.append("--write-key=…")
        elif max_errors is not None and word == "--max-errors":
            next(given, None)
        elif not (max_errors is not None and word.startswith("--max-errors=")):
            words.append(shlex.quote(word))
    if yes:
        words.append("--yes")
    if max_errors is not None:
        words += ["--max-errors", str(max_errors)]
    return " ".join(words)
