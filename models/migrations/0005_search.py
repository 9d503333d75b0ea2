"""Messages are found by their words, people by what their names hold."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# As models/dialect.py asks for them: an index of an expression serves that expression alone.
POSTGRESQL = [
    r"""CREATE INDEX messages_words ON messages USING gin (to_tsvector('simple',
    translate(content, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                ')))""",
]
# The words are kept, the text is not kept twice.
SQLITE = [
    "CREATE VIRTUAL TABLE message_words USING fts5(content, content='messages', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER messages_words_added AFTER INSERT ON messages BEGIN"
    " INSERT INTO message_words (rowid, content) VALUES (new.id, new.content); END",
    "CREATE TRIGGER messages_words_changed AFTER UPDATE OF content ON messages BEGIN"
    " INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.id, old.content);"
    " INSERT INTO message_words (rowid, content) VALUES (new.id, new.content); END",
    "INSERT INTO message_words (message_words) VALUES ('rebuild')",
]


async def index_words(_apps, editor) -> None:
    for statement in SQLITE if editor.client.capabilities.dialect == "sqlite" else POSTGRESQL:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [('models', '0004_retention')]

    initial = False

    operations = [ops.RunPython(index_words)]
