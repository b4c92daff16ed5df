"""Serving programs (and the console's reads): REST under /api/v1."""
