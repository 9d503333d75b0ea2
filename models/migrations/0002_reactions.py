"""Who answered which message with which emoji, and in the messages, how many did."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MessageReaction',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('seq', fields.BigIntField()),
                ('user_id', fields.BigIntField()),
                ('emoji', fields.CharField(max_length=32)),
            ],
            options={'table': 'message_reactions', 'app': 'models', 'unique_together': (('channel_id', 'seq', 'user_id', 'emoji'),), 'pk_attr': 'id', 'table_description': 'Emoji with which people answered messages.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Message',
            name='reactions',
            field=fields.TextField(null=True, unique=False),
        ),
    ]
