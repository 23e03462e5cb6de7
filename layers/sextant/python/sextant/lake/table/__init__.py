"""What the table is: its columns, their types for Iceberg and Arrow, where it is, and its catalog."""
