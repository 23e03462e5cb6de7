ALTER TABLE scenario_version DROP CONSTRAINT scenario_version_no_overlap;
ALTER TABLE scenario_version ADD CONSTRAINT scenario_version_no_overlap
    EXCLUDE USING gist (uuidrange(id, id, '[]') WITH &&, valid WITH &&);

DROP TRIGGER keep_audit ON tenant;
DROP TRIGGER keep_audit ON workflow;
DROP TRIGGER keep_audit ON vendor;
DROP TRIGGER versioned ON tenant;
DROP TRIGGER versioned ON workflow;
DROP TRIGGER versioned ON vendor;
DROP FUNCTION tenant_keep_audit();
DROP FUNCTION workflow_keep_audit();
DROP FUNCTION vendor_keep_audit();
DROP FUNCTION keep_versions(regclass);
DROP FUNCTION keep_audit(regclass);
DROP FUNCTION guard_versioned(regclass);
DROP FUNCTION refuse_forged_version();
DROP FUNCTION refuse_unversioned();
DROP FUNCTION own_columns(regclass);
DROP FUNCTION uuid_low(uuid);
DROP FUNCTION uuid_high(uuid);

CREATE OR REPLACE FUNCTION enter_tenant(p_tenant text) RETURNS void
    LANGUAGE sql AS $$ SELECT set_config('app.current_tenant', p_tenant, true) $$;
