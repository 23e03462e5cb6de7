DROP INDEX event_incident_time;
DROP TABLE baseline_deletion;
