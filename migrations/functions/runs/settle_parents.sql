-- The parents that nobody else would settle: up to `p_limit` of those that wait, longest not looked at first, so that however
-- many of a tenant wait on (held by a switch, say) the others' have their turn. How many moved on.
CREATE OR REPLACE FUNCTION settle_parents(p_limit integer) RETURNS integer
    LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE settle_parent(w.tenant_id, w.id) IN ('MERGING', 'FAILED', 'TIMEOUT'))::integer
    FROM (SELECT r.tenant_id, r.id FROM scenario_run r
          WHERE r.state = 'RUNNING' AND r.parts IS NOT NULL AND r.lease_until IS NULL ORDER BY r.updated_at, r.id LIMIT p_limit) AS w
$$;
GRANT EXECUTE ON FUNCTION settle_parents(integer) TO sextant_platform;
