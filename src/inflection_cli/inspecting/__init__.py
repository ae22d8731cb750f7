"""`inspect`: what a file is and what its columns would become, found out without requiring anything of it."""

from inflection_cli.inspecting.inspection_result import Inspection
from inflection_cli.inspecting.scan import InspectSettings, scan

__all__ = ["InspectSettings", "Inspection", "scan"]
