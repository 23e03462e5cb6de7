-- Escalations of a tenant are counted before each, and gathered into one: neither may read all actions.
CREATE INDEX action_escalated ON action (tenant_id, state, id) WHERE action_type = 'ESCALATE';
