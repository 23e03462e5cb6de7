"""Actions: what is done about an incident, each at most once."""
