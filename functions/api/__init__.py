"""The HTTP API: one entry for everything that needs no lake, another for the routes that read it."""
