DROP TABLE run_cancellation;
