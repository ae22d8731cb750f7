"""CSV: records, cells and delimiters, read strictly."""
