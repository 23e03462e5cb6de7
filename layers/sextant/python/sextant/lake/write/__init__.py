"""Everything that changes the table: data files, commits, compaction, expiry, deletion."""
