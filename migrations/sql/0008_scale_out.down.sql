DROP TRIGGER end_children ON scenario_run;
DROP FUNCTION end_children();
DROP FUNCTION settle_parents(integer);
DROP FUNCTION settle_parent(text, uuid);
DROP FUNCTION finish_part(text, uuid, bigint, text, bigint, double precision);
DROP FUNCTION split_run(text, uuid, bigint, jsonb[], double precision, text);
DROP INDEX scenario_run_split, scenario_run_children;
-- Children without their parents' tie would look like runs of their own.
DELETE FROM run_attempt a USING scenario_run r WHERE r.tenant_id = a.tenant_id AND r.id = a.run_id AND r.parent_run_id IS NOT NULL;
DELETE FROM scenario_run WHERE parent_run_id IS NOT NULL;
