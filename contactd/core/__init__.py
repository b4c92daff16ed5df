"""The words of the trade: dataclasses, enums, tables and pure functions; no I/O."""
