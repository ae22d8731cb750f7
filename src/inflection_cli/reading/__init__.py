"""Reading: from bytes on a disk to chunks of records, nothing lost and nothing guessed."""

from inflection_cli.reading.chunks import read
from inflection_cli.reading.detect import detect
from inflection_cli.reading.files import Found, find, forget_copies
from inflection_cli.reading.source import Limits, ReadOptions, Source

__all__ = ["Found", "Limits", "ReadOptions", "Source", "detect", "find", "forget_copies", "read"]
