"""Binary tables, read as the NDJSON text of their rows."""
