"""What changed of a tenant's runs, incidents and exports, for whoever watches."""
