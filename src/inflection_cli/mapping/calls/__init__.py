"""Calls other than track: bind columns to their ids, traits and properties."""
