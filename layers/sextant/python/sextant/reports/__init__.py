"""Reports: a comparison as it was answered once, kept as its own bytes, and links by which somebody without an account reads it."""
