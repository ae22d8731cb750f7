"""The Python API: verbs with typed arguments and results, on the same path as the command line."""
