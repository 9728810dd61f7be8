CREATE TABLE `clients` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`secret_hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`disabled_at` integer
);
--> statement-breakpoint
CREATE TABLE `events` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`time` integer NOT NULL,
	`subject` text NOT NULL,
	`user_id` text,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`session_id` text,
	`organization_id` text,
	`data` text NOT NULL,
	`ip` text,
	`user_agent` text,
	`claims_version` integer,
	`feed_entry` text,
	`delivered_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_id_unique` ON `events` (`id`);--> statement-breakpoint
CREATE INDEX `events_undelivered` ON `events` (`user_id`,`position`) WHERE delivered_at is null;--> statement-breakpoint
CREATE INDEX `events_by_time` ON `events` (`time`);--> statement-breakpoint
CREATE INDEX `events_by_user` ON `events` (`user_id`,`position`);--> statement-breakpoint
CREATE INDEX `events_by_type` ON `events` (`type`,`position`);--> statement-breakpoint
CREATE TABLE `mailbox` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`recipient` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`html` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `mailbox_by_recipient` ON `mailbox` (`recipient`,`position`);--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`kid` text PRIMARY KEY NOT NULL,
	`alg` text NOT NULL,
	`public_jwk` text NOT NULL,
	`private_sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`signs_from` integer NOT NULL,
	`published_until` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `users` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`email` text NOT NULL,
	`email_verified_at` integer,
	`username` text,
	`username_key` text,
	`password_hash` text,
	`role` text DEFAULT 'user' NOT NULL,
	`status` text DEFAULT 'active' NOT NULL,
	`first_name` text,
	`last_name` text,
	`display_name` text,
	`profile_image_url` text,
	`bio` text,
	`phone_number` text,
	`phone_verified` integer DEFAULT false NOT NULL,
	`timezone` text,
	`locale` text,
	`metadata` text DEFAULT '{}' NOT NULL,
	`auth_version` integer DEFAULT 1 NOT NULL,
	`kept_session_id` text,
	`claims_version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_sign_in_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_id_unique` ON `users` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_key_unique` ON `users` (`username_key`);--> statement-breakpoint
CREATE INDEX `users_by_created` ON `users` (`created_at`,`number`);--> statement-breakpoint
CREATE INDEX `users_by_status` ON `users` (`status`,`number`);