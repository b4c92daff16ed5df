"""What is wrong with the connectors of a configuration, as far as that can be told without asking their systems."""

from __future__ import annotations

from collections.abc import Iterator

from contactd.core.errors import BadRequestError
from contactd.core.newcomer import MATCHES
from contactd.core.past import RECORD
from contactd.desk.exchange.headers import CUSTOM, FIELDS, LEAVE_OUT
from contactd.desk.exchange.past_columns import CUSTOMERS, FIELD, fields_of, zone_of
from contactd.settings import Connector, Mistake, Settings


def mistakes(settings: Settings) -> Iterator[Mistake]:
    """Yield every mistake, with its path."""
    for name, options in settings.connectors.items():
        where = f"connectors.{name}"
        for column, field in options.mapping.items():
            if not _known(options, field):
                yield Mistake(f"{where}.mapping.{column}", f"there is no field {field}")
        for field in options.fixed:
            if not _known(options, field):
                yield Mistake(f"{where}.fixed.{field}", f"there is no field {field}")
        for key in options.match:
            if key not in MATCHES:
                yield Mistake(f"{where}.match", f"customers are known again by {', '.join(MATCHES)}")
        try:
            zone_of(options.zone)
        except BadRequestError as error:
            yield Mistake(f"{where}.zone", error.text)
        if options.path is not None and not options.path.is_dir():
            yield Mistake(f"{where}.path", "there is no such folder now", note=True)


def _known(options: Connector, field: str) -> bool:
    """Tell whether a column may be a field; fields the house has added are known by the store alone."""
    if field == LEAVE_OUT:
        return True
    if options.object == CUSTOMERS:
        return field in FIELDS or field.startswith(CUSTOM)
    return field in fields_of(options.object) or (options.object == RECORD and field.startswith(FIELD))
