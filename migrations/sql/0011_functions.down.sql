DROP TABLE sql_function;
