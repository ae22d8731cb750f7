"""A PostgreSQL server of the test's own, on a socket in a folder of its own; it listens on no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
    Path(found).parent for found in [shutil.which("initdb")] if found
]
_USER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server: what `psql` needs to reach it."""

    folder: Path

    def sql(self, text: str) -> str:
        """Run SQL as `psql` does; give what it prints."""
        words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", _USER]
        done = subprocess.run(
            [*words, "-d", _USER, "-f", "-"], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def why_not() -> str:
    """Why no server can be started here; empty where one can."""
    if not FOLDERS or shutil.which("psql") is None:
        return "no PostgreSQL here: apt-get install postgresql"
    if os.getuid() == 0 and _USER not in {each.pw_name for each in pwd.getpwall()}:
        return "PostgreSQL refuses to run as root, and there is no user postgres"
    return ""


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server; stop it and remove its files at the end."""
    folder = Path(tempfile.mkdtemp(prefix="infl-seg-pg-"))
    before: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, _USER)
        before = ["runuser", "-u", _USER, "--"]
    tools, data = FOLDERS[-1], folder / "data"

    def tool(name: str, *words: str) -> None:
        command = [*before, str(tools / name), "-D", str(data), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)

    try:
        tool("initdb", "-U", _USER, "-A", "trust", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        tool("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield Postgres(folder)
        finally:
            tool("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
