"""Local stand-in for Segment, with faults on request.

It judges by constants and sources of its own, so that one error cannot hide on both sides.
"""

from inflection_cli.sandbox.faults import SandboxFault, Settings, SourceState, parse_faults
from inflection_cli.sandbox.running import Sandbox, run, serve
from inflection_cli.sandbox.stats import Stats

__all__ = ["Sandbox", "SandboxFault", "Settings", "SourceState", "Stats", "parse_faults", "run", "serve"]
