DELETE FROM setting WHERE tenant_id = '*' AND kind = 'rate-limit' AND name = 'shared-report';
DROP TABLE report_link, report CASCADE;
DROP FUNCTION keep_report();
