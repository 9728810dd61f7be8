CREATE TABLE `audit_blocks` (
	`number` integer PRIMARY KEY NOT NULL,
	`time` integer NOT NULL,
	`last_position` integer NOT NULL,
	`hash` text NOT NULL,
	`head` text NOT NULL,
	`kid` text NOT NULL,
	`signature` text NOT NULL,
	`leaves` text,
	`commitments` text
);
--> statement-breakpoint
CREATE INDEX `audit_blocks_by_time` ON `audit_blocks` (`time`);--> statement-breakpoint
CREATE INDEX `audit_blocks_by_position` ON `audit_blocks` (`last_position`,`number`);--> statement-breakpoint
CREATE INDEX `audit_blocks_with_lists` ON `audit_blocks` (`number`) WHERE leaves is not null;--> statement-breakpoint
CREATE INDEX `audit_blocks_by_hash` ON `audit_blocks` (`hash`);--> statement-breakpoint
CREATE TABLE `audit_keys` (
	`kid` text PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`private_sealed` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `events` ADD `data_salt` text;--> statement-breakpoint
ALTER TABLE `events` ADD `origin_salt` text;--> statement-breakpoint
CREATE INDEX `events_by_actor` ON `events` (`actor_id`,`position`) WHERE actor_id is not user_id;--> statement-breakpoint
CREATE INDEX `events_by_organization` ON `events` (`organization_id`,`time`) WHERE organization_id is not null;
--> statement-breakpoint
-- How many events there are of each type.
INSERT INTO counts (name, value) SELECT 'events:' || type, count(*) FROM events GROUP BY type;
--> statement-breakpoint
CREATE TRIGGER events_counted_insert AFTER INSERT ON events BEGIN
  INSERT INTO counts (name, value) VALUES ('events:' || new.type, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
CREATE TRIGGER events_counted_delete AFTER DELETE ON events BEGIN
  UPDATE counts SET value = value - 1 WHERE name = 'events:' || old.type;
END;
--> statement-breakpoint
-- Late events of an erased user: as an erasure leaves them. Address and user agent are the actor's, so those of somebody else stay.
DROP TRIGGER events_of_erased;
--> statement-breakpoint
CREATE TRIGGER events_of_erased AFTER INSERT ON events
  WHEN new.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.user_id) BEGIN
  UPDATE events SET data = '{}', data_salt = NULL, delivered_at = coalesce(delivered_at, new.time) WHERE position = new.position;
  UPDATE events SET ip = NULL, user_agent = NULL, origin_salt = NULL
    WHERE position = new.position AND (actor_type <> 'user' OR actor_id = user_id);
END;
--> statement-breakpoint
CREATE TRIGGER events_by_erased AFTER INSERT ON events
  WHEN new.actor_type = 'user' AND new.actor_id IS NOT new.user_id AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.actor_id) BEGIN
  UPDATE events SET ip = NULL, user_agent = NULL, origin_salt = NULL WHERE position = new.position;
END;
