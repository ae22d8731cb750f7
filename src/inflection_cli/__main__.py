"""Entry point of `infl-seg` and of `python -m inflection_cli`."""

import sys

from inflection_cli.cli.app import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
