"""Reporting: what a run says, to people, scripts and CI."""
