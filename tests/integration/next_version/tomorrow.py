"""A column and an index on the table that everybody reads."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0005_search")]  # noqa: RUF012  # the form that Tortoise reads

    initial = False

    operations = [  # noqa: RUF012  # as above
        ops.AddField(model_name="Message", name="pinned", field=fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(["CREATE INDEX messages_pinned ON messages (channel_id, seq) WHERE pinned"]),
    ]
