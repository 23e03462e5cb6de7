"""The operations function: failures become events, incidents, decisions and actions."""
