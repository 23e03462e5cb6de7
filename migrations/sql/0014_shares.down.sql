ALTER TABLE tenant_quota DROP COLUMN by_platform;
ALTER TABLE setting DROP COLUMN by_platform;
