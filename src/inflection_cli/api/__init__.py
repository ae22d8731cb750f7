"""The Python API: verbs with typed arguments and results."""
