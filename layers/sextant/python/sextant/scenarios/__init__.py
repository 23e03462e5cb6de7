"""Scenarios: what a tenant wants to know about, kept as versions that are never lost."""
