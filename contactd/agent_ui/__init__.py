"""Serving people: the console's pages and its socket."""
