"""Conversion of chunks of rows to messages, without side effects."""
