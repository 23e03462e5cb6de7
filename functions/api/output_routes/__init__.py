"""The routes that read the lake, for the entry that loads pyarrow."""
