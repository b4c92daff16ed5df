"""Messages whose delivery state changed, shown anew to whoever has the conversation."""

from __future__ import annotations

from contactd.crm_store import messages
from contactd.crm_store.store import Store
from contactd.desk.changes import MessageAdded
from contactd.desk.publisher import Publisher


async def show_delivery(store: Store, publisher: Publisher, message: str) -> None:
    """Show a message as it stands in the store now."""
    view = await store.read(lambda conn: messages.get(conn, message))
    publisher.publish([MessageAdded(interaction=view["interaction"], message=view)])
