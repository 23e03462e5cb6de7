"""What an operator does with the outbox: look, replay, change quotas, all of it audited."""
