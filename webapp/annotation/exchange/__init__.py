"""Labels as files: spreadsheets, JSONL and Label Studio, both ways."""
