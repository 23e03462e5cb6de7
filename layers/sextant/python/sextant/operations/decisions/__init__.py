"""Decisions: what ought to be done about an incident and why, by rules and, where one is configured, an AI."""
