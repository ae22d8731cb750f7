"""Delivery: dispositions, throttle, ledger, and the edge where batches leave."""
