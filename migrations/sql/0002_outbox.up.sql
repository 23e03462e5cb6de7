-- The transactional outbox.
--
-- An event is stored once, in outbox_event, and never changed. Where it stands is where its id stands:
-- in outbox_pending (waiting in its tenant's lane, or leased to a relay), in outbox_delayed (to be tried
-- later), in outbox_dead (refused for good), or in none of them: sent. outbox_publication is the history.
--
-- A lane is a tenant's pending rows in the order of their position. At most one relay at a time holds a
-- lane's head: it takes the first rows, marks the first of them with its token and the lease's end, and
-- whoever finds a marked row takes nothing from there on. That keeps the order of a tenant while relays run
-- in parallel, and costs one row written a tenant and batch instead of one an event.
--
-- A lane's rows are changed only under its advisory lock (of the transaction, so no session is pinned): a claim
-- passes by lanes it cannot lock, a settlement waits for its lanes. Enqueueing only adds rows and needs no lock.
--
-- The tenant of an event that belongs to none is '-'; the quota row of tenant '*' holds the defaults. Both
-- are no slugs, so no tenant can have them.

-- Tables -----------------------------------------------------------------------------------------
-- The payload is json, not jsonb: it is read as text far more often than looked into, and the bytes that were
-- stored are those that are sent. Keys compare by bytes, whatever the database's collation.
CREATE TABLE outbox_event (
    tenant_id  text COLLATE "C" NOT NULL,
    id         uuid        NOT NULL,
    topic      text        NOT NULL,
    dedupe_key text COLLATE "C",
    payload    json        NOT NULL,
    headers    json        NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_event_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_outbox_tenant_dedupe UNIQUE (tenant_id, dedupe_key),
    CONSTRAINT outbox_event_topic_check CHECK (topic ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$'),
    CONSTRAINT outbox_event_dedupe_key_check CHECK (length(dedupe_key) BETWEEN 1 AND 255),
    CONSTRAINT outbox_event_headers_check CHECK (json_typeof(headers) = 'object')
);
SELECT protect_tenant_table('outbox_event');
REVOKE UPDATE ON outbox_event FROM sextant_app, sextant_platform;
REVOKE DELETE ON outbox_event FROM sextant_app;

-- Positions order a tenant's events. A clock would not do: it can step back. The default is evaluated by an
-- INSERT that has locked the table already, which is what outbox_measure() relies on.
CREATE SEQUENCE outbox_position AS bigint CACHE 1;
GRANT USAGE, SELECT ON SEQUENCE outbox_position TO sextant_app, sextant_platform;

CREATE TABLE outbox_pending (
    tenant_id     text COLLATE "C" NOT NULL,
    position      bigint      NOT NULL DEFAULT nextval('outbox_position'),
    event_id      uuid        NOT NULL,
    attempts      smallint    NOT NULL DEFAULT 0,
    refusals      smallint    NOT NULL DEFAULT 0,
    takeovers     smallint    NOT NULL DEFAULT 0,
    available_at  timestamptz NOT NULL DEFAULT '-infinity',
    lease_token   uuid,
    lease_through bigint,
    replay_id     uuid,
    CONSTRAINT outbox_pending_pkey PRIMARY KEY (tenant_id, position)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON COLUMN outbox_pending.available_at IS 'Lease and backoff in one: before it, nobody takes this row or one behind it.';
COMMENT ON COLUMN outbox_pending.lease_through IS 'On the row that carries a lease: the last position the lease covers.';
COMMENT ON COLUMN outbox_pending.attempts IS 'How often a relay tried to publish the event and said that it had failed.';
COMMENT ON COLUMN outbox_pending.refusals IS 'How many of the attempts failed because of the event itself.';
COMMENT ON COLUMN outbox_pending.takeovers IS 'How often a relay held the event and was never heard of again.';
SELECT protect_tenant_table('outbox_pending');
REVOKE UPDATE, DELETE ON outbox_pending FROM sextant_app;

CREATE TABLE outbox_delayed (
    tenant_id  text COLLATE "C" NOT NULL,
    event_id   uuid        NOT NULL,
    retry_at   timestamptz NOT NULL,
    attempts   smallint    NOT NULL DEFAULT 0,
    refusals   smallint    NOT NULL DEFAULT 0,
    last_error text,
    replay_id  uuid,
    CONSTRAINT outbox_delayed_pkey PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX outbox_delayed_due ON outbox_delayed (retry_at);
SELECT protect_tenant_table('outbox_delayed');
REVOKE UPDATE, DELETE ON outbox_delayed FROM sextant_app;

CREATE TABLE outbox_dead (
    tenant_id  text COLLATE "C" NOT NULL,
    event_id   uuid        NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts   smallint    NOT NULL,
    last_error text        NOT NULL,
    CONSTRAINT outbox_dead_pkey PRIMARY KEY (tenant_id, event_id)
);
SELECT protect_tenant_table('outbox_dead');
REVOKE INSERT, UPDATE, DELETE ON outbox_dead FROM sextant_app;

-- One row a tenant that ever had an event: where to look for work, and from where on.
CREATE TABLE outbox_lane (
    tenant_id   text COLLATE "C" NOT NULL,
    floor       bigint      NOT NULL DEFAULT 0,
    pending     integer     NOT NULL DEFAULT 0,
    measured_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT outbox_lane_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT outbox_lane_tenant_check CHECK (tenant_id ~ '^([a-z0-9][a-z0-9_-]{0,62}|-)$')
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 200);
COMMENT ON COLUMN outbox_lane.floor IS
    'No pending row of this tenant stands, or ever will, below this position: scans start here, past the dead rows.';
COMMENT ON COLUMN outbox_lane.pending IS 'How many were pending at measured_at; kept only for long lanes.';
SELECT protect_tenant_table('outbox_lane');
REVOKE UPDATE, DELETE ON outbox_lane FROM sextant_app;
GRANT UPDATE (pending, measured_at) ON outbox_lane TO sextant_app;

-- What each tenant had published: one row a tenant and batch.
CREATE TABLE outbox_publication (
    tenant_id    text COLLATE "C" NOT NULL,
    published_at timestamptz NOT NULL,
    token        uuid        NOT NULL,
    event_ids    uuid[]      NOT NULL,
    CONSTRAINT outbox_publication_pkey PRIMARY KEY (tenant_id, published_at, token)
);
SELECT protect_tenant_table('outbox_publication');
REVOKE INSERT, UPDATE, DELETE ON outbox_publication FROM sextant_app;
REVOKE UPDATE ON outbox_publication FROM sextant_platform;

-- What was claimed of each tenant, as far back as quotas reach. Rows are only ever added: a counter updated
-- in place would serialise, and would leave a chain of dead versions to walk.
CREATE TABLE outbox_usage (
    tenant_id    text COLLATE "C" NOT NULL,
    claimed_at   timestamptz NOT NULL,
    token        uuid        NOT NULL,
    events       integer     NOT NULL,
    paused_until timestamptz,
    CONSTRAINT outbox_usage_pkey PRIMARY KEY (tenant_id, claimed_at, token)
);
SELECT protect_tenant_table('outbox_usage');
REVOKE INSERT, UPDATE, DELETE ON outbox_usage FROM sextant_app;

CREATE TABLE tenant_quota (
    tenant_id       text COLLATE "C" NOT NULL,
    max_events      integer,
    window_seconds  integer,
    backoff_seconds integer,
    batch_limit     integer,
    max_pending     integer,
    reset_at        timestamptz NOT NULL DEFAULT '-infinity',
    updated_at      timestamptz NOT NULL DEFAULT now(),
    updated_by      text        NOT NULL,
    reason          text        NOT NULL,
    CONSTRAINT tenant_quota_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenant_quota_max_events_check CHECK (max_events >= 0),
    CONSTRAINT tenant_quota_window_check CHECK (window_seconds BETWEEN 1 AND 3600),
    CONSTRAINT tenant_quota_backoff_check CHECK (backoff_seconds BETWEEN 0 AND 3600),
    CONSTRAINT tenant_quota_batch_limit_check CHECK (batch_limit BETWEEN 1 AND 1000),
    CONSTRAINT tenant_quota_max_pending_check CHECK (max_pending >= 1),
    CONSTRAINT tenant_quota_defaults_check CHECK (tenant_id <> '*' OR
        num_nulls(max_events, window_seconds, backoff_seconds, batch_limit, max_pending) = 0)
);
COMMENT ON TABLE tenant_quota IS 'What a tenant may publish; an empty column means the default, the row of tenant *.';
COMMENT ON COLUMN tenant_quota.reset_at IS 'What was claimed before this no longer counts.';
INSERT INTO tenant_quota (tenant_id, max_events, window_seconds, backoff_seconds, batch_limit, max_pending, updated_by, reason)
VALUES ('*', 1000, 60, 1, 50, 10000, 'migration', 'defaults');
SELECT protect_tenant_table('tenant_quota');
REVOKE INSERT, UPDATE, DELETE ON tenant_quota FROM sextant_app;
CREATE POLICY defaults_readable ON tenant_quota FOR SELECT TO sextant_app USING (tenant_id = '*');

-- Who replayed what, who changed which quota, and why.
CREATE TABLE outbox_audit (
    tenant_id   text COLLATE "C" NOT NULL,
    id          uuid        NOT NULL,
    action      text        NOT NULL,
    actor       text        NOT NULL,
    reason      text        NOT NULL,
    detail      jsonb       NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_audit_pkey PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant_table('outbox_audit');
SELECT protect_append_only('outbox_audit');

-- The consumers' side: which event each consumer has applied, written in the transaction that applies it.
CREATE TABLE inbox_message (
    tenant_id   text COLLATE "C" NOT NULL,
    consumer    text        NOT NULL,
    event_id    uuid        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT inbox_message_pkey PRIMARY KEY (tenant_id, consumer, event_id)
);
CREATE INDEX inbox_message_age ON inbox_message USING brin (received_at);
SELECT protect_tenant_table('inbox_message');
REVOKE UPDATE ON inbox_message FROM sextant_app, sextant_platform;
REVOKE DELETE ON inbox_message FROM sextant_app;

-- Enqueue ----------------------------------------------------------------------------------------
-- UUIDv7 (RFC 9562, method 3): 48 bits of milliseconds, 12 bits of the millisecond's fraction, 62 random bits.
-- One expression, so that it is inlined.
CREATE FUNCTION outbox_event_id() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0') PLACING '7' FROM 13 FOR 0)
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid
$$;

-- Give the tenant its lane, and raise when it has no room for `p_events` (NULL: any). A short lane is counted each
-- time, so small limits are kept exactly. The length of a long one is remembered in outbox_lane, by the relay or
-- by whoever counted it last, and believed for two seconds: counting 10,000 rows at each enqueue would take longer
-- than enqueueing. Sessions of the platform role are never refused: their events finish work accepted before.
CREATE FUNCTION outbox_admit(p_tenant text, p_events integer) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    lane    outbox_lane;
    allowed integer;
    waiting bigint;
BEGIN
    SELECT * INTO lane FROM outbox_lane l WHERE l.tenant_id = p_tenant;
    IF NOT FOUND AND pg_try_advisory_xact_lock(hashtextextended(p_tenant, 7390115)) THEN
        -- A tenant's first event. Two of them at once: the second does not wait for the first one's transaction.
        -- Should that one roll back, outbox_find_lanes() gives the tenant its lane.
        INSERT INTO outbox_lane (tenant_id) VALUES (p_tenant) ON CONFLICT DO NOTHING;
    END IF;
    IF p_events IS NULL OR session_user = 'sextant_platform' THEN
        RETURN;
    END IF;
    SELECT coalesce(q.max_pending, d.max_pending) INTO allowed
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    IF lane.measured_at > clock_timestamp() - interval '2 seconds' AND lane.pending > 1000 THEN
        waiting := lane.pending;
    ELSE
        SELECT count(*) INTO waiting FROM (
            SELECT FROM outbox_pending p WHERE p.tenant_id = p_tenant AND p.position >= coalesce(lane.floor, 0) LIMIT allowed
        ) AS bounded;
        IF waiting > 1000 THEN
            UPDATE outbox_lane l SET pending = waiting, measured_at = clock_timestamp()
            FROM (SELECT FROM outbox_lane w WHERE w.tenant_id = p_tenant FOR UPDATE SKIP LOCKED) AS free
            WHERE l.tenant_id = p_tenant;
        END IF;
    END IF;
    IF waiting + p_events > allowed THEN
        RAISE EXCEPTION 'tenant % has % events pending of % allowed', p_tenant, waiting, allowed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_backpressure', TABLE = 'outbox_pending';
    END IF;
END
$$;

-- Store an event in the caller's transaction; its id. A repeat of the dedupe key changes nothing and returns the
-- first event's id. With `p_delay` it is published no sooner than that. `p_refusable => false` for an event
-- that must be stored however long the lane is.
CREATE FUNCTION outbox_enqueue(
    p_tenant text, p_topic text, p_dedupe_key text, p_payload jsonb, p_headers jsonb DEFAULT '{}',
    p_delay interval DEFAULT NULL, p_refusable boolean DEFAULT true
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    event uuid;
BEGIN
    INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
    VALUES (p_tenant, outbox_event_id(), p_topic, p_dedupe_key, p_payload::json, coalesce(p_headers, '{}')::json)
    ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id INTO event;
    IF event IS NULL THEN
        -- A statement of its own: its snapshot sees the one that was there first, also when it has only just committed.
        SELECT e.id INTO STRICT event FROM outbox_event e WHERE e.tenant_id = p_tenant AND e.dedupe_key = p_dedupe_key;
        RETURN event;
    END IF;
    PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN 1 END);
    IF p_delay > interval '0' THEN
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at) VALUES (p_tenant, event, clock_timestamp() + p_delay);
    ELSE
        INSERT INTO outbox_pending (tenant_id, event_id) VALUES (p_tenant, event);
    END IF;
    RETURN event;
END
$$;

-- As outbox_enqueue, for many events of one tenant in one call; the ids in the order given.
CREATE FUNCTION outbox_enqueue_many(
    p_tenant text, p_topics text[], p_dedupe_keys text[], p_payloads jsonb[], p_headers jsonb[],
    p_delays interval[] DEFAULT NULL, p_refusable boolean DEFAULT true
) RETURNS SETOF uuid
    LANGUAGE plpgsql AS $$
DECLARE
    ids   uuid[];
    fresh uuid[];
BEGIN
    SELECT array_agg(outbox_event_id()) INTO ids FROM generate_series(1, cardinality(p_topics));
    WITH stored AS (
        INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
        SELECT p_tenant, g.id, g.topic, g.dedupe_key, g.payload::json, coalesce(g.headers, '{}')::json
        FROM unnest(ids, p_topics, p_dedupe_keys, p_payloads, p_headers)
            WITH ORDINALITY AS g(id, topic, dedupe_key, payload, headers, turn)
        ORDER BY g.turn
        ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id
    )
    SELECT array_agg(s.id) INTO fresh FROM stored s;
    IF fresh IS NOT NULL THEN
        PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN cardinality(fresh) END);
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at)
        SELECT p_tenant, g.id, clock_timestamp() + g.delay FROM unnest(ids, p_delays) AS g(id, delay)
        WHERE g.delay > interval '0' AND g.id = ANY (fresh);
        INSERT INTO outbox_pending (tenant_id, event_id)
        SELECT p_tenant, g.id FROM unnest(ids, p_delays) WITH ORDINALITY AS g(id, delay, turn)
        WHERE (g.delay IS NULL OR g.delay <= interval '0') AND g.id = ANY (fresh)
        ORDER BY g.turn;
    END IF;
    RETURN QUERY
        SELECT coalesce(e.id, g.id) FROM unnest(ids, p_dedupe_keys) WITH ORDINALITY AS g(id, dedupe_key, turn)
        LEFT JOIN outbox_event e ON e.tenant_id = p_tenant AND e.dedupe_key = g.dedupe_key
        ORDER BY g.turn;
END
$$;

-- Claim ------------------------------------------------------------------------------------------
-- What the tenant may have claimed at `p_now`: `events` in one batch, `remaining` in the window that ends then
-- (0 while it rests), and how long it rests once that is used up.
CREATE FUNCTION outbox_allowance(p_tenant text, p_now timestamptz, OUT events integer, OUT remaining integer, OUT backoff interval)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    since timestamptz;
    used  bigint;
    rests timestamptz;
BEGIN
    SELECT coalesce(q.batch_limit, d.batch_limit), coalesce(q.max_events, d.max_events),
           make_interval(secs => coalesce(q.backoff_seconds, d.backoff_seconds)),
           greatest(p_now - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
    INTO events, remaining, backoff, since
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    SELECT sum(u.events), max(u.paused_until) INTO used, rests
    FROM outbox_usage u WHERE u.tenant_id = p_tenant AND u.claimed_at > since;
    remaining := CASE WHEN rests > p_now THEN 0 ELSE greatest(remaining - coalesce(used, 0), 0) END;
    events := least(events, remaining);
END
$$;

-- Delayed events whose time has come go to the end of their tenant's lane.
CREATE FUNCTION outbox_promote(p_limit integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    WITH due AS (
        DELETE FROM outbox_delayed d USING (
            SELECT w.tenant_id, w.event_id FROM outbox_delayed w
            WHERE w.retry_at <= clock_timestamp() ORDER BY w.retry_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) AS chosen
        WHERE d.tenant_id = chosen.tenant_id AND d.event_id = chosen.event_id
        RETURNING d.*
    )
    INSERT INTO outbox_pending (tenant_id, event_id, attempts, refusals, replay_id)
    SELECT u.tenant_id, u.event_id, u.attempts, u.refusals, u.replay_id FROM due u ORDER BY u.retry_at;
END
$$;

CREATE FUNCTION outbox_lane_key(p_tenant text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(p_tenant, 7390113) $$;
COMMENT ON FUNCTION outbox_lane_key(text) IS 'The advisory lock of a lane. Two lanes that share one only wait for each other.';

CREATE TYPE outbox_claimed AS (
    tenant_id text, "position" bigint, event_id uuid, topic text, dedupe_key text, payload text, headers text,
    created_at timestamptz, attempts smallint, takeovers smallint, replay_id uuid
);

-- Lease up to `p_limit` events to the holder of `p_token`: of the tenants that follow `p_after`, in rotation, the
-- first of each lane, as many as its batch limit and quota allow.
--
-- `p_floors` ({tenant: position}) may raise a lane's floor beyond what is stored; it must be a true one. A tenant
-- whose relay died twice over it is served one event at a time, until the one that kills relays is found.
--
-- The settings pin the plans: these tables empty and fill, and statistics taken at the wrong moment would
-- otherwise have them scanned whole.
CREATE FUNCTION outbox_claim(
    p_token uuid, p_limit integer, p_lease interval, p_after text DEFAULT '', p_floors jsonb DEFAULT '{}'
) RETURNS SETOF outbox_claimed
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment  timestamptz := clock_timestamp();
    tenants text[];
    floors  bigint[];
BEGIN
    PERFORM outbox_promote(p_limit);

    -- As many lanes as it takes to fill the batch, and their locks. Only then does the next statement's snapshot
    -- begin: it sees whatever was done under a lock before.
    SELECT array_agg(c.tenant_id ORDER BY c.turn), array_agg(c.floor ORDER BY c.turn) INTO tenants, floors
    FROM (
        SELECT w.tenant_id, w.floor, min(w.turn) AS turn
        FROM (
            SELECT lane.tenant_id, lane.floor, row_number() OVER () AS turn
            FROM (
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id > p_after ORDER BY l.tenant_id)
                UNION ALL
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id <= p_after ORDER BY l.tenant_id)
            ) AS lane
            CROSS JOIN LATERAL (
                SELECT p.available_at FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT 1
            ) AS head
            -- greatest() is `moment` here; naming the head keeps empty lanes from being asked for their quota.
            CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, greatest(moment, head.available_at)) AS allowance
            CROSS JOIN LATERAL (
                SELECT FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT allowance.events
            ) AS ahead
            WHERE head.available_at <= moment
            LIMIT p_limit
        ) AS w
        GROUP BY w.tenant_id, w.floor
    ) AS c
    WHERE pg_try_advisory_xact_lock(outbox_lane_key(c.tenant_id));
    IF tenants IS NULL THEN
        RETURN;
    END IF;

    moment := clock_timestamp();
    RETURN QUERY
    WITH seen AS (
        SELECT lane.turn, allowance.remaining, allowance.backoff, p.*
        FROM unnest(tenants, floors) WITH ORDINALITY AS lane(tenant_id, floor, turn)
        CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, moment) AS allowance
        CROSS JOIN LATERAL (
            SELECT w.tenant_id, w.position, w.event_id, w.attempts, w.takeovers, w.available_at, w.lease_token, w.lease_through, w.replay_id
            FROM outbox_pending w WHERE w.tenant_id = lane.tenant_id AND w.position >= lane.floor
            ORDER BY w.position LIMIT allowance.events
        ) AS p
        LIMIT p_limit
    ), judged AS (
        SELECT s.*, row_number() OVER follow AS rank,
               bool_or(s.available_at > moment) OVER follow AS blocked,
               first_value(s.takeovers) OVER follow AS head_takeovers,
               coalesce(s.position <= max(s.lease_through) OVER follow, false) AS abandoned
        FROM seen s WINDOW follow AS (PARTITION BY s.turn ORDER BY s.position)
    ), chosen AS MATERIALIZED (
        SELECT * FROM judged j WHERE NOT j.blocked AND (j.rank = 1 OR j.head_takeovers < 2)
    ), counted AS MATERIALIZED (
        SELECT c.turn, min(c.tenant_id) AS tenant_id, min(c.position) AS head, max(c.position) AS through,
               count(*)::integer AS events, min(c.remaining) AS remaining, min(c.backoff) AS backoff
        FROM chosen c GROUP BY c.turn
    ), leased AS (
        UPDATE outbox_pending p SET lease_token = p_token, lease_through = n.through, available_at = moment + p_lease,
            takeovers = p.takeovers + (p.lease_token IS NOT NULL)::integer
        FROM counted n WHERE p.tenant_id = n.tenant_id AND p.position = n.head
    ), taken_over AS (
        UPDATE outbox_pending p SET lease_token = NULL, lease_through = NULL, available_at = '-infinity', takeovers = p.takeovers + 1
        FROM chosen c WHERE c.rank > 1 AND c.abandoned AND p.tenant_id = c.tenant_id AND p.position = c.position
    ), used AS (
        INSERT INTO outbox_usage (tenant_id, claimed_at, token, events, paused_until)
        SELECT n.tenant_id, moment, p_token, n.events, CASE WHEN n.events >= n.remaining THEN moment + n.backoff END FROM counted n
    )
    SELECT c.tenant_id, c.position, c.event_id, e.topic, e.dedupe_key, e.payload::text, e.headers::text, e.created_at,
           c.attempts, (c.takeovers + c.abandoned::integer)::smallint, c.replay_id
    FROM chosen c JOIN outbox_event e ON e.tenant_id = c.tenant_id AND e.id = c.event_id
    ORDER BY c.turn, c.position;
