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
--> statement-breakpoint
CREATE TABLE `role_mappings` (
	`organization_id` text NOT NULL,
	`group_name` text NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`organization_id`, `group_name`)
);
--> statement-breakpoint
CREATE TABLE `sso_connections` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`provider` text NOT NULL,
	`name` text,
	`enabled` integer DEFAULT true NOT NULL,
	`error` text,
	`issuer` text NOT NULL,
	`client_id` text NOT NULL,
	`secret_sealed` text NOT NULL,
	`metadata` text NOT NULL,
	`check_at` integer NOT NULL,
	`attribute_mapping` text DEFAULT '{}' NOT NULL,
	`allowed_domains` text DEFAULT '[]' NOT NULL,
	`jit_provisioning` integer DEFAULT true NOT NULL,
	`default_role` text DEFAULT 'member' NOT NULL,
	`sync_profile` integer DEFAULT false NOT NULL,
	`trust_second_factor` integer DEFAULT false NOT NULL,
	`owner_signed_in_at` integer,
	`version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sso_connections_organization_id_unique` ON `sso_connections` (`organization_id`);--> statement-breakpoint
CREATE INDEX `sso_connections_to_check` ON `sso_connections` (`check_at`);