"""Backfill: plan, compare with the ledger, deliver, account for every event."""
