"""History: past runs, and proof of what they sent."""
