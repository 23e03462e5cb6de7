-- Count one request against the tenant's limit for the longest of `p_rules` that has one (they are given longest first:
-- 'scenarios.abc', 'scenarios', 'all'). Where that is one of the tenant's own, it counts beside the one that holds without it: a
-- tenant may allow itself less than the platform does, and many own limits are together no more.
CREATE OR REPLACE FUNCTION admit_request(p_tenant text, p_rules text[]) RETURNS admission
    LANGUAGE plpgsql AS $$
DECLARE
    result    admission;
    platforms admission;
    terms     jsonb;
    own       boolean;
BEGIN
    PERFORM enter_tenant(p_tenant);
    -- A tenant's own value beats the platform's for the same rule; a longer rule beats a shorter one.
    SELECT s.name, s.value, s.tenant_id = p_tenant AND NOT s.by_platform INTO result.rule, terms, own
    FROM unnest(p_rules) WITH ORDINALITY AS g(name, turn)
    JOIN setting s ON s.tenant_id IN (p_tenant, '*') AND s.kind = 'rate-limit' AND s.name = g.name
        AND setting_is_readable(s.kind, s.name, s.value)
    ORDER BY g.turn, (s.tenant_id = '*') LIMIT 1;
    IF NOT FOUND THEN
        result.admitted := true;
        RETURN result;
    END IF;
    IF NOT own OR 'admin.config' = ANY (p_rules) THEN
        RETURN count_request(p_tenant, p_rules, result.rule, terms);
    END IF;
    SELECT counted.* INTO platforms
    FROM (
        SELECT s.name, s.value
        FROM unnest(p_rules) WITH ORDINALITY AS g(name, turn)
        JOIN setting s ON (s.tenant_id = '*' OR s.tenant_id = p_tenant AND s.by_platform) AND s.kind = 'rate-limit' AND s.name = g.name
            AND setting_is_readable(s.kind, s.name, s.value)
        ORDER BY g.turn, (s.tenant_id = '*') LIMIT 1
    ) AS s
    CROSS JOIN LATERAL count_request(p_tenant, p_rules, s.name, s.value) AS counted
    WHERE s.name <> result.rule;
    IF platforms.admitted IS FALSE THEN
        RETURN platforms;
    END IF;
    result := count_request(p_tenant, p_rules, result.rule, terms);
    IF platforms.admitted AND NOT result.admitted THEN
        -- What is refused counts nowhere.
        UPDATE rate_limit_counter c SET used = c.used - 1, used_today = c.used_today - 1
        WHERE c.tenant_id = p_tenant AND c.rule = platforms.rule;
    ELSIF platforms.remaining < result.remaining THEN
        RETURN platforms;
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION admit_request(text,text[]) TO sextant_app, sextant_platform;
