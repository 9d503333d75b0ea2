"""The first tables."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='CursorKey',
            fields=[
                ('number', fields.IntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('secret_hex', fields.CharField(max_length=64)),
                ('created_us', fields.BigIntField()),
            ],
            options={'table': 'cursor_keys', 'app': 'models', 'pk_attr': 'number', 'table_description': 'Keys that sign cursors. The highest number signs, the others still verify.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DatabaseIdentity',
            fields=[
                ('id', fields.SmallIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('epoch_hex', fields.CharField(max_length=16)),
                ('last_profile', fields.BigIntField(default=0)),
            ],
            options={'table': 'database_identity', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What makes this database this database, in one row with id 1.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='User',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('uid', fields.CharField(unique=True, max_length=32)),
                ('name', fields.CharField(max_length=100)),
                ('image', fields.TextField(null=True, unique=False)),
                ('claims_iat', fields.BigIntField(default=-1)),
                ('profile_number', fields.BigIntField()),
                ('created_us', fields.BigIntField()),
            ],
            options={'table': 'users', 'app': 'models', 'pk_attr': 'id', 'table_description': 'People, by `uid`: ids.user_hash_hex of issuer and subject.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Channel',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=8)),
                ('name', fields.CharField(max_length=100)),
                ('name_key', fields.CharField(null=True, max_length=400)),
                ('topic', fields.CharField(max_length=500)),
                ('search_text', fields.TextField(unique=False)),
                ('direct_key', fields.CharField(null=True, unique=True, max_length=64)),
                ('client_channel_id', fields.CharField(null=True, max_length=64)),
                ('creator', fields.ForeignKeyField('models.User', source_field='creator_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('created_us', fields.BigIntField()),
                ('archived_us', fields.BigIntField(null=True)),
                ('last_event', fields.BigIntField(default=0)),
                ('last_message', fields.BigIntField(default=0)),
                ('last_change', fields.BigIntField(default=0)),
                ('meta_version', fields.BigIntField(default=0)),
                ('member_count', fields.BigIntField(default=0)),
                ('last_active_us', fields.BigIntField()),
            ],
            options={'table': 'channels', 'app': 'models', 'unique_together': (('creator_id', 'client_channel_id'),), 'pk_attr': 'id', 'table_description': 'Channels with their metadata and their head.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('number', fields.BigIntField()),
                ('kind', fields.SmallIntField()),
                ('seq', fields.BigIntField(null=True)),
                ('subject_id', fields.BigIntField(null=True)),
                ('actor_id', fields.BigIntField()),
                ('created_us', fields.BigIntField()),
            ],
            options={'table': 'channel_events', 'app': 'models', 'unique_together': (('channel_id', 'number'),), 'pk_attr': 'id', 'table_description': 'Changes of channels, by dense number. `seq` names the message, `subject_id` the member, `actor_id` who did it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelMember',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_index=True, db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharField(max_length=9)),
                ('joined_us', fields.BigIntField()),
                ('read_seq', fields.BigIntField(default=0)),
                ('last_mention', fields.BigIntField(default=0)),
                ('read_mention', fields.BigIntField(default=0)),
            ],
            options={'table': 'channel_members', 'app': 'models', 'unique_together': (('channel_id', 'user_id'),), 'pk_attr': 'id', 'table_description': 'Who belongs to which channel, and has read how far.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Inbox',
            fields=[
                ('user_id', fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('last_log', fields.BigIntField(default=0)),
                ('last_number', fields.BigIntField(default=0)),
                ('seen_total', fields.BigIntField(default=0)),
                ('read_total', fields.BigIntField(default=0)),
            ],
            options={'table': 'inboxes', 'app': 'models', 'pk_attr': 'user_id', 'table_description': "Heads of users' logs and notifications."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Message',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('seq', fields.BigIntField()),
                ('version', fields.BigIntField()),
                ('author', fields.ForeignKeyField('models.User', source_field='author_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('content', fields.TextField(unique=False)),
                ('created_us', fields.BigIntField()),
                ('edited_us', fields.BigIntField(null=True)),
                ('deleted_us', fields.BigIntField(null=True)),
                ('reply_to_seq', fields.BigIntField(null=True)),
                ('client_message_id', fields.CharField(null=True, max_length=64)),
                ('mentions', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'messages', 'app': 'models', 'unique_together': (('channel_id', 'seq'), ('channel_id', 'author_id', 'client_message_id')), 'pk_attr': 'id', 'table_description': 'Messages, by channel and seq.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MessageMention',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('user_id', fields.BigIntField()),
                ('seq', fields.BigIntField()),
            ],
            options={'table': 'message_mentions', 'app': 'models', 'unique_together': (('channel_id', 'user_id', 'seq'),), 'pk_attr': 'id', 'table_description': 'Members named by messages.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Notification',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('number', fields.BigIntField()),
                ('type', fields.CharField(max_length=50)),
                ('title', fields.CharField(max_length=200)),
                ('content', fields.TextField(unique=False)),
                ('link', fields.TextField(null=True, unique=False)),
                ('created_us', fields.BigIntField()),
                ('seen_us', fields.BigIntField(null=True)),
                ('read_us', fields.BigIntField(null=True)),
                ('archived_us', fields.BigIntField(null=True)),
                ('actor_id', fields.BigIntField(null=True)),
                ('channel_id', fields.BigIntField(null=True)),
                ('seq', fields.BigIntField(null=True)),
                ('dedupe_key', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'notifications', 'app': 'models', 'unique_together': (('user_id', 'number'), ('user_id', 'dedupe_key')), 'pk_attr': 'id', 'table_description': 'Notifications, by recipient and dense number.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ProfileChange',
            fields=[
                ('number', fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('changed_us', fields.BigIntField()),
            ],
            options={'table': 'profile_log', 'app': 'models', 'pk_attr': 'number', 'table_description': 'Changes of profiles, by dense number in commit order. The last number stands in `database_identity`.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UserEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('number', fields.BigIntField()),
                ('kind', fields.SmallIntField()),
                ('channel_id', fields.BigIntField(null=True)),
                ('notification', fields.BigIntField(null=True)),
                ('created_us', fields.BigIntField()),
            ],
            options={'table': 'user_log', 'app': 'models', 'unique_together': (('user_id', 'number'),), 'pk_attr': 'id', 'table_description': "Entries of users' logs, by dense number. `channel_id` or `notification` names what an entry is about."},
            bases=['Model'],
        ),
        # Tortoise has no index with a condition that both databases understand.
        ops.RunSQL([
            "CREATE UNIQUE INDEX channels_public_name ON channels (name_key) WHERE archived_us IS NULL",
            "CREATE INDEX notifications_about ON notifications (channel_id, seq) WHERE channel_id IS NOT NULL",
            "CREATE INDEX notifications_unread ON notifications (user_id, number) WHERE read_us IS NULL AND archived_us IS NULL",
        ]),
    ]
