DROP INDEX action_escalated;
