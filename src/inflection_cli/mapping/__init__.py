"""Mapping from records to the parts of events."""
