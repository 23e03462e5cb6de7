"""Kill switches: while one is active, nothing in its scope starts."""
