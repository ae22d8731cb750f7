"""Conversion: chunks of rows to messages, as a pure function."""
