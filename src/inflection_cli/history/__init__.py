"""History: past runs, and proof of the events they sent."""
