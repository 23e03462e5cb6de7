DROP INDEX config_audit_journal;
DROP TABLE run_receipt;
