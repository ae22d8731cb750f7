"""Replay: prebuilt messages and test messages, sent like any others."""
