"""Workflows: what a tenant's events belong to, each with its own limit of retries."""
