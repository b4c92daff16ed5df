"""contactd: every contact of a customer, over every channel, in one queue."""

import os

# Names are read character by character: the dictionary of phrases would cost a second at the first one.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

__version__ = "0.1.0"
