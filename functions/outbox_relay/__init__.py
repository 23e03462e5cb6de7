"""The relay: takes what the outbox holds to the bus."""
