"""Input files: search, opening, decompression and decoding."""
