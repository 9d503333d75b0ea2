-- A database as sends, joins and notifications would have left it; its size stands in the temporary table `size`.
-- Rule: heads agree with rows. A channel's events are METADATA, one MEMBER_JOINED a member, one MESSAGE_CREATED a message,
-- so a message's version is 1 + members + seq. A viewer's log is the joins, the notifications, then the reads of some.
SET session_replication_role = replica; -- no foreign key is checked: every row here has its parent
INSERT INTO users (id, uid, name, image, claims_iat, profile_number, created_us)
  SELECT u, left(encode(sha256('\x00'::bytea || convert_to('viewer-' || u, 'UTF8')), 'hex'), 32), 'Viewer Number ' || u,
    'https://images.example/' || md5(u::text) || '.png', issued_at_s, u, start_us
  FROM size, generate_series(1, members) AS u;
INSERT INTO profile_log (number, user_id, changed_us) SELECT u, u, start_us FROM size, generate_series(1, members) AS u;
UPDATE database_identity SET last_profile = members FROM size;
INSERT INTO channels (id, kind, name, name_key, topic, search_text, creator_id, created_us, last_event, last_message, last_change,
    meta_version, member_count, last_active_us)
  SELECT c, 'PUBLIC', 'channel ' || c, 'channel ' || c, 'about ' || c, 'channel ' || c || E'\n' || 'about ' || c, 1, start_us,
    1 + members + messages, messages, 0, 1, members, start_us + messages * 1000::bigint
  FROM size, generate_series(1, channels) AS c;
INSERT INTO channel_members (channel_id, user_id, role, joined_us, read_seq, last_mention, read_mention)
  SELECT c, u, CASE u WHEN 1 THEN 'OWNER' ELSE 'MEMBER' END, start_us, messages, 0, 0
  FROM size, generate_series(1, channels) AS c, generate_series(1, members) AS u;
INSERT INTO messages (channel_id, seq, version, author_id, content, created_us)
  SELECT c, s, 1 + members + s, 1 + (c * 7 + s * 13) % least(20, members),
    left('Message ' || s || ' in channel ' || c || ': ' || repeat(md5(c || ' ' || s) || ' ', 3), 120),
    start_us + s * 1000::bigint + c
  FROM size, generate_series(1, channels) AS c, generate_series(1, messages) AS s;
INSERT INTO channel_events (channel_id, number, kind, seq, subject_id, actor_id, created_us)
  SELECT c, 1, 8, NULL::bigint, NULL::bigint, 1, start_us FROM size, generate_series(1, channels) AS c
  UNION ALL SELECT c, 1 + u, 5, NULL, u, 1, start_us FROM size, generate_series(1, channels) AS c, generate_series(1, members) AS u;
INSERT INTO channel_events (channel_id, number, kind, seq, subject_id, actor_id, created_us)
  SELECT channel_id, version, 1, seq, NULL, author_id, created_us FROM messages;
-- Two of five notifications were read.
INSERT INTO notifications (user_id, number, type, title, content, link, created_us, seen_us, read_us)
  SELECT u, n, (ARRAY['mention', 'reply', 'invite', 'system'])[1 + n % 4], 'Notification ' || n,
    'Somebody did something worth telling viewer ' || u || ' about, number ' || n, '/chat/' || (1 + n % 100),
    start_us + n * 1000000::bigint, CASE WHEN n % 5 < 2 THEN start_us + 90000000 END, CASE WHEN n % 5 < 2 THEN start_us + 90000000 END
  FROM size, generate_series(1, members) AS u, generate_series(1, notifications) AS n;
INSERT INTO user_log (user_id, number, kind, channel_id, notification, created_us)
  SELECT u, c, 1, c, NULL::bigint, start_us FROM size, generate_series(1, members) AS u, generate_series(1, channels) AS c
  UNION ALL
  SELECT user_id, channels + number, 4, NULL, number, created_us FROM size, notifications
  UNION ALL
  SELECT user_id, channels + notifications + rank() OVER (PARTITION BY user_id ORDER BY number), 5, NULL, number, read_us
  FROM size, notifications WHERE read_us IS NOT NULL;
INSERT INTO inboxes (user_id, last_log, last_number, seen_total, read_total)
  SELECT u, (SELECT count(*) FROM user_log WHERE user_id = u), notifications, r.total, r.total
  FROM size, generate_series(1, members) AS u,
    LATERAL (SELECT count(*) AS total FROM notifications WHERE user_id = u AND read_us IS NOT NULL) AS r;
SELECT setval(pg_get_serial_sequence('users', 'id'), members), setval(pg_get_serial_sequence('channels', 'id'), channels) FROM size;
SET session_replication_role = DEFAULT;
