CREATE TABLE `openid_metadata` (
	`issuer` text PRIMARY KEY NOT NULL,
	`document` text NOT NULL,
	`read_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `openid_metadata_by_age` ON `openid_metadata` (`read_at`);--> statement-breakpoint
CREATE TABLE `identities` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`provider` text NOT NULL,
	`connection_id` text,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`email` text,
	`label` text,
	`created_at` integer NOT NULL,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `identities_by_subject` ON `identities` (`issuer`,`subject`) WHERE "identities"."connection_id" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `identities_by_connection` ON `identities` (`connection_id`,`subject`) WHERE "identities"."connection_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `identities_by_provider` ON `identities` (`user_id`,`provider`) WHERE "identities"."connection_id" is null;--> statement-breakpoint
CREATE INDEX `identities_by_user` ON `identities` (`user_id`);--> statement-breakpoint
INSERT INTO counts (name, value) VALUES ('identities', 0);
--> statement-breakpoint
CREATE TRIGGER identities_counted_insert AFTER INSERT ON identities BEGIN
  INSERT INTO counts (name, value) VALUES ('identities', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
CREATE TRIGGER identities_counted_delete AFTER DELETE ON identities BEGIN
  INSERT INTO counts (name, value) VALUES ('identities', -1) ON CONFLICT (name) DO UPDATE SET value = value - 1;
END;
