"""Import the history of Inflection.io email campaigns into Twilio Segment.

The public Python API; everything else may change without notice. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module

from inflection_cli.version import __version__

# Not typing's own: its import takes as long as all of Python's start, and a Ctrl-C in it would end in a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from inflection_cli.api.results import Receipt, Report
    from inflection_cli.api.verbs import backfill, replay, validate
    from inflection_cli.converting.checked_converter import convert
    from inflection_cli.converting.converter import Converted, ConvertSettings
    from inflection_cli.errors import InflSegError
    from inflection_cli.mapping.bind import lay_out
    from inflection_cli.mapping.columns import ColumnOptions
    from inflection_cli.mapping.events import MapOptions
    from inflection_cli.model import Chunk, Problem
    from inflection_cli.sandbox import Settings as SandboxSettings
    from inflection_cli.sandbox import serve as serve_sandbox
    from inflection_cli.segment.ids import Binder, namespace_of
    from inflection_cli.segment.message import MessageSettings

_HOMES: Final = {
    "Binder": "segment.ids",
    "Chunk": "model",
    "ColumnOptions": "mapping.columns",
    "ConvertSettings": "converting.converter",
    "Converted": "converting.converter",
    "InflSegError": "errors",
    "MapOptions": "mapping.events",
    "MessageSettings": "segment.message",
    "Problem": "model",
    "Receipt": "api.results",
    "Report": "api.results",
    "SandboxSettings": "sandbox:Settings",
    "backfill": "api.verbs",
    "convert": "converting.checked_converter",
    "lay_out": "mapping.bind",
    "namespace_of": "segment.ids",
    "replay": "api.verbs",
    "serve_sandbox": "sandbox:serve",
    "validate": "api.verbs",
}

__all__ = [
    "Binder",
    "Chunk",
    "ColumnOptions",
    "ConvertSettings",
    "Converted",
    "InflSegError",
    "MapOptions",
    "MessageSettings",
    "Problem",
    "Receipt",
    "Report",
    "SandboxSettings",
    "__version__",
    "backfill",
    "convert",
    "lay_out",
    "namespace_of",
    "replay",
    "serve_sandbox",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
