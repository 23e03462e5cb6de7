"""The transactional outbox: events stored with the change they tell of, and relayed to the bus."""
