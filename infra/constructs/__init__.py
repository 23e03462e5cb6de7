"""One file a capability; a construct knows nothing of the stacks that compose it."""
