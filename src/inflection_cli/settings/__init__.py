"""Settings files: TOML read strictly against a schema."""
