"""What a newcomer finds in an empty development database: two people, a channel, a first word."""

from models.channel import ChannelKind
from models.clock import Clock
from models.database import Database
from models.ids import user_hash_hex
from models.membership import join_channel
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.send_queue import SendQueue
from models.user import Claims, admit

DEMO_USER = "Alice"
DEMO_USERS = (DEMO_USER, "Bob")
DEMO_CHANNEL = "general"


async def fill_empty_database(db: Database, issuer: str, clock: Clock) -> int | None:
    """Return the id of the demo channel, made now if there are no users yet; None where others live here already."""
    rows = await db.rows("SELECT id FROM channels WHERE name_key = $1 AND archived_us IS NULL", DEMO_CHANNEL)
    if rows:
        return int(rows[0]["id"])
    if await db.rows("SELECT id FROM users LIMIT 1"):
        return None
    alice, bob = [await admit(db, Claims(user_hash_hex(issuer, name.lower()), name, None, 0), clock()) for name in DEMO_USERS]
    new = NewChannel(ChannelKind.PUBLIC, DEMO_CHANNEL, "Say hello", alice, (), "demo")
    channel_id = await open_channel(db, new, clock())
    await join_channel(db, channel_id, bob, clock())
    sends = SendQueue(db, clock)
    await sends.send(Send(channel_id, alice, "Hello! 안녕하세요! This channel is yours to try.", "demo"))
    await sends.close()
    return channel_id
