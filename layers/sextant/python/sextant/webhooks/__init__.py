"""Webhooks: a tenant's endpoints, told what came of its runs and incidents, signed, until they have it."""
