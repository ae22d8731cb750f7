"""Delivery of batches to Segment: sending, pacing, throttling and journal."""
