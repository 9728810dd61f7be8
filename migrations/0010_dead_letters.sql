CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text,
	`destination` text NOT NULL,
	`payload` text NOT NULL,
	`attempts` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dead_letters_by_time` ON `dead_letters` (`created_at`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_user` ON `dead_letters` (`user_id`);