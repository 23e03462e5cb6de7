-- What who manages tenants set for a tenant, its own people do not change.
ALTER TABLE setting ADD COLUMN by_platform boolean NOT NULL DEFAULT false;
ALTER TABLE tenant_quota ADD COLUMN by_platform boolean NOT NULL DEFAULT false;
