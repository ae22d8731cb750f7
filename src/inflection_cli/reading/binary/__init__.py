"""Binary tables: Avro, Parquet and Excel, each read as the NDJSON text of its rows."""
