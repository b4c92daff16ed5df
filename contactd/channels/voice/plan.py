"""Which numbers may be dialled, and how they are written for the trunk.

A stranger who writes a number into a form, or a customer record that was imported, must not cost money: numbers abroad, premium
numbers and services are refused until the configuration allows them.  Emergency numbers are never refused.
"""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers

from contactd.channels.voice.options import DialOptions
from contactd.core.address import PhoneAddress, phone
from contactd.core.errors import BadRequestError

EMERGENCY = frozenset({"110", "112", "119", "120", "122"})
_ORDINARY = frozenset({"mobile", "fixed", "voip", "tollfree", "other"})
_INNER_DIGITS = 6
"""A phone of the house has at most so many."""


class Why(StrEnum):
    """Why a number is not called: codes of the error."""

    NOT_A_NUMBER = "not_a_number"
    NO_OUTSIDE_CALLS = "no_outside_calls"
    ABROAD = "number_abroad"
    PREMIUM = "number_premium"
    SERVICE = "number_service"


_TEXTS = {
    Why.NOT_A_NUMBER: "this is no telephone number",
    Why.NO_OUTSIDE_CALLS: "no way out is configured (channels.voice.dial.endpoint)",
    Why.ABROAD: "numbers of this country may not be called",
    Why.PREMIUM: "premium numbers may not be called",
    Why.SERVICE: "this service number may not be called",
}


class Plan:
    """Checks numbers.

    Args:
        options: the section `[channels.voice.dial]`.
        region: country whose rules numbers without a country code are read by.
        area_code: of local numbers.
    """

    def __init__(self, options: DialOptions, region: str, area_code: str | None) -> None:
        self._options = options
        self._region = region
        self._area_code = area_code
        self._home = f"+{phonenumbers.country_code_for_region(region)}"
        self._short = [re.compile(each.replace("x", r"\d")) for each in options.short]

    def number(self, text: str) -> str:
        """Return a number as the trunk wants it.

        Raises:
            BadRequestError: it is none, or it may not be called; `code` is a key of the texts above.
        """
        found = phone(text, self._region, self._area_code)
        if found is None:
            raise _refused(Why.NOT_A_NUMBER)
        kind, value = found.kind, found.e164.partition(":")[2]
        if kind == "short":
            return self._service(value)
        if kind == "raw":
            return self._inner(value)
        if not self._options.endpoint:
            raise _refused(Why.NO_OUTSIDE_CALLS)
        if kind == "premium" and not self._options.premium:
            raise _refused(Why.PREMIUM)
        if kind not in _ORDINARY and kind != "premium":
            raise _refused(Why.NOT_A_NUMBER)
        return self._whole(found)

    def endpoint(self, text: str) -> str:
        """Return what is dialled for a number: `PJSIP/13700001111@telco`.

        Raises:
            BadRequestError: as `number`.
        """
        number = self.number(text)
        inner = self._options.inner if self._is_inner(number) else ""
        return (inner or self._options.endpoint).replace("{number}", number)

    def shown(self, line: str) -> str:
        """Return the number that a call for a line shows to who is called; empty when the PBX decides."""
        return self._options.shown.get(line, self._options.number)

    def _is_inner(self, number: str) -> bool:
        return bool(self._options.inner) and len(number) <= _INNER_DIGITS and number not in EMERGENCY

    def _service(self, digits: str) -> str:
        if digits not in EMERGENCY and not any(each.fullmatch(digits) for each in self._short):
            raise _refused(Why.SERVICE)
        if not self._options.endpoint:
            raise _refused(Why.NO_OUTSIDE_CALLS)
        return digits

    def _inner(self, digits: str) -> str:
        """Return the number of a phone of the house; digits that are no whole number may be nothing else."""
        if not self._options.inner or not 1 < len(digits) <= _INNER_DIGITS or not digits.isascii():
            raise _refused(Why.NOT_A_NUMBER)
        return digits

    def _whole(self, found: PhoneAddress) -> str:
        home = found.e164.startswith(self._home)
        if not home and not any(found.e164.startswith(each) for each in self._options.abroad):
            raise _refused(Why.ABROAD)
        if self._options.form == "e164":
            return found.e164
        if not home:
            return f"00{found.e164[1:]}"
        parsed = phonenumbers.parse(found.e164)
        national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return re.sub(r"\D", "", national)


def _refused(code: Why) -> BadRequestError:
    return BadRequestError(_TEXTS[code], code=str(code), field="to")
