"""Output of a run for people, scripts and CI."""
