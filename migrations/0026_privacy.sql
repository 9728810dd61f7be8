CREATE TABLE `legal_holds` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text,
	`organization_id` text,
	`reason` text NOT NULL,
	`placed_by` text,
	`placed_at` integer NOT NULL,
	`released_by` text,
	`released_at` integer
);
--> statement-breakpoint
CREATE INDEX `legal_holds_by_user` ON `legal_holds` (`user_id`) WHERE user_id is not null;--> statement-breakpoint
CREATE INDEX `legal_holds_by_organization` ON `legal_holds` (`organization_id`) WHERE organization_id is not null;--> statement-breakpoint
CREATE INDEX `legal_holds_by_time` ON `legal_holds` (`placed_at`,`id`);--> statement-breakpoint
CREATE INDEX `legal_holds_by_author` ON `legal_holds` (`placed_by`) WHERE placed_by is not null;--> statement-breakpoint
CREATE INDEX `legal_holds_by_releaser` ON `legal_holds` (`released_by`) WHERE released_by is not null;--> statement-breakpoint
CREATE TABLE `consents` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`user_id` text NOT NULL,
	`purpose` text NOT NULL,
	`version` text NOT NULL,
	`change` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `consents_id_unique` ON `consents` (`id`);--> statement-breakpoint
CREATE INDEX `consents_by_user` ON `consents` (`user_id`,`purpose`,`position`);--> statement-breakpoint
CREATE TABLE `data_requests` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`type` text NOT NULL,
	`status` text NOT NULL,
	`description` text,
	`asked_for` text DEFAULT '{}' NOT NULL,
	`received_at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`extended_at` integer,
	`extension_reason` text,
	`answer` text,
	`completed_at` integer,
	`updated_at` integer NOT NULL,
	`handled_by` text,
	`remind_at` integer,
	`session_id` text,
	`format` text,
	`available_until` integer
);
--> statement-breakpoint
CREATE INDEX `data_requests_by_user` ON `data_requests` (`user_id`,`received_at`);--> statement-breakpoint
CREATE INDEX `data_requests_by_time` ON `data_requests` (`received_at`,`id`);--> statement-breakpoint
CREATE INDEX `data_requests_to_remind` ON `data_requests` (`remind_at`) WHERE remind_at is not null;--> statement-breakpoint
CREATE INDEX `data_requests_by_admin` ON `data_requests` (`handled_by`) WHERE handled_by is not null;--> statement-breakpoint
CREATE TABLE `privacy_settings` (
	`user_id` text PRIMARY KEY NOT NULL,
	`switches` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `users` ADD `erasing_since` integer;--> statement-breakpoint
-- Consents only grow: a row goes with its user, and never before.
CREATE TRIGGER consents_unchanged BEFORE UPDATE ON consents BEGIN
  SELECT raise(ABORT, 'a consent is not changed');
END;
--> statement-breakpoint
CREATE TRIGGER consents_kept BEFORE DELETE ON consents
WHEN exists (SELECT 1 FROM users WHERE id = old.user_id AND erasing_since IS NULL) BEGIN
  SELECT raise(ABORT, 'a consent is not deleted');
END;
--> statement-breakpoint
-- Whoever restores the account, and by whichever way, takes the request for its erasure back.
CREATE TRIGGER data_requests_withdrawn AFTER UPDATE OF status ON users
WHEN old.status = 'deleted' AND new.status <> 'deleted' BEGIN
  UPDATE data_requests SET status = 'rejected', answer = 'The account was restored', completed_at = new.updated_at,
    updated_at = new.updated_at, remind_at = NULL
  WHERE user_id = new.id AND type = 'erasure' AND status IN ('received', 'in_progress');
END;
