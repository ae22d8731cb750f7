"""Profiles: map an export's columns to fields, from a TOML file."""
