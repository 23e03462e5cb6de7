"""Tenants: who they are, whether they are active, and their settings."""
