"""A local stand-in for Segment, with faults on request; it knows nothing of the client's own room.

It judges by constants and sources of its own, so that one error cannot hide on both sides.
"""

from inflection_cli.sandbox.faults import Fault, parse_faults
from inflection_cli.sandbox.memory import Stats
from inflection_cli.sandbox.running import Sandbox, run, serve
from inflection_cli.sandbox.settings import Settings, Source

__all__ = ["Fault", "Sandbox", "Settings", "Source", "Stats", "parse_faults", "run", "serve"]
