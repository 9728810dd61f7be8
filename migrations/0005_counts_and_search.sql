-- Counts of users: exact, for they change in the statement that changes the row.
INSERT INTO user_counts (bucket, status, role, mfa_enabled, count)
  SELECT -1, status, role, mfa_enabled, count(*) FROM users GROUP BY status, role, mfa_enabled;
--> statement-breakpoint
INSERT INTO user_counts (bucket, status, role, mfa_enabled, count)
  SELECT number >> 10, status, role, mfa_enabled, count(*) FROM users GROUP BY number >> 10, status, role, mfa_enabled;
--> statement-breakpoint
CREATE TRIGGER users_counted_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_counts (bucket, status, role, mfa_enabled, count) VALUES (-1, new.status, new.role, new.mfa_enabled, 1)
    ON CONFLICT (bucket, status, role, mfa_enabled) DO UPDATE SET count = count + 1;
  INSERT INTO user_counts (bucket, status, role, mfa_enabled, count) VALUES (new.number >> 10, new.status, new.role, new.mfa_enabled, 1)
    ON CONFLICT (bucket, status, role, mfa_enabled) DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER users_counted_update AFTER UPDATE OF status, role, mfa_enabled ON users
  WHEN new.status <> old.status OR new.role <> old.role OR new.mfa_enabled <> old.mfa_enabled BEGIN
  UPDATE user_counts SET count = count - 1
    WHERE bucket = -1 AND status = old.status AND role = old.role AND mfa_enabled = old.mfa_enabled;
  UPDATE user_counts SET count = count - 1
    WHERE bucket = old.number >> 10 AND status = old.status AND role = old.role AND mfa_enabled = old.mfa_enabled;
  INSERT INTO user_counts (bucket, status, role, mfa_enabled, count) VALUES (-1, new.status, new.role, new.mfa_enabled, 1)
    ON CONFLICT (bucket, status, role, mfa_enabled) DO UPDATE SET count = count + 1;
  INSERT INTO user_counts (bucket, status, role, mfa_enabled, count) VALUES (new.number >> 10, new.status, new.role, new.mfa_enabled, 1)
    ON CONFLICT (bucket, status, role, mfa_enabled) DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER users_counted_delete AFTER DELETE ON users BEGIN
  UPDATE user_counts SET count = count - 1
    WHERE bucket = -1 AND status = old.status AND role = old.role AND mfa_enabled = old.mfa_enabled;
  UPDATE user_counts SET count = count - 1
    WHERE bucket = old.number >> 10 AND status = old.status AND role = old.role AND mfa_enabled = old.mfa_enabled;
END;
--> statement-breakpoint
-- Search within names and addresses: every three characters that follow each other are indexed.
CREATE VIRTUAL TABLE user_search USING fts5(email, username, first_name, last_name, display_name, content='users', content_rowid='number', tokenize='trigram');
--> statement-breakpoint
INSERT INTO user_search (user_search) VALUES ('rebuild');
--> statement-breakpoint
CREATE TRIGGER users_searched_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_search (rowid, email, username, first_name, last_name, display_name) VALUES (new.number, new.email, new.username, new.first_name, new.last_name, new.display_name);
END;
--> statement-breakpoint
CREATE TRIGGER users_searched_update AFTER UPDATE OF email, username, first_name, last_name, display_name ON users BEGIN
  INSERT INTO user_search (user_search, rowid, email, username, first_name, last_name, display_name) VALUES ('delete', old.number, old.email, old.username, old.first_name, old.last_name, old.display_name);
  INSERT INTO user_search (rowid, email, username, first_name, last_name, display_name) VALUES (new.number, new.email, new.username, new.first_name, new.last_name, new.display_name);
END;
--> statement-breakpoint
CREATE TRIGGER users_searched_delete AFTER DELETE ON users BEGIN
  INSERT INTO user_search (user_search, rowid, email, username, first_name, last_name, display_name) VALUES ('delete', old.number, old.email, old.username, old.first_name, old.last_name, old.display_name);
END;
--> statement-breakpoint
-- Sessions live in objects; the record counts them. A repeated event inserts no row, so it counts once.
INSERT INTO counts (name, value)
  SELECT 'sessions.opened', count(*) FROM events WHERE type = 'session.created';
--> statement-breakpoint
INSERT INTO counts (name, value)
  SELECT 'sessions.open', coalesce(sum(CASE type WHEN 'session.created' THEN 1 ELSE -1 END), 0) FROM events
    WHERE type IN ('session.created', 'session.revoked', 'session.expired');
--> statement-breakpoint
INSERT INTO counts (name, value)
  SELECT 'sessions.opened@' || (time / 3600000), count(*) FROM events WHERE type = 'session.created' GROUP BY 1;
--> statement-breakpoint
INSERT INTO counts (name, value)
  SELECT 'sessions.open:' || user_id, sum(CASE type WHEN 'session.created' THEN 1 ELSE -1 END) FROM events
    WHERE type IN ('session.created', 'session.revoked', 'session.expired') AND user_id IS NOT NULL GROUP BY 1;
--> statement-breakpoint
CREATE TRIGGER sessions_counted_opened AFTER INSERT ON events WHEN new.type = 'session.created' AND new.user_id IS NOT NULL BEGIN
  INSERT INTO counts (name, value) VALUES ('sessions.opened', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) VALUES ('sessions.open', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) VALUES ('sessions.opened@' || (new.time / 3600000), 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) VALUES ('sessions.open:' || new.user_id, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
CREATE TRIGGER sessions_counted_ended AFTER INSERT ON events WHEN new.type IN ('session.revoked', 'session.expired') AND new.user_id IS NOT NULL BEGIN
  INSERT INTO counts (name, value) VALUES ('sessions.open', -1) ON CONFLICT (name) DO UPDATE SET value = value - 1;
  INSERT INTO counts (name, value) VALUES ('sessions.open:' || new.user_id, -1) ON CONFLICT (name) DO UPDATE SET value = value - 1;
END;
--> statement-breakpoint
INSERT INTO counts (name, value) SELECT 'passkeys', count(*) FROM passkeys;
--> statement-breakpoint
CREATE TRIGGER passkeys_counted_insert AFTER INSERT ON passkeys BEGIN
  INSERT INTO counts (name, value) VALUES ('passkeys', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
CREATE TRIGGER passkeys_counted_delete AFTER DELETE ON passkeys BEGIN
  INSERT INTO counts (name, value) VALUES ('passkeys', -1) ON CONFLICT (name) DO UPDATE SET value = value - 1;
END;
