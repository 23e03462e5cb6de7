"""What the schedule looks for each minute: what a lost message or a dead process left behind."""
