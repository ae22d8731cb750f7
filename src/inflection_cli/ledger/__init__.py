"""The ledger: which events were sent, and how each batch ended."""
