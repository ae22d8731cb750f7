"""JSON: NDJSON lines and JSON documents, read strictly."""
