"""What changed of a tenant's runs and incidents, for whoever watches."""
