"""What holds for every test: no network but loopback, no clock on a property, no leftover of the user's."""

import gc
import ipaddress
import os
import signal
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

for name, count in (("house", 100), ("quick", 25)):
    settings.register_profile(
        name, max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("house")

# A shell starts what runs in the background with SIGINT ignored, and all its children inherit that: no test of
# a Ctrl-C could pass.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Hundreds of commands are started: without stored bytecode each would compile the whole package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# As the program itself does; what pytest and hypothesis hold is looked through no more once all is collected.
gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """Leave all that was imported and collected out of every later collection of garbage."""
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Have the quick suite take a quarter of each property's examples."""
    if config.option.markexpr == "not slow":
        settings.load_profile("quick")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the slow suite run every property once more, with all of its examples."""
    for item in items if config.option.markexpr == "slow" else []:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            assert host == "localhost" or ipaddress.ip_address(host).is_loopback, f"a test went to {host}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in (
        "SEGMENT_WRITE_KEY",
        "SEGMENT_WRITE_KEY_FILE",
        "INFL_SEG_STATE_DIR",
        "NO_COLOR",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)


def pytest_xdist_auto_num_workers() -> int:
    """Return one more than the cores: many tests wait for a command that they started."""
    return (os.cpu_count() or 1) + 1
