"""The HTTP side that every route shares: who asks, what goes wrong, envelopes and pages."""
