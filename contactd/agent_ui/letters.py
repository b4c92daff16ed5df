"""The commands about what was written: in the outbox."""

from __future__ import annotations

from contactd.agent_ui.fields import Ident, Shape


class OnMessage(Shape):
    """outbox.cancel, outbox.again, outbox.dismiss: about a message on its way out."""

    message: Ident


LETTERS: dict[str, type[Shape]] = {
    "outbox.cancel": OnMessage,
    "outbox.again": OnMessage,
    "outbox.dismiss": OnMessage,
}
"""Commands about letters."""
