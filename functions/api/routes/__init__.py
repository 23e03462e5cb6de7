"""The routes, a file a noun. A route parses, calls one service and maps the result."""