END
$$;

-- Settle -----------------------------------------------------------------------------------------
CREATE TYPE outbox_settled AS (sent integer, released integer, delayed integer, dead integer, lost integer);

-- Say what became of a claim, of all its events at once. `p_outcomes`:
--   sent      the broker has it
--   untried   the relay did not get to it: as before
--   released  the broker could not take it just now: its lane waits, longer each time, and keeps its order
--   refused   the broker refuses this event: it makes way for the others and is tried again later, at the end of
--             the lane; refused `p_max_attempts` times it is dead
--   dead      give it up now
-- Only the tenants whose head still carries `p_token` are touched; the events of the others count as lost.
CREATE FUNCTION outbox_settle(
    p_token uuid, p_tenants text[], p_positions bigint[], p_outcomes text[], p_errors text[],
    p_max_attempts integer, p_base interval, p_cap interval, p_lane_base interval, p_lane_cap interval
) RETURNS outbox_settled
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    result outbox_settled;
BEGIN
    -- In one order, so that two settlements cannot wait for each other; a claim never waits.
    PERFORM pg_advisory_xact_lock(lane.key)
    FROM (SELECT DISTINCT outbox_lane_key(tenant) AS key FROM unnest(p_tenants) AS tenant ORDER BY key) AS lane;

    WITH claimed AS MATERIALIZED (
        SELECT * FROM unnest(p_tenants, p_positions, p_outcomes, p_errors) AS c(tenant_id, "position", outcome, error)
    ), held AS MATERIALIZED (
        SELECT p.tenant_id FROM (SELECT c.tenant_id, min(c.position) AS "position" FROM claimed c GROUP BY c.tenant_id) AS head
        JOIN outbox_pending p ON p.tenant_id = head.tenant_id AND p.position = head.position
        WHERE p.lease_token = p_token
    ), mine AS MATERIALIZED (
        SELECT c.* FROM held h JOIN claimed c ON c.tenant_id = h.tenant_id
    ), gone AS (
        DELETE FROM outbox_pending p USING mine m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND m.outcome NOT IN ('released', 'untried')
        RETURNING p.tenant_id, p.position, p.event_id, least(p.attempts + 1, 30000) AS attempts, p.refusals + 1 AS refusals, p.replay_id,
                  m.outcome, coalesce(m.error, '') AS error
    ), stays AS MATERIALIZED (
        SELECT m.*, bool_or(m.outcome = 'released') OVER lane AS waits, row_number() OVER (lane ORDER BY m.position) AS rank
        FROM mine m WHERE m.outcome IN ('released', 'untried') WINDOW lane AS (PARTITION BY m.tenant_id)
    ), kept AS (
        UPDATE outbox_pending p SET
            attempts = least(p.attempts + (m.outcome = 'released')::integer, 30000),
            lease_token = NULL, lease_through = NULL,
            available_at = CASE WHEN m.rank = 1 AND m.waits THEN moment + least(p_lane_base * 2 ^ least(p.attempts, 20), p_lane_cap) ELSE '-infinity' END
        FROM stays m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND (m.rank = 1 OR m.outcome = 'released')
    ), sent AS (
        INSERT INTO outbox_publication (tenant_id, published_at, token, event_ids)
        SELECT g.tenant_id, moment, p_token, array_agg(g.event_id ORDER BY g.position) FROM gone g WHERE g.outcome = 'sent' GROUP BY g.tenant_id
    ), delayed AS (
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at, attempts, refusals, last_error, replay_id)
        SELECT g.tenant_id, g.event_id, moment + least(p_base * 2 ^ least(g.refusals - 1, 20), p_cap), g.attempts, g.refusals, g.error, g.replay_id
        FROM gone g WHERE g.outcome = 'refused' AND g.refusals < p_max_attempts
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), dead AS (
        INSERT INTO outbox_dead (tenant_id, event_id, failed_at, attempts, last_error)
        SELECT g.tenant_id, g.event_id, moment, g.attempts, g.error
        FROM gone g WHERE g.outcome = 'dead' OR (g.outcome = 'refused' AND g.refusals >= p_max_attempts)
        ON CONFLICT (tenant_id, event_id) DO UPDATE SET failed_at = excluded.failed_at, attempts = excluded.attempts, last_error = excluded.last_error
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone g WHERE g.outcome = 'sent'),
           (SELECT count(*) FROM stays),
           (SELECT count(*) FROM delayed), (SELECT count(*) FROM dead),
           (SELECT count(*) FROM claimed) - (SELECT count(*) FROM mine)
    INTO result;
    RETURN result;
