"""Events: what happened, sent by a tenant or by the platform itself."""
