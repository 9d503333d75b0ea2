"""Up to which number the changes of channels and of users' logs are no longer kept."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0003_audit')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Channel',
            name='kept_after',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Inbox',
            name='kept_after',
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
