"""The object storage beneath the table, and what a process remembers of immutable objects."""
