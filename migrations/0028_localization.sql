CREATE TABLE `translation_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`default_value` text NOT NULL,
	`description` text,
	`category` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `translation_keys_key_unique` ON `translation_keys` (`key`);--> statement-breakpoint
CREATE TABLE `translations` (
	`locale` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`is_override` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`locale`, `key`)
);
--> statement-breakpoint
CREATE INDEX `translations_overrides` ON `translations` (`locale`) WHERE "translations"."is_override" = 1;