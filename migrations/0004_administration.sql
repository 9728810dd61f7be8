CREATE TABLE `counts` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `user_counts` (
	`bucket` integer NOT NULL,
	`status` text NOT NULL,
	`role` text NOT NULL,
	`mfa_enabled` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`bucket`, `status`, `role`, `mfa_enabled`)
);
--> statement-breakpoint
ALTER TABLE `users` ADD `app_metadata` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `deleted_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `erase_at` integer;--> statement-breakpoint
CREATE INDEX `users_by_role` ON `users` (`role`,`number`);--> statement-breakpoint
CREATE INDEX `users_by_mfa` ON `users` (`mfa_enabled`,`number`);--> statement-breakpoint
CREATE INDEX `users_to_erase` ON `users` (`erase_at`) WHERE erase_at is not null;