"""Incidents: failures of one signature, counted."""
