"""Workers of a Dask cluster (`--cluster`). The only importer of distributed."""

from concurrent.futures import CancelledError, Executor
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from inflection_cli.converting.in_order import Workers
from inflection_cli.errors import ClusterError, UsageError
from inflection_cli.version import __version__

_ANSWER_S: Final = 10
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGE: Final = "docs/cluster.md says what workers need"


def require_safe(address: str, *, insecure: bool) -> None:
    """Check that rows do not cross a network unencrypted.

    Raises:
        UsageError: They would, or the address is none.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None or parts.scheme not in {"tcp", "tls"}:
        raise UsageError(
            f"--cluster takes the address of a scheduler, not {address}",
            hint="for example --cluster tls://scheduler.example:8786",
        )
    if parts.scheme != "tls" and host not in _LOOPBACK and not insecure:
        raise UsageError(
            f"rows would go to {address} unencrypted, and whoever reaches the port may run code there",
            hint=f"--cluster tls://{host}:{port}; in a network of your own: --cluster-insecure",
        )


class DaskCluster:
    """Workers of a cluster, whose versions are checked first.

    Args:
        address: Of the scheduler.
        insecure: Whether an unencrypted connection may leave this machine.

    Raises:
        UsageError: The address cannot be used, or Dask is not installed.
        ClusterError: No scheduler answers, it has no workers, or they would convert otherwise.
    """

    def __init__(self, address: str, *, insecure: bool) -> None:
        require_safe(address, insecure=insecure)
        try:
            import distributed  # noqa: PLC0415 - an extra, and slow to import
        except ImportError as error:
            raise UsageError(
                "--cluster needs Dask, which is not installed", hint="pip install 'infl-seg[cluster]'"
            ) from error
        self._client = _connected(distributed.Client, address)
        self._executor: Executor | None = None
        self._lost = distributed.scheduler.KilledWorker, distributed.comm.CommClosedError, CancelledError
        try:
            self._threads = self._require_same()
        except BaseException:
            self.close()
            raise

    def _require_same(self) -> int:
        """Check the workers' versions; return their number of threads."""
        try:
            theirs = self._client.run(what_runs)
        except Exception as error:
            raise ClusterError(
                f"a worker of the cluster cannot run infl-seg: {type(error).__name__}",
                hint=f"install infl-seg {__version__} there, from the same source; {_PAGE}",
            ) from error
        if not theirs:
            raise ClusterError("the cluster has no workers", hint=f"start some: dask worker ADDRESS; {_PAGE}")
        ours = what_runs()
        for worker, found in sorted(theirs.items()):
            for (name, value), other in zip(ours, (each for _, each in found), strict=True):
                if value != other:
                    raise ClusterError(
                        f"the worker {worker} has {name} {other}, and this process has {value}",
                        hint=f"install the same version there: {name} {value}",
                    )
        return sum(self._client.nthreads().values())

    @property
    def workers(self) -> Workers:
        """The cluster for `convertible_chunks`."""
        return Workers(
            self._started,
            self._threads,
            lambda error: isinstance(error, self._lost),
            "a worker of the cluster",
            "see the logs of the workers; the same command goes on from there, and --jobs 2 needs no cluster",
            takes_files=True,
        )

    def _started(self) -> Executor:
        if self._executor is None:
            executor: Executor = self._client.get_executor(pure=False)
            self._executor = executor
        return self._executor

    def close(self) -> None:
        """Leave the cluster; what it still works on is given up."""
        self._client.close()


def _connected(kind: type, address: str) -> Any:
    """Return a client of a scheduler.

    Raises:
        ClusterError: No scheduler answers.
    """
    made = list[Any]()

    class Client(kind):  # type: ignore[misc]  # of an extra
        def start(self, **options: Any) -> None:
            made.append(self)
            super().start(**options)

    try:
        return Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        # Its finalizer would close it while another client takes the lock that this needs, and wait for ever.
        for client in made:
            client.close()
        raise ClusterError(
            f"no scheduler answers at {address}", hint=f"see that it runs: dask scheduler; {_PAGE}"
        ) from error


def what_runs() -> list[tuple[str, str]]:
    """Return the versions that decide what a row becomes, by package."""
    return [("infl-seg", __version__), ("tzdata", version("tzdata"))]
