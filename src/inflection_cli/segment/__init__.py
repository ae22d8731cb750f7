"""Segment: messages, batches, limits, and the only HTTP client."""
