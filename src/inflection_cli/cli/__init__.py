"""Commands and options of the command line; no counting and no logic."""
