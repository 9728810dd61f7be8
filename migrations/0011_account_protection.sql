CREATE TABLE `dear_hashes` (
	`user_id` text PRIMARY KEY NOT NULL,
	`cost_ms` integer,
	`used_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dear_hashes_by_cost` ON `dear_hashes` (`cost_ms`);--> statement-breakpoint
CREATE INDEX `dear_hashes_by_use` ON `dear_hashes` (`used_at`);--> statement-breakpoint
CREATE TABLE `former_addresses` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`email` text NOT NULL,
	`replaced_by` text NOT NULL,
	`changed_at` integer NOT NULL,
	`until` integer NOT NULL,
	`email_unanswered_since` integer
);
--> statement-breakpoint
CREATE INDEX `former_addresses_by_user` ON `former_addresses` (`user_id`,`changed_at`);--> statement-breakpoint
CREATE INDEX `former_addresses_by_email` ON `former_addresses` (`email`);--> statement-breakpoint
CREATE INDEX `former_addresses_by_end` ON `former_addresses` (`until`);--> statement-breakpoint
ALTER TABLE `users` ADD `email_unanswered_since` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `factor_version` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `user_restorable` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE TRIGGER dear_hashes_replaced AFTER UPDATE OF password_hash ON users WHEN old.password_hash IS NOT new.password_hash BEGIN
  DELETE FROM dear_hashes WHERE user_id = new.id;
END;
--> statement-breakpoint
CREATE TRIGGER dear_hashes_erased AFTER DELETE ON users BEGIN
  DELETE FROM dear_hashes WHERE user_id = old.id;
END;
--> statement-breakpoint
-- What was imported before, to be measured by cron: its time of use begins now.
INSERT INTO dear_hashes (user_id, cost_ms, used_at)
  SELECT id, null, unixepoch() * 1000 FROM users
  WHERE password_hash IS NOT NULL AND password_hash NOT LIKE '$argon2id$v=19$m=19456,t=2,p=1$%';
