"""Checks of complete messages against what a destination asks for (`--check`).

A destination is a table of its own in `tables/`: rows of data, each with its source. `check_engine.py` has the types of
a row, `check_engine.py` judges a message by the rows. A further file in `tables/` is a further destination.
"""
