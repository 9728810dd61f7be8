CREATE TABLE `saml_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`certificate` text NOT NULL,
	`private_sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`signs_from` integer NOT NULL,
	`published_until` integer
);
--> statement-breakpoint
CREATE TABLE `sso_certificates` (
	`connection_id` text NOT NULL,
	`organization_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`certificate` text NOT NULL,
	`not_after` integer NOT NULL,
	`added_at` integer NOT NULL,
	`warned_days` integer,
	PRIMARY KEY(`connection_id`, `fingerprint`)
);
--> statement-breakpoint
CREATE INDEX `sso_certificates_by_organization` ON `sso_certificates` (`organization_id`);--> statement-breakpoint
ALTER TABLE `sso_connections` ADD `protocol` text DEFAULT 'openid' NOT NULL;