"""Use cases: the only place that joins routing, channels and the store."""
