"""Callers' numbers as contact points."""

from __future__ import annotations

from dataclasses import dataclass

from contactd.core.address import phone_point
from contactd.core.party import Point


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers are read here."""

    region: str = "CN"
    area_code: str | None = None

    def point(self, number: str | None) -> Point | None:
        """Return the contact point of a number that may be shown; None when there is none."""
        return phone_point(number, region=self.region, area_code=self.area_code) if number else None

    def same(self, one: str, other: str) -> bool:
        """Tell whether two spellings are of one number."""
        points = self.point(one), self.point(other)
        if points[0] is None or points[1] is None:
            return one == other
        return (points[0].value, points[0].ext) == (points[1].value, points[1].ext)
