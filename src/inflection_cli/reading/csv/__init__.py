"""Strict CSV reading: records, cells and delimiters."""
