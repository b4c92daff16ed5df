"""Connectors: what other systems hold is brought in by itself, from a folder, over REST, from their database, or sent to us."""
