-- Whatever ends a parent without success ends its children.
CREATE OR REPLACE FUNCTION end_children() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    child scenario_run;
BEGIN
    FOR child IN
        SELECT * FROM scenario_run r
        WHERE r.tenant_id = NEW.tenant_id AND r.parent_run_id = NEW.id AND r.state IN ('QUEUED', 'RUNNING') ORDER BY r.id FOR UPDATE
    LOOP
        PERFORM end_run(child, 'CANCELLED', jsonb_build_object('code', 'parent_ended', 'message', format('the run it is part of ended %s', NEW.state)), 'parent');
    END LOOP;
    RETURN NULL;
END
$$;
