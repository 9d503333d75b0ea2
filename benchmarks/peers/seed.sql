-- The peers' own tables: 200 users, 100 channels, 1,000 messages a channel (~120 characters), 50 notifications a user (30 unread).
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, image text);
CREATE TABLE channels (id int PRIMARY KEY, name text NOT NULL, topic text, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE messages (id int PRIMARY KEY, channel_id int NOT NULL REFERENCES channels, seq bigint NOT NULL,
  author_id int NOT NULL REFERENCES users, content text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE notifications (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, type text NOT NULL, title text NOT NULL,
  content text NOT NULL, link text, read boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL);
CREATE TABLE presence (channel_id int NOT NULL REFERENCES channels, user_id int NOT NULL REFERENCES users,
  seen_at timestamptz NOT NULL, PRIMARY KEY (channel_id, user_id));

INSERT INTO users SELECT i, 'Viewer Number ' || i, 'https://images.example/' || md5(i::text) || '.png' FROM generate_series(1, 200) i;
INSERT INTO channels SELECT i, 'channel ' || i, 'about ' || i FROM generate_series(1, 100) i;
INSERT INTO messages
  SELECT (c - 1) * 1000 + s, c, s, 1 + (c * 7 + s * 13) % 20,
         left('Message ' || s || ' in channel ' || c || ': ' || repeat(md5(c || ' ' || s) || ' ', 3), 120),
         timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => s * 7 + c) + interval '0.125 s'
  FROM generate_series(1, 100) c, generate_series(1, 1000) s;
INSERT INTO notifications
  SELECT (u - 1) * 50 + n, u, (ARRAY['mention', 'reply', 'invite', 'system'])[1 + n % 4], 'Notification ' || n,
         'Somebody did something worth telling viewer ' || u || ' about, number ' || n, '/chat/' || (1 + n % 100), n % 5 < 2,
         timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => n * 61 + u) + interval '0.250 s'
  FROM generate_series(1, 200) u, generate_series(1, 50) n;
-- Seen in the future, so that the number of active users does not change during a run.
INSERT INTO presence SELECT c, 1 + (c * 3 + k * 17) % 200, timestamptz '2100-01-01' FROM generate_series(1, 100) c, generate_series(1, 5 + c % 20) k
  ON CONFLICT DO NOTHING;

CREATE UNIQUE INDEX messages_channel_seq ON messages (channel_id, seq);
CREATE INDEX notifications_unread ON notifications (user_id, created_at DESC) WHERE NOT read;
