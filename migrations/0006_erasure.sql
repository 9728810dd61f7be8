CREATE INDEX `mails_by_user` ON `mails` (`user_id`);--> statement-breakpoint
CREATE INDEX `mails_by_recipient` ON `mails` (`recipient`);--> statement-breakpoint
-- What still comes in of a user who was erased (a message of the queue, a change that lost its race) says nothing of the person, and wakes no object.
CREATE TRIGGER events_of_erased AFTER INSERT ON events
  WHEN new.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.user_id) BEGIN
  UPDATE events SET data = '{}', ip = NULL, user_agent = NULL, delivered_at = coalesce(delivered_at, new.time) WHERE position = new.position;
END;
--> statement-breakpoint
-- The totals count late events too; a count of the erased user's own does not come back.
DROP TRIGGER sessions_counted_opened;
--> statement-breakpoint
CREATE TRIGGER sessions_counted_opened AFTER INSERT ON events WHEN new.type = 'session.created' AND new.user_id IS NOT NULL BEGIN
  INSERT INTO counts (name, value) VALUES ('sessions.opened', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) VALUES ('sessions.open', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) VALUES ('sessions.opened@' || (new.time / 3600000), 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
  INSERT INTO counts (name, value) SELECT 'sessions.open:' || new.user_id, 1 WHERE EXISTS (SELECT 1 FROM users WHERE id = new.user_id)
    ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
DROP TRIGGER sessions_counted_ended;
--> statement-breakpoint
CREATE TRIGGER sessions_counted_ended AFTER INSERT ON events WHEN new.type IN ('session.revoked', 'session.expired') AND new.user_id IS NOT NULL BEGIN
  INSERT INTO counts (name, value) VALUES ('sessions.open', -1) ON CONFLICT (name) DO UPDATE SET value = value - 1;
  INSERT INTO counts (name, value) SELECT 'sessions.open:' || new.user_id, -1 WHERE EXISTS (SELECT 1 FROM users WHERE id = new.user_id)
    ON CONFLICT (name) DO UPDATE SET value = value - 1;
END;
