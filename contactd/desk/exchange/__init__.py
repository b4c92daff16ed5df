"""Customers in and out by file: tables, visiting cards, lines of JSON."""
