"""Tables of destinations: one file each, which defines `TABLE`."""
