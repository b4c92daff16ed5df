"""What a signature in a mail proves."""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("valid", "mismatch", "unknown", "unreadable", "invalid")
"""valid: by the author, with a key that is known.  mismatch: with a known key of somebody else.  unknown: it holds, but nobody
known vouches for the key, or the key is not there.  unreadable: its form is broken.  invalid: it does not hold, the mail was
changed."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One signature, as far as it was checked."""

    state: str
    by: str = ""
    """The address its key is for."""
    why: str = ""
    """changed | weak | expired | purpose | untrusted | no_certificate | no_key | form | too_large
    | partial: something stands beside what is signed"""

    @property
    def rank(self) -> int:
        """Order by how much it proves: what proves most comes first."""
        return STATES.index(self.state)

    def fact(self) -> str:
        """Return it in words that are kept with the message."""
        return " ".join(
            f"{name}={value}" for name, value in (("state", self.state), ("by", self.by), ("why", self.why)) if value
        )
