"""Sends webhooks from outside the network, with no rights, no secrets and no layers: it imports the standard library alone."""
