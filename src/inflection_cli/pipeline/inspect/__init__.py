"""`inspect`: what a file is and what its columns would become, found out without requiring anything of it."""

from inflection_cli.pipeline.inspect.findings import Inspection
from inflection_cli.pipeline.inspect.survey import InspectSettings, survey

__all__ = ["InspectSettings", "Inspection", "survey"]
