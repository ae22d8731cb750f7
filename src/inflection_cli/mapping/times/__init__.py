"""Times: texts, formats and zones to instants."""
