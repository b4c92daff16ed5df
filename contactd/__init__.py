"""contactd: every contact of a customer, over every channel, in one queue."""

__version__ = "0.1.0"
