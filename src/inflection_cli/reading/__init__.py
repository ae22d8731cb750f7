"""Reading: from bytes on a disk to chunks of records, nothing lost and nothing guessed."""

from inflection_cli.reading.detect import detect
from inflection_cli.reading.files.find import FoundFile, find, forget_copies
from inflection_cli.reading.read import read
from inflection_cli.reading.source import Limits, ReadOptions, Source

__all__ = ["FoundFile", "Limits", "ReadOptions", "Source", "detect", "find", "forget_copies", "read"]
