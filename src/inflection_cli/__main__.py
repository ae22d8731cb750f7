"""Entry point of `infl-seg` and of `python -m inflection_cli`."""

import gc
import sys

from inflection_cli.cli.app import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Rows are freed with their last reference; looking for cycles among them every 700 objects takes a twentieth.
    gc.set_threshold(50_000)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
