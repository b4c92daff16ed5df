"""Doubles and simulators that ship with the product: for its own tests, for the demo, and for people who write channels."""
