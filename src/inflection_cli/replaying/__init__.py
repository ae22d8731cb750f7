"""Replay: ready messages and test messages, sent like any others."""
