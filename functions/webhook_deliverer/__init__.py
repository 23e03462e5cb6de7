"""Decides which webhooks are due, signs them, has them sent, and keeps what became of them."""
