"""Baselines: the power systems that scenarios start from, the built-in one or a tenant's own."""
