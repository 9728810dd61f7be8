CREATE TABLE `scim_configs` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`provider` text NOT NULL,
	`default_role` text NOT NULL,
	`configuration` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `scim_configs_organization_id_unique` ON `scim_configs` (`organization_id`);--> statement-breakpoint
CREATE TABLE `scim_groups` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`display_name` text NOT NULL,
	`display_name_key` text NOT NULL,
	`external_id` text,
	`version` integer DEFAULT 1 NOT NULL,
	`write_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `scim_groups_by_name` ON `scim_groups` (`organization_id`,`display_name_key`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_groups_by_creation` ON `scim_groups` (`organization_id`,`created_at`,`id`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_groups_by_external_id` ON `scim_groups` (`organization_id`,`external_id`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_groups_deleted` ON `scim_groups` (`deleted_at`) WHERE deleted_at is not null;--> statement-breakpoint
CREATE TABLE `scim_log` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`at` integer NOT NULL,
	`token_id` text NOT NULL,
	`operation` text NOT NULL,
	`resource_type` text NOT NULL,
	`resource_id` text,
	`status` text NOT NULL,
	`http_status` integer NOT NULL,
	`scim_type` text,
	`detail` text,
	`changed` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `scim_log_by_organization` ON `scim_log` (`organization_id`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `scim_log_by_time` ON `scim_log` (`at`);--> statement-breakpoint
CREATE TABLE `scim_members` (
	`organization_id` text NOT NULL,
	`group_id` text NOT NULL,
	`record_id` text NOT NULL,
	`write_id` text NOT NULL,
	PRIMARY KEY(`group_id`, `record_id`)
);
--> statement-breakpoint
CREATE INDEX `scim_members_by_record` ON `scim_members` (`record_id`);--> statement-breakpoint
CREATE INDEX `scim_members_by_organization` ON `scim_members` (`organization_id`);--> statement-breakpoint
CREATE TABLE `scim_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`prefix` text NOT NULL,
	`created_by` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `scim_tokens_token_hash_unique` ON `scim_tokens` (`token_hash`);--> statement-breakpoint
CREATE INDEX `scim_tokens_by_organization` ON `scim_tokens` (`organization_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `scim_tokens_by_end` ON `scim_tokens` (`expires_at`);--> statement-breakpoint
CREATE INDEX `scim_tokens_by_maker` ON `scim_tokens` (`created_by`) WHERE created_by is not null;--> statement-breakpoint
CREATE TABLE `scim_user_emails` (
	`organization_id` text NOT NULL,
	`email` text NOT NULL,
	`record_id` text NOT NULL,
	PRIMARY KEY(`organization_id`, `email`, `record_id`)
);
--> statement-breakpoint
CREATE INDEX `scim_user_emails_by_record` ON `scim_user_emails` (`record_id`);--> statement-breakpoint
CREATE TABLE `scim_users` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text,
	`invitation_id` text,
	`user_name_key` text NOT NULL,
	`external_id` text,
	`display_name_key` text,
	`active` integer NOT NULL,
	`attributes` text NOT NULL,
	`folded` text NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`write_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `scim_users_by_name` ON `scim_users` (`organization_id`,`user_name_key`) WHERE deleted_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX `scim_users_by_account` ON `scim_users` (`organization_id`,`user_id`) WHERE deleted_at is null and user_id is not null;--> statement-breakpoint
CREATE INDEX `scim_users_by_creation` ON `scim_users` (`organization_id`,`created_at`,`id`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_users_by_change` ON `scim_users` (`organization_id`,`updated_at`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_users_by_external_id` ON `scim_users` (`organization_id`,`external_id`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_users_by_display_name` ON `scim_users` (`organization_id`,`display_name_key`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_users_by_state` ON `scim_users` (`organization_id`,`active`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `scim_users_by_invitation` ON `scim_users` (`invitation_id`) WHERE invitation_id is not null;--> statement-breakpoint
CREATE INDEX `scim_users_of_account` ON `scim_users` (`user_id`) WHERE user_id is not null;--> statement-breakpoint
CREATE INDEX `scim_users_deleted` ON `scim_users` (`deleted_at`) WHERE deleted_at is not null;--> statement-breakpoint
ALTER TABLE `memberships` ADD `suspended_at` integer;--> statement-breakpoint
ALTER TABLE `memberships` ADD `given_role` text;--> statement-breakpoint
ALTER TABLE `memberships` ADD `mapped_role` text;--> statement-breakpoint
ALTER TABLE `memberships` ADD `mapping_id` text;--> statement-breakpoint
ALTER TABLE `organizations` ADD `directory_enabled` integer DEFAULT false NOT NULL;
--> statement-breakpoint
-- Whoever accepts the invitation of a record is the account behind it, unless another record has that account. Of several records with
-- one invitation the first has the account: it is one record's.
CREATE TRIGGER scim_users_attached AFTER UPDATE OF status ON invitations WHEN new.status = 'accepted' BEGIN
  UPDATE scim_users SET user_id = new.accepted_by
  WHERE id = (SELECT first.id FROM scim_users AS first
      WHERE first.invitation_id = new.id AND first.user_id IS NULL AND first.deleted_at IS NULL
      ORDER BY first.created_at, first.id LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM scim_users AS other WHERE other.organization_id = new.organization_id
      AND other.user_id = new.accepted_by AND other.deleted_at IS NULL);
END;
--> statement-breakpoint
-- The mapped role of a membership that comes later than its groups, as mapRoles gives it to those that are there.
CREATE TRIGGER memberships_mapped AFTER INSERT ON memberships WHEN new.removed_at IS NULL BEGIN
  UPDATE memberships SET given_role = role, mapped_role = (SELECT CASE max(CASE m.role WHEN 'admin' THEN 2 WHEN 'member' THEN 1 ELSE 0 END) WHEN 2 THEN 'admin' WHEN 1 THEN 'member' WHEN 0 THEN 'viewer' END FROM scim_users AS u CROSS JOIN scim_members AS s ON s.record_id = u.id
      CROSS JOIN scim_groups AS g ON g.id = s.group_id AND g.deleted_at IS NULL
      CROSS JOIN role_mappings AS m ON m.organization_id = g.organization_id AND m.group_name = g.display_name
      WHERE u.organization_id = new.organization_id AND u.user_id = new.user_id AND u.deleted_at IS NULL)
  WHERE id = new.id AND removed_at IS NULL AND mapped_role IS NULL AND (SELECT CASE max(CASE m.role WHEN 'admin' THEN 2 WHEN 'member' THEN 1 ELSE 0 END) WHEN 2 THEN 'admin' WHEN 1 THEN 'member' WHEN 0 THEN 'viewer' END FROM scim_users AS u CROSS JOIN scim_members AS s ON s.record_id = u.id
      CROSS JOIN scim_groups AS g ON g.id = s.group_id AND g.deleted_at IS NULL
      CROSS JOIN role_mappings AS m ON m.organization_id = g.organization_id AND m.group_name = g.display_name
      WHERE u.organization_id = new.organization_id AND u.user_id = new.user_id AND u.deleted_at IS NULL) IS NOT NULL;
  UPDATE memberships SET role = mapped_role
  WHERE id = new.id AND removed_at IS NULL
    AND (mapped_role = 'admin' AND given_role IN ('member', 'viewer') OR mapped_role = 'member' AND given_role = 'viewer');
END;
--> statement-breakpoint
CREATE TRIGGER scim_users_mapped AFTER UPDATE OF user_id ON scim_users WHEN new.user_id IS NOT NULL AND old.user_id IS NULL BEGIN
  UPDATE memberships SET given_role = role, mapped_role = (SELECT CASE max(CASE m.role WHEN 'admin' THEN 2 WHEN 'member' THEN 1 ELSE 0 END) WHEN 2 THEN 'admin' WHEN 1 THEN 'member' WHEN 0 THEN 'viewer' END FROM scim_users AS u CROSS JOIN scim_members AS s ON s.record_id = u.id
      CROSS JOIN scim_groups AS g ON g.id = s.group_id AND g.deleted_at IS NULL
      CROSS JOIN role_mappings AS m ON m.organization_id = g.organization_id AND m.group_name = g.display_name
      WHERE u.organization_id = new.organization_id AND u.user_id = new.user_id AND u.deleted_at IS NULL)
  WHERE organization_id = new.organization_id AND user_id = new.user_id AND removed_at IS NULL AND mapped_role IS NULL AND (SELECT CASE max(CASE m.role WHEN 'admin' THEN 2 WHEN 'member' THEN 1 ELSE 0 END) WHEN 2 THEN 'admin' WHEN 1 THEN 'member' WHEN 0 THEN 'viewer' END FROM scim_users AS u CROSS JOIN scim_members AS s ON s.record_id = u.id
      CROSS JOIN scim_groups AS g ON g.id = s.group_id AND g.deleted_at IS NULL
      CROSS JOIN role_mappings AS m ON m.organization_id = g.organization_id AND m.group_name = g.display_name
      WHERE u.organization_id = new.organization_id AND u.user_id = new.user_id AND u.deleted_at IS NULL) IS NOT NULL;
  UPDATE memberships SET role = mapped_role
  WHERE organization_id = new.organization_id AND user_id = new.user_id AND removed_at IS NULL
    AND (mapped_role = 'admin' AND given_role IN ('member', 'viewer') OR mapped_role = 'member' AND given_role = 'viewer');
END;
