DROP TABLE export;
DELETE FROM state_change WHERE kind = 'export';
ALTER TABLE state_change DROP CONSTRAINT state_change_kind_check;
ALTER TABLE state_change ADD CONSTRAINT state_change_kind_check CHECK (kind IN ('run', 'incident'));
