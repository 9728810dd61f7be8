ALTER TABLE `organizations` ADD `directory_users` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `directory_active_users` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `directory_groups` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `directory_members` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `scim_log_by_status` ON `scim_log` (`organization_id`,`status`,`at`,`id`);--> statement-breakpoint
CREATE TRIGGER scim_users_counted AFTER INSERT ON scim_users WHEN new.deleted_at IS NULL BEGIN
  UPDATE organizations SET directory_users = directory_users + 1, directory_active_users = directory_active_users + new.active
  WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_users_recounted AFTER UPDATE OF active, deleted_at ON scim_users
WHEN (new.deleted_at IS NULL) <> (old.deleted_at IS NULL) OR new.active <> old.active BEGIN
  UPDATE organizations SET directory_users = directory_users + (new.deleted_at IS NULL) - (old.deleted_at IS NULL),
    directory_active_users = directory_active_users + (new.deleted_at IS NULL AND new.active) - (old.deleted_at IS NULL AND old.active)
  WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_users_uncounted AFTER DELETE ON scim_users WHEN old.deleted_at IS NULL BEGIN
  UPDATE organizations SET directory_users = directory_users - 1, directory_active_users = directory_active_users - old.active
  WHERE id = old.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_groups_counted AFTER INSERT ON scim_groups WHEN new.deleted_at IS NULL BEGIN
  UPDATE organizations SET directory_groups = directory_groups + 1 WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_groups_recounted AFTER UPDATE OF deleted_at ON scim_groups
WHEN (new.deleted_at IS NULL) <> (old.deleted_at IS NULL) BEGIN
  UPDATE organizations SET directory_groups = directory_groups + (new.deleted_at IS NULL) - (old.deleted_at IS NULL)
  WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_groups_uncounted AFTER DELETE ON scim_groups WHEN old.deleted_at IS NULL BEGIN
  UPDATE organizations SET directory_groups = directory_groups - 1 WHERE id = old.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_members_counted AFTER INSERT ON scim_members BEGIN
  UPDATE organizations SET directory_members = directory_members + 1 WHERE id = new.organization_id;
END;
--> statement-breakpoint
CREATE TRIGGER scim_members_uncounted AFTER DELETE ON scim_members BEGIN
  UPDATE organizations SET directory_members = directory_members - 1 WHERE id = old.organization_id;
END;
--> statement-breakpoint
UPDATE organizations SET
  directory_users = (SELECT count(*) FROM scim_users AS u WHERE u.organization_id = organizations.id AND u.deleted_at IS NULL),
  directory_active_users = (SELECT count(*) FROM scim_users AS u
    WHERE u.organization_id = organizations.id AND u.deleted_at IS NULL AND u.active),
  directory_groups = (SELECT count(*) FROM scim_groups AS g WHERE g.organization_id = organizations.id AND g.deleted_at IS NULL),
  directory_members = (SELECT count(*) FROM scim_members AS m WHERE m.organization_id = organizations.id);
