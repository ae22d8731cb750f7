"""Compare two lists, and make what changed the input of a run."""
