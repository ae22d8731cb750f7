"""Times: convert texts to instants by format and zone."""
