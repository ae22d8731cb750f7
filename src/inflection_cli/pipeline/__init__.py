"""The composition of the rooms: convert, plan, backfill, replay."""
