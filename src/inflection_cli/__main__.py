"""Entry point of `infl-seg` and of `python -m inflection_cli`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # see the package's own
if TYPE_CHECKING:
    from typing import NoReturn

# Nothing else is imported here: a Ctrl-C is heard from `main` on.
_EXIT_CODE = 130
_WORDS = "interrupted; nothing was begun"
_HINT = "run the same command again"


def main() -> None:
    """Run the command line and exit with its exit code."""
    try:
        code = _run()
    except KeyboardInterrupt:  # while Python imports, or a second one while the first is told
        _leave(0, None)
    sys.exit(code)


def _run() -> int:
    import gc  # noqa: PLC0415 - see above
    import signal  # noqa: PLC0415

    _fill_descriptors()
    # Until the command is imported there is nothing to settle, and an exception in the midst of an import may be
    # swallowed or spoil a module; a Ctrl-C that is ignored (nohup, a job in the background) stays ignored.
    early = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if early:
        signal.signal(signal.SIGINT, _leave)
    # Rows are freed with their last reference; looking for cycles among them every 700 objects takes a twentieth.
    gc.set_threshold(50_000)
    from inflection_cli.cli.app import run  # noqa: PLC0415

    gc.freeze()  # modules stay: to look for cycles among them takes as long as to import a tenth of them
    if early:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run(sys.argv[1:])
    gc.freeze()  # likewise when Python ends, which looks at every object that is left
    return code


def _fill_descriptors() -> None:
    """Open the null device on closed descriptors 0, 1 and 2."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken: this one. It is read and written by none but `/dev/stdout` and its like.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as the process


def _leave(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - a signal handler
    """Print the error, also as JSON for `--json`, and exit at once."""
    if "--json" in sys.argv:
        error = f'{{"code":"interrupted","message":"{_WORDS}","hint":"{_HINT}"}}'
        _put(1, f'{{"command":"{_command()}","complete":false,"error":{error},"exit_code":{_EXIT_CODE}}}\n')
    _put(2, f"error: {_WORDS}\n  -> {_HINT}\n")
    os._exit(_EXIT_CODE)


def _command() -> str:
    words = [word for word in sys.argv[1:] if word.isidentifier() or word == "send-test"]
    return words[0] if words and words[0].isascii() else ""


def _put(descriptor: int, text: str) -> None:
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return


if __name__ == "__main__":
    main()
