"""Profiles: how an export's columns become fields, from a TOML file."""
