"""PyPSA as a second opinion, in an environment of its own."""
