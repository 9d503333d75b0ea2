"""People: who a token's subject is, and the profile everyone sees.

Rule: a profile changes under one global number (`profile_log`), so that a reader who knows the last number it has
seen knows exactly which copies are out of date.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Transaction

# What a person is called before their first own token names them.
UNKNOWN_NAME = "Someone"
# What a person is called who was erased.
ERASED_NAME = "Deleted user"
NEVER_SEEN = -1


class User(Model):
    """People, by `uid`: ids.user_hash_hex of issuer and subject.

    `claims_iat` is the issue time of the token applied last, 0 where it had none, -1 before the first.
    """

    id = fields.BigIntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=100)
    image = fields.TextField(null=True)
    claims_iat = fields.BigIntField(default=NEVER_SEEN)
    profile_number = fields.BigIntField()
    created_us = fields.BigIntField()

    class Meta:
        table = "users"


class ProfileChange(Model):
    """Changes of profiles, by dense number in commit order. The last number stands in `database_identity`."""

    number = fields.BigIntField(primary_key=True, generated=False)
    user: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=False)
    changed_us = fields.BigIntField()

    class Meta:
        table = "profile_log"


@dataclass(frozen=True, slots=True)
class Profile:
    """What everyone sees of a person, as of the profile change `number`."""

    user_id: int
    uid: str
    name: str
    image: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says of its bearer. `issued_at_s` is 0 where the token has no `iat`.

    A name or image of None is not spoken of, and stays as it is; an empty image means none.
    """

    uid: str
    name: str | None
    image: str | None
    issued_at_s: int


async def profiles(db: Database, user_ids: Sequence[int]) -> list[Profile]:
    """Return the profiles of those of `user_ids` that exist, in no order."""
    sql = f"SELECT id, uid, name, image, profile_number FROM users WHERE {db.dialect.one_of('id', '$1')}"
    return [_profile(row) for row in await db.rows(sql, db.dialect.array(user_ids))]


async def profiles_of_uids(db: Database, uids: Sequence[str]) -> list[Profile]:
    """Return the profiles of those users that exist, by the hash in their node id, in no order."""
    sql = f"SELECT id, uid, name, image, profile_number FROM users WHERE uid IN ({db.dialect.texts('$1')})"
    return [_profile(row) for row in await db.rows(sql, json.dumps(list(uids)))]


async def changed_profiles(db: Database, after: int, upto: int) -> list[int]:
    """Return the ids of the users whose profile changed with a number in (after, upto]."""
    rows = await db.rows("SELECT DISTINCT user_id FROM profile_log WHERE number > $1 AND number <= $2", after, upto)
    return [row["user_id"] for row in rows]


async def search_users(db: Database, text: str, *, limit: int, after_id: int) -> list[int]:
    """Return the ids of people who have a name and whose name contains `text` in any case; longest known first."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await db.tuples(
        f"SELECT id FROM users WHERE id > $1 AND claims_iat > {NEVER_SEEN} AND {db.dialect.lower('name')} LIKE $2 ESCAPE '\\'"
        " ORDER BY id LIMIT $3",
        after_id, pattern, limit,
    )  # fmt: skip
    return [row[0] for row in rows]


async def admit(db: Database, claims: Claims, now_us: int) -> int:
    """Return the user id of a token's bearer, made at first sight; newer claims than the last applied change the profile."""
    sql = "SELECT id, claims_iat FROM users WHERE uid = $1"
    rows = await db.rows(sql, claims.uid)
    if rows and rows[0]["claims_iat"] >= claims.issued_at_s:
        return int(rows[0]["id"])
    async with db.transaction() as tx:
        user_id = await ensure_user(tx, claims.uid, now_us)
        locked = await tx.rows(
            f"SELECT name, image, claims_iat FROM users WHERE id = $1{tx.dialect.row_lock}",
            user_id,
        )
        if locked[0]["claims_iat"] < claims.issued_at_s:
            name = claims.name or locked[0]["name"]
            image = locked[0]["image"] if claims.image is None else claims.image or None
            if (name, image) != (locked[0]["name"], locked[0]["image"]):
                number = await _next_profile_number(tx, user_id, now_us)
                await tx.run(
                    "UPDATE users SET name = $2, image = $3, profile_number = $4 WHERE id = $1",
                    user_id, name, image, number,
                )  # fmt: skip
            await tx.run("UPDATE users SET claims_iat = $2 WHERE id = $1", user_id, claims.issued_at_s)
    return user_id


async def erase_profile(db: Database, user_id: int, now_us: int) -> None:
    """Take name and image from a person; tokens issued before now do not bring them back."""
    async with db.transaction() as tx:
        locked = await tx.rows(f"SELECT name, image FROM users WHERE id = $1{tx.dialect.row_lock}", user_id)
        if (locked[0]["name"], locked[0]["image"]) != (ERASED_NAME, None):
            number = await _next_profile_number(tx, user_id, now_us)
            await tx.run(
                "UPDATE users SET name = $2, image = NULL, profile_number = $3 WHERE id = $1", user_id, ERASED_NAME, number
            )
        await tx.run("UPDATE users SET claims_iat = $2 WHERE id = $1", user_id, now_us // 1_000_000)


async def ensure_user(tx: Transaction, uid: str, now_us: int) -> int:
    """Return the id of the user with this hash, made without a name if never seen."""
    rows = await tx.rows("SELECT id FROM users WHERE uid = $1", uid)
    if rows:
        return int(rows[0]["id"])
    made = await tx.rows(
        "INSERT INTO users (uid, name, claims_iat, profile_number, created_us) VALUES ($1, $2, $4, 0, $3)"
        " ON CONFLICT (uid) DO NOTHING RETURNING id",
        uid, UNKNOWN_NAME, now_us, NEVER_SEEN,
    )  # fmt: skip
    if made:
        return int(made[0]["id"])
    rows = await tx.rows("SELECT id FROM users WHERE uid = $1", uid)
    return int(rows[0]["id"])


async def _next_profile_number(tx: Transaction, user_id: int, now_us: int) -> int:
    rows = await tx.rows("UPDATE database_identity SET last_profile = last_profile + 1 RETURNING last_profile")
    number = int(rows[0]["last_profile"])
    await tx.run("INSERT INTO profile_log (number, user_id, changed_us) VALUES ($1, $2, $3)", number, user_id, now_us)
    return number


def _profile(row: dict[str, object]) -> Profile:
    match row:
        case {"id": int(user_id), "uid": str(uid), "name": str(name), "image": image, "profile_number": int(number)}:
            return Profile(user_id, uid, name, image if isinstance(image, str) else None, number)
    raise TypeError(f"not a row of users: {sorted(row)}")
