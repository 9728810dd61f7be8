CREATE TABLE `organization_domains` (
	`organization_id` text NOT NULL,
	`domain` text NOT NULL,
	`challenge` text NOT NULL,
	`created_at` integer NOT NULL,
	`verified_at` integer,
	`is_vouched` integer DEFAULT false NOT NULL,
	`check_at` integer,
	`missing_since` integer,
	PRIMARY KEY(`organization_id`, `domain`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `organization_domains_verified` ON `organization_domains` (`domain`) WHERE verified_at is not null;--> statement-breakpoint
CREATE INDEX `organization_domains_to_check` ON `organization_domains` (`check_at`) WHERE check_at is not null;--> statement-breakpoint
CREATE TABLE `sso_policies` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`required` integer NOT NULL,
	`allow_break_glass` integer NOT NULL,
	`updated_at` integer NOT NULL
);
