"""Exports of outputs that are too large for an answer: files beside the table, made by the API or by Athena, for a day."""
