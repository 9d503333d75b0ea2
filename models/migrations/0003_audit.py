"""A channel's trail is found without looking through its messages."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0002_reactions')]

    initial = False

    operations = [
        # Tortoise has no index with a condition that both databases understand. The kinds are those of models/audit.py.
        ops.RunSQL([
            "CREATE INDEX channel_events_trail ON channel_events (channel_id, number)"
            " WHERE kind IN (3, 5, 6, 8, 9, 10, 11, 12, 13)",
        ]),
    ]
