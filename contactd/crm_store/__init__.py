"""The store: what contactd keeps, in SQLite or PostgreSQL, and the only room that knows SQL."""
