"""Backfill: plan, compare with the ledger, deliver, and count every event."""
