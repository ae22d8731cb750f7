"""Tables of destinations, one file each; the file's `TABLE` is found by its name."""
