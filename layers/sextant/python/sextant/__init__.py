"""Sextant: what-if scenarios for power markets, for many tenants, as a serverless service."""
