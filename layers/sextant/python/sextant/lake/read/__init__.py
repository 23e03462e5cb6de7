"""Everything that reads the table: planning, pages, scans, aggregates, exports."""
