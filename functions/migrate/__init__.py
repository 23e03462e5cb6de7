"""Brings the database up to date, on deploy and before new code serves."""
