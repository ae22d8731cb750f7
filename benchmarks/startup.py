"""`infl-seg --help` beside a bare Typer app that says hello, in CPU, paired.

    python benchmarks/startup.py [ROUNDS]

Mark: at most 1.3 times.
"""

import sys

from measure import cost_of, ratios

_HELLO = """
import typer
app = typer.Typer()

@app.command()
def hello() -> None:
    print("hello")

app()
"""


def main(rounds: int = 15) -> None:
    """Measure, and print the ratio."""
    pairs = []
    for _ in range(rounds):
        hello = cost_of(["-c", _HELLO])
        ours = cost_of(["-m", "inflection_cli", "--help"])
        pairs.append((ours.cpu_s, hello.cpu_s))
    print(f"--help takes {ratios(pairs)} the CPU of a Typer app that says hello")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
