"""Stacks compose constructs and decide nothing themselves."""
