"""Run requests that were accepted without the database, and the receipts that say what became of them."""
