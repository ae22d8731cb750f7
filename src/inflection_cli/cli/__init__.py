"""Words and options: no counting, no logic."""
