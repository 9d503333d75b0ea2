"""A real PostgreSQL with a standby that takes over when it falls, at the same address."""

import time

from tests.servers.postgres import Postgres
from tests.servers.waiting import until

_STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
_SYNCHRONOUS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


class FollowedPostgres:
    """A `primary`, and a standby: what is acknowledged is on its disk too, or follows later where it is not `synchronous`."""

    def __init__(self, *, synchronous: bool = True) -> None:
        self.primary = Postgres()
        self._synchronous = synchronous
        self._standby: Postgres | None = None

    def start(self) -> "FollowedPostgres":
        """Start both; returns when the standby follows."""
        self.primary.start()
        self.follow()
        return self

    def follow(self) -> None:
        """Give the primary a new standby; returns when it follows, and the primary waits for it if it is to."""
        self._standby = standby = Postgres()
        standby.follow(self.primary, streams=True)
        standby.start()
        if self._synchronous:
            self.primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.run("SELECT pg_reload_conf()")
        follows = _SYNCHRONOUS if self._synchronous else _STREAMS
        until(lambda: self.primary.run(follows) == "1", "the standby does not follow")

    @property
    def standby(self) -> Postgres:
        assert self._standby is not None, "nobody follows"
        return self._standby

    def hold_replay(self) -> None:
        """Let the standby show nothing newer than now."""
        self.standby.run("SELECT pg_wal_replay_pause()")
        until(lambda: self.standby.run("SELECT pg_get_wal_replay_pause_state()") == "paused", "the standby does not pause")

    def let_replay(self) -> None:
        """Let the standby go on to show what it receives."""
        self.standby.run("SELECT pg_wal_replay_resume()")

    def cut_off(self) -> float:
        """Let nothing more reach the standby; returns until when, by time.monotonic, it has all that was acknowledged."""
        standby, kept_s = self.standby, time.monotonic()
        place = self.primary.run("SELECT pg_current_wal_flush_lsn()")
        until(lambda: standby.run(f"SELECT pg_last_wal_receive_lsn() >= '{place}'") == "t", "the standby does not catch up")
        standby.run("ALTER SYSTEM SET primary_conninfo = ''")
        standby.run("SELECT pg_reload_conf()")
        until(lambda: self.primary.run(_STREAMS) == "0", "the standby still follows")
        return kept_s

    def fall(self) -> None:
        """Stop the primary, as a crash does."""
        self.primary.stop(immediately=True)

    def take_over(self) -> float:
        """Make the standby the primary, on a timeline of its own, where the one that fell was.

        Returns a moment, by time.monotonic, at which nobody answered any more, or yet.
        """
        standby, fallen = self.standby, self.primary
        standby.promote()
        standby.stop()
        standby.port = fallen.port  # where an address leads is somebody else's to change
        silent_s = time.monotonic()
        standby.start()
        self.primary, self._standby = standby, None
        fallen.remove()
        return silent_s

    def remove(self) -> None:
        """Stop both and delete their folders."""
        for one in (self.primary, self._standby):
            if one is not None:
                one.remove()
