CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`permissions` text DEFAULT '[]' NOT NULL,
	`message` text,
	`status` text DEFAULT 'pending' NOT NULL,
	`invited_by` text NOT NULL,
	`counter` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`accepted_at` integer,
	`accepted_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_pending` ON `invitations` (`organization_id`,`email`) WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX `invitations_by_organization` ON `invitations` (`organization_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `invitations_by_email` ON `invitations` (`email`);--> statement-breakpoint
CREATE INDEX `invitations_by_author` ON `invitations` (`invited_by`,`organization_id`);--> statement-breakpoint
CREATE INDEX `invitations_by_guest` ON `invitations` (`accepted_by`) WHERE accepted_by is not null;--> statement-breakpoint
CREATE INDEX `invitations_by_end` ON `invitations` (`expires_at`) WHERE status = 'pending';--> statement-breakpoint
CREATE TABLE `memberships` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`metadata` text DEFAULT '{}' NOT NULL,
	`invited_by` text,
	`joined_at` integer NOT NULL,
	`taken_up_at` integer,
	`expires_at` integer,
	`removed_at` integer,
	`removed_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `memberships_one` ON `memberships` (`organization_id`,`user_id`) WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX `memberships_by_user` ON `memberships` (`user_id`,`joined_at`);--> statement-breakpoint
CREATE INDEX `memberships_by_organization` ON `memberships` (`organization_id`,`joined_at`,`id`);--> statement-breakpoint
CREATE INDEX `memberships_by_role` ON `memberships` (`organization_id`,`role`,`joined_at`) WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX `memberships_by_end` ON `memberships` (`expires_at`) WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX `memberships_removed` ON `memberships` (`removed_at`) WHERE removed_at is not null;--> statement-breakpoint
CREATE TABLE `organizations` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`description` text,
	`logo_url` text,
	`billing_email` text,
	`settings` text DEFAULT '{}' NOT NULL,
	`require_two_factors` integer DEFAULT false NOT NULL,
	`invitation_domains` text DEFAULT '[]' NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`member_count` integer DEFAULT 0 NOT NULL,
	`created_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	`erase_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `organizations_id_unique` ON `organizations` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `organizations_slug_unique` ON `organizations` (`slug`);--> statement-breakpoint
CREATE INDEX `organizations_by_created` ON `organizations` (`created_at`,`number`);--> statement-breakpoint
CREATE INDEX `organizations_by_creator` ON `organizations` (`created_by`,`created_at`);--> statement-breakpoint
CREATE INDEX `organizations_to_erase` ON `organizations` (`erase_at`) WHERE erase_at is not null;--> statement-breakpoint
CREATE TABLE `policies` (
	`id` text PRIMARY KEY NOT NULL,
	`scope` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`rules` text DEFAULT '{}' NOT NULL,
	`effect` text NOT NULL,
	`priority` integer DEFAULT 0 NOT NULL,
	`enabled` integer DEFAULT true NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`target_type` text,
	`target_id` text,
	`resource_type` text,
	`resource_pattern` text,
	`actions` text DEFAULT '[]' NOT NULL,
	`conditions` text DEFAULT '{}' NOT NULL,
	`expires_at` integer,
	`size` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `policies_by_scope` ON `policies` (`scope`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `policies_of_users` ON `policies` (`target_id`) WHERE target_type = 'user';--> statement-breakpoint
CREATE TABLE `policy_sets` (
	`scope` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `policy_versions` (
	`policy_id` text NOT NULL,
	`version` integer NOT NULL,
	`policy` text NOT NULL,
	`changed_by` text,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`policy_id`, `version`)
);
--> statement-breakpoint
CREATE INDEX `policy_versions_by_author` ON `policy_versions` (`changed_by`);--> statement-breakpoint
CREATE INDEX `policy_versions_of_users` ON `policy_versions` (policy ->> '$.target_id') WHERE policy ->> '$.target_type' = 'user';--> statement-breakpoint
CREATE TABLE `grants` (
	`scope` text NOT NULL,
	`user_id` text NOT NULL,
	`permission` text NOT NULL,
	`granted_by` text,
	`granted_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `scope`, `permission`)
);
--> statement-breakpoint
CREATE INDEX `grants_by_scope` ON `grants` (`scope`);--> statement-breakpoint
CREATE TABLE `role_assignments` (
	`role_id` text NOT NULL,
	`user_id` text NOT NULL,
	`scope` text NOT NULL,
	`assigned_by` text,
	`assigned_at` integer NOT NULL,
	PRIMARY KEY(`role_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `role_assignments_by_user` ON `role_assignments` (`user_id`,`scope`);--> statement-breakpoint
CREATE INDEX `role_assignments_by_scope` ON `role_assignments` (`scope`);--> statement-breakpoint
CREATE TABLE `role_versions` (
	`scope` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `roles` (
	`id` text PRIMARY KEY NOT NULL,
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`name` text NOT NULL,
	`name_key` text NOT NULL,
	`description` text,
	`permissions` text DEFAULT '[]' NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `roles_by_key` ON `roles` (`scope`,`key`);--> statement-breakpoint
CREATE UNIQUE INDEX `roles_by_name` ON `roles` (`scope`,`name_key`);--> statement-breakpoint
CREATE INDEX `events_undelivered_of_hubs` ON `events` (`organization_id`,`position`) WHERE delivered_at is null and user_id is null;--> statement-breakpoint
-- However a policy goes: by its admins, with its organization, or with the user whom it is about.
CREATE TRIGGER policies_gone AFTER DELETE ON policies BEGIN
	DELETE FROM policy_versions WHERE policy_id = old.id;
END;
--> statement-breakpoint
CREATE INDEX `memberships_by_inviter` ON `memberships` (`invited_by`) WHERE invited_by is not null;--> statement-breakpoint
CREATE INDEX `memberships_by_remover` ON `memberships` (`removed_by`) WHERE removed_by is not null;--> statement-breakpoint
CREATE INDEX `grants_by_giver` ON `grants` (`granted_by`) WHERE granted_by is not null;--> statement-breakpoint
CREATE INDEX `role_assignments_by_giver` ON `role_assignments` (`assigned_by`) WHERE assigned_by is not null;
--> statement-breakpoint
-- A member is whoever took the membership up and was not removed.
CREATE TRIGGER memberships_counted AFTER INSERT ON memberships WHEN new.taken_up_at IS NOT NULL AND new.removed_at IS NULL BEGIN
	UPDATE organizations SET member_count = member_count + 1 WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER memberships_recounted AFTER UPDATE OF taken_up_at, removed_at ON memberships
WHEN (new.taken_up_at IS NOT NULL AND new.removed_at IS NULL) <> (old.taken_up_at IS NOT NULL AND old.removed_at IS NULL) BEGIN
	UPDATE organizations SET member_count = member_count + iif(new.taken_up_at IS NOT NULL AND new.removed_at IS NULL, 1, -1) WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER memberships_uncounted AFTER DELETE ON memberships WHEN old.taken_up_at IS NOT NULL AND old.removed_at IS NULL BEGIN
	UPDATE organizations SET member_count = member_count - 1 WHERE id = old.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER organizations_counted AFTER INSERT ON organizations WHEN new.deleted_at IS NULL BEGIN
	INSERT INTO counts (name, value) VALUES ('organizations', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
--> statement-breakpoint
CREATE TRIGGER organizations_uncounted AFTER UPDATE OF deleted_at ON organizations WHEN old.deleted_at IS NULL AND new.deleted_at IS NOT NULL BEGIN
	UPDATE counts SET value = value - 1 WHERE name = 'organizations';
END;
