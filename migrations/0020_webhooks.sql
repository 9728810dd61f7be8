CREATE TABLE `webhook_endpoints` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text,
	`user_id` text,
	`url` text NOT NULL,
	`events` text NOT NULL,
	`description` text,
	`headers` text DEFAULT '{}' NOT NULL,
	`authorization_sealed` text,
	`secret_sealed` text NOT NULL,
	`former_secret_sealed` text,
	`former_secret_until` integer,
	`ordered` integer NOT NULL,
	`batch` integer NOT NULL,
	`audit` integer NOT NULL,
	`is_active` integer DEFAULT true NOT NULL,
	`disabled_reason` text,
	`version` integer DEFAULT 1 NOT NULL,
	`told_version` integer DEFAULT 0 NOT NULL,
	`created_by` text,
	`author_loss_told_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_endpoints_by_organization` ON `webhook_endpoints` (`organization_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_endpoints_by_user` ON `webhook_endpoints` (`user_id`) WHERE user_id is not null;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_by_author` ON `webhook_endpoints` (`created_by`) WHERE created_by is not null;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_untold` ON `webhook_endpoints` (`id`) WHERE told_version < version;