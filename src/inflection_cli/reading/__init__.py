"""Reading of files: from bytes on disk to chunks of records."""

from inflection_cli.reading.detect import detect
from inflection_cli.reading.files.find import FoundFile, find
from inflection_cli.reading.files.private_copy import forget_copies
from inflection_cli.reading.read import read
from inflection_cli.reading.source import Limits, ReadOptions, Source

__all__ = ["FoundFile", "Limits", "ReadOptions", "Source", "detect", "find", "forget_copies", "read"]
