CREATE TABLE `compliance_days` (
	`day` integer PRIMARY KEY NOT NULL,
	`assessed_at` integer NOT NULL,
	`results` text NOT NULL,
	`head_number` integer,
	`head_hash` text,
	`former_root_key` text
);
--> statement-breakpoint
CREATE TABLE `compliance_reports` (
	`id` text PRIMARY KEY NOT NULL,
	`title` text NOT NULL,
	`framework` text NOT NULL,
	`from_day` integer NOT NULL,
	`to_day` integer NOT NULL,
	`score` integer,
	`content` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `compliance_reports_by_time` ON `compliance_reports` (`created_at`);--> statement-breakpoint
CREATE TABLE `retention_days` (
	`kind` text PRIMARY KEY NOT NULL,
	`days` integer NOT NULL,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `users_with_weak_hash` ON `users` (`number`) WHERE substr(password_hash, 1, 31) <> '$argon2id$v=19$m=19456,t=2,p=1$';