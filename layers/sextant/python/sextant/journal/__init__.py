"""Requests that were accepted while the database was away: kept in a queue, carried out later, answered by a receipt."""