END
$$;

-- Measure ----------------------------------------------------------------------------------------
CREATE TYPE outbox_measured AS ("position" bigint, writers text[], complete boolean);

-- For the relay, about once a second: store the floors it has come to and the lengths of long lanes.
--
-- The answer lets it raise its floors further. `position` was the last one given out; `writers` are the
-- transactions that were writing to outbox_pending just after and may not have committed yet. When the same
-- call with `p_watched` => those writers says `complete`, every row up to that position is visible or will
-- never be. A long transaction elsewhere is no writer here and does not hold this back.
CREATE FUNCTION outbox_measure(p_floors jsonb, p_watched text[]) RETURNS outbox_measured
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
    AS $$
DECLARE
    result outbox_measured;
BEGIN
    -- In this order: who took a position before it was read holds the table's lock while it is looked at.
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO result.position FROM outbox_position s;
    SELECT coalesce(array_agg(k.virtualtransaction), '{}') INTO result.writers FROM pg_locks k
    WHERE k.locktype = 'relation' AND k.relation = 'outbox_pending'::regclass AND k.mode = 'RowExclusiveLock'
      AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND k.pid <> pg_backend_pid();
    result.complete := NOT result.writers && coalesce(p_watched, '{}');

    WITH measured AS (
        SELECT l.tenant_id, l.floor AS stored_floor, l.pending AS stored_pending, f.floor, counted.pending
        FROM (SELECT key AS tenant_id, value::bigint AS floor FROM jsonb_each_text(p_floors)) AS f
        JOIN outbox_lane l ON l.tenant_id = f.tenant_id
        JOIN tenant_quota d ON d.tenant_id = '*'
        LEFT JOIN tenant_quota q ON q.tenant_id = f.tenant_id
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS pending FROM (
                SELECT FROM outbox_pending p WHERE p.tenant_id = f.tenant_id AND p.position >= greatest(f.floor, l.floor)
                LIMIT coalesce(q.max_pending, d.max_pending)
            ) AS bounded
        ) AS counted
    ), worth AS (
        SELECT l.tenant_id, m.floor, m.pending
        FROM measured m JOIN outbox_lane l ON l.tenant_id = m.tenant_id
        WHERE m.floor > m.stored_floor + 500 OR m.pending > 1000 OR m.stored_pending > 1000
        FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE outbox_lane l SET floor = greatest(l.floor, w.floor), pending = w.pending, measured_at = clock_timestamp()
    FROM worth w WHERE l.tenant_id = w.tenant_id;
    RETURN result;
END
$$;

-- Give each tenant that has pending events but no lane its lane; how many there were. For the schedule: in the
-- ordinary way a lane is made by the tenant's first event.
CREATE FUNCTION outbox_find_lanes() RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
DECLARE
    made integer;
BEGIN
    WITH RECURSIVE tenants AS (
        (SELECT p.tenant_id FROM outbox_pending p ORDER BY p.tenant_id LIMIT 1)
        UNION ALL
        SELECT following.tenant_id FROM tenants t CROSS JOIN LATERAL (
            SELECT p.tenant_id FROM outbox_pending p WHERE p.tenant_id > t.tenant_id ORDER BY p.tenant_id LIMIT 1
        ) AS following
    )
    INSERT INTO outbox_lane (tenant_id)
    SELECT t.tenant_id FROM tenants t
    WHERE NOT EXISTS (SELECT FROM outbox_lane l WHERE l.tenant_id = t.tenant_id) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;

-- The moment at which something that must wait now can be claimed: a lane that backs off, a lease that may
-- expire, a delayed event, a tenant at its quota. NULL when nothing waits.
CREATE FUNCTION outbox_next_due() RETURNS timestamptz
    LANGUAGE sql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
    AS $$
    SELECT least(
        (SELECT min(d.retry_at) FROM outbox_delayed d),
        (SELECT min(CASE WHEN head.available_at > clock_timestamp() THEN head.available_at
                         WHEN (outbox_allowance(l.tenant_id, clock_timestamp())).remaining > 0 THEN clock_timestamp()
                         ELSE rest.until END)
         FROM outbox_lane l
         CROSS JOIN LATERAL (
             SELECT p.available_at FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor
             ORDER BY p.position LIMIT 1
         ) AS head
         CROSS JOIN LATERAL (
             SELECT greatest(max(u.paused_until), min(u.claimed_at) + make_interval(secs => coalesce(q.window_seconds, d.window_seconds))) AS until
             FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = l.tenant_id
             LEFT JOIN outbox_usage u ON u.tenant_id = l.tenant_id AND u.claimed_at > greatest(
                 clock_timestamp() - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
             WHERE d.tenant_id = '*'
             GROUP BY q.window_seconds, d.window_seconds
         ) AS rest))
$$;

CREATE TYPE outbox_figure AS (
    tenant_id text, pending bigint, leased bigint, delayed bigint, dead bigint, oldest_pending_at timestamptz,
    published bigint, last_published_at timestamptz, claimed_in_window bigint, allowance integer
);

-- Where each tenant's outbox stands (of one tenant, with `p_tenant`): what waits now, and what was published
-- since `p_since`. Only tenants that have something to tell.
CREATE FUNCTION outbox_figures(p_since timestamptz, p_tenant text DEFAULT NULL) RETURNS SETOF outbox_figure
    LANGUAGE sql STABLE AS $$
    SELECT f.* FROM (
        SELECT l.tenant_id, waiting.pending, waiting.leased,
               (SELECT count(*) FROM outbox_delayed d WHERE d.tenant_id = l.tenant_id) AS delayed,
               (SELECT count(*) FROM outbox_dead d WHERE d.tenant_id = l.tenant_id) AS dead,
               (SELECT e.created_at FROM outbox_event e WHERE e.tenant_id = l.tenant_id AND e.id = head.event_id) AS oldest_pending_at,
               sent.published, sent.last_published_at, sent.claimed_in_window, (outbox_allowance(l.tenant_id, clock_timestamp())).remaining AS allowance
        FROM outbox_lane l
        LEFT JOIN LATERAL (
            SELECT p.event_id, CASE WHEN p.available_at > clock_timestamp() THEN p.lease_through END AS leased_through
            FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor ORDER BY p.position LIMIT 1
        ) AS head ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS pending, count(*) FILTER (WHERE p.position <= head.leased_through) AS leased
            FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor
        ) AS waiting
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(cardinality(u.event_ids)), 0)::bigint AS published, max(u.published_at) AS last_published_at,
                   (SELECT coalesce(sum(c.events), 0)::bigint FROM outbox_usage c WHERE c.tenant_id = l.tenant_id AND c.claimed_at > clock_timestamp() - interval '60 seconds') AS claimed_in_window
            FROM outbox_publication u WHERE u.tenant_id = l.tenant_id AND u.published_at >= p_since
        ) AS sent
        WHERE l.tenant_id = coalesce(p_tenant, l.tenant_id)
    ) AS f
    WHERE f.pending + f.delayed + f.dead + f.published > 0
$$;
