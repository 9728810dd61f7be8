DROP INDEX `organizations_by_created`;--> statement-breakpoint
CREATE INDEX `organizations_by_name` ON `organizations` (lower(name));--> statement-breakpoint
DROP INDEX `memberships_by_organization`;--> statement-breakpoint
DROP INDEX `memberships_by_role`;--> statement-breakpoint
CREATE INDEX `memberships_by_organization` ON `memberships` (`organization_id`,`joined_at`,`id`,`removed_at`);--> statement-breakpoint
CREATE INDEX `memberships_by_role` ON `memberships` (`organization_id`,`role`,`joined_at`,`id`) WHERE removed_at is null;--> statement-breakpoint
-- Search within names and slugs, as that of users; deleted text is gone at once.
CREATE VIRTUAL TABLE organization_search USING fts5(name, slug, content='organizations', content_rowid='number', tokenize='trigram');
--> statement-breakpoint
INSERT INTO organization_search (organization_search, rank) VALUES ('secure-delete', 1);
--> statement-breakpoint
INSERT INTO organization_search (organization_search) VALUES ('rebuild');
--> statement-breakpoint
CREATE TRIGGER organizations_searched_insert AFTER INSERT ON organizations BEGIN
	INSERT INTO organization_search (rowid, name, slug) VALUES (new.number, new.name, new.slug);
END;
--> statement-breakpoint
CREATE TRIGGER organizations_searched_update AFTER UPDATE OF name, slug ON organizations BEGIN
	INSERT INTO organization_search (organization_search, rowid, name, slug) VALUES ('delete', old.number, old.name, old.slug);
	INSERT INTO organization_search (rowid, name, slug) VALUES (new.number, new.name, new.slug);
END;
--> statement-breakpoint
CREATE TRIGGER organizations_searched_delete AFTER DELETE ON organizations BEGIN
	INSERT INTO organization_search (organization_search, rowid, name, slug) VALUES ('delete', old.number, old.name, old.slug);
END;
