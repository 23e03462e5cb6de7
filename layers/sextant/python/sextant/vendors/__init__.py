"""Vendors: outside services that a tenant's work calls, each behind a circuit breaker and a limit a minute."""
