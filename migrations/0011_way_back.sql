CREATE TABLE `former_addresses` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`email` text NOT NULL,
	`replaced_by` text NOT NULL,
	`changed_at` integer NOT NULL,
	`until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `former_addresses_by_user` ON `former_addresses` (`user_id`,`changed_at`);--> statement-breakpoint
CREATE INDEX `former_addresses_by_email` ON `former_addresses` (`email`);--> statement-breakpoint
CREATE INDEX `former_addresses_by_end` ON `former_addresses` (`until`);--> statement-breakpoint
ALTER TABLE `users` ADD `user_restorable` integer DEFAULT false NOT NULL;