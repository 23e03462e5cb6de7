"""Every statement of operations. What must be one step is a database function: `0005_operations.up.sql`."""
