"""Implementation of `inspect`: find out what a file and its columns are."""

from inflection_cli.inspecting.inspection_result import Inspection
from inflection_cli.inspecting.scan import InspectSettings, scan

__all__ = ["InspectSettings", "Inspection", "scan"]
