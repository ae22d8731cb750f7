"""Work shared with a Dask cluster: a real scheduler and two workers on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_support import Desk, opened

from inflection_cli.converting.chunk_task import sealed

SALT = "salt-of-nobody-else"
CLUSTER = """
import sys
{first}
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes={processes}, dashboard_address=None, protocol="tcp"
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@contextmanager
def cluster(folder: Path, first: str = "", *, processes: bool = True) -> Iterator[str]:
    """Start a scheduler and two workers; yield the address. Their log goes to a file."""
    script = folder / "cluster.py"
    script.write_text(CLUSTER.format(first=first, processes=processes), encoding="utf-8")
    (folder / "elsewhere").mkdir()
    with (folder / "cluster.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder / "elsewhere",
        )
        with running:
            assert running.stdout is not None
            yield running.stdout.readline().decode().strip()
            running.communicate(b"")


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "tcp://scheduler.example:8786", "tcp://127.0.0.1.example:8786"]
)
def test_rows_go_nowhere_unencrypted(desk: Desk, address: str) -> None:
    done = desk.run("validate", desk.file("a.csv", opened("u1")), "--cluster", address)
    assert done.code == 2
    assert "unencrypted" in done.err
    assert "--cluster-insecure" in done.err


@pytest.mark.parametrize("address", ["scheduler", "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://[::1", ""])
def test_what_is_no_address_is_told(desk: Desk, address: str) -> None:
    done = desk.run("validate", desk.file("a.csv", opened("u1")), "--cluster", address)
    assert done.code == 2
    assert "tls://scheduler.example:8786" in done.err


def test_a_cluster_is_asked_for_alone(desk: Desk) -> None:
    name = desk.file("a.csv", opened("u1"))
    both = desk.run("validate", name, "--cluster", "tls://a.example:1", "--jobs", "2")
    assert (both.code, "--jobs and --cluster" in both.err) == (2, True)
    few = desk.run("validate", name, "--cluster", "tls://a.example:1", "--limit", "1")
    assert (few.code, "--limit" in few.err) == (2, True)


def test_without_dask_the_command_says_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = desk.run("validate", desk.file("a.csv", opened("u1")), "--cluster", "tcp://127.0.0.1:8786")
    assert (done.code, "pip install 'infl-seg[cluster]'" in done.err) == (2, True)


def test_what_travels_is_not_shown() -> None:
    task = sealed({"salt": SALT})
    assert SALT.encode() in bytes(task)
    assert SALT not in f"{task} {task!r} {(task,)}"


@pytest.mark.slow
def test_a_cluster_makes_of_files_what_one_process_makes(desk: Desk) -> None:
    late = '{"event": "Email Opened", "userId": "u%d", "timestamp": "2024-03-01T09:30:00Z", "k%d": 1}\n'
    names = [
        desk.file(f"{n}.csv", *(opened(f"u{n}-{i}", i) for i in range(300)), "too,few") for n in range(6)
    ]
    (desk.folder / "late.ndjson").write_text(
        "".join(late % (n, n // 90) for n in range(200)), encoding="utf-8"
    )
    names.insert(3, "late.ndjson")
    made = []
    with cluster(desk.folder) as address:
        for who in ((), ("--cluster", address)):
            words = (
                "--dry-run",
                "--out",
                "m.ndjson",
                "--rejects",
                "rejects",
                "--max-errors",
                "10%",
                "--json",
            )
            done = desk.spawn("backfill", *names, *words, *who)
            kept = {path.name: path.read_bytes() for path in (desk.folder / "rejects").iterdir()}
            made.append((done.code, done.json, (desk.folder / "m.ndjson").read_bytes(), kept))
            for path in (desk.folder / "rejects").iterdir():
                path.unlink()
        assert made[0] == made[1]
        assert made[0][0] == 1
        assert made[0][1]["rows"]["read"] == 6 * 301 + 200
        # One file is cut to pieces, which need no path; both passes of a rehearsal use the workers.
        fast = ("--rehearse", "--json", "--events-per-second", "0", "--requests-per-second", "0")
        sent = desk.spawn("backfill", names[0], *fast, "--max-errors", "1", "--cluster", address)
        assert (sent.code, sent.json["events"]["accepted"]) == (1, 300)


@pytest.mark.slow
def test_a_worker_that_does_not_see_a_file_is_named(desk: Desk) -> None:
    hide = "import pathlib; pathlib.Path.stat = lambda self, **_: (_ for _ in ()).throw(FileNotFoundError(str(self)))"
    names = [desk.file(f"{n}.csv", opened(f"u{n}")) for n in range(2)]
    preload = "import dask; dask.config.set({'distributed.worker.preload': ['%s']})" % (
        desk.folder / "hide.py"
    )
    (desk.folder / "hide.py").write_text(f"def dask_setup(worker):\n    {hide}\n", encoding="utf-8")
    with cluster(desk.folder, preload) as address:
        done = desk.spawn("validate", *names, "--json", "--cluster", address)
    assert done.code == 4
    assert done.json["error"]["code"] == "cluster"
    assert "0.csv: the worker on" in done.json["error"]["message"]
    assert "does not see it" in done.json["error"]["message"]
    assert "same paths" in done.json["error"]["hint"]


@pytest.mark.slow
def test_a_worker_of_another_version_gets_no_rows(desk: Desk) -> None:
    other = "import inflection_cli.version as found; found.__version__ = '0.0.9'"
    with cluster(desk.folder, other, processes=False) as address:
        done = desk.spawn("validate", desk.file("a.csv", opened("u1")), "--json", "--cluster", address)
    assert (done.code, done.json["error"]["code"]) == (4, "cluster")
    assert "infl-seg 0.0.9" in done.json["error"]["message"]
    assert "install the same version there: infl-seg" in done.json["error"]["hint"]


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_told(desk: Desk) -> None:
    done = desk.spawn(
        "validate", desk.file("a.csv", opened("u1")), "--json", "--cluster", "tcp://127.0.0.1:1"
    )
    assert (done.code, done.json["error"]["code"]) == (4, "cluster")
    assert "no scheduler answers at tcp://127.0.0.1:1" in done.json["error"]["message"]
