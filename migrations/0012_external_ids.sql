ALTER TABLE `users` ADD `external_id` text;--> statement-breakpoint
ALTER TABLE `users` ADD `imported_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `users_external_id_unique` ON `users` (`external_id`);--> statement-breakpoint
-- The search knows ids of other systems; without its triggers the updates below write no index.
DROP TRIGGER users_searched_insert;
--> statement-breakpoint
DROP TRIGGER users_searched_update;
--> statement-breakpoint
DROP TRIGGER users_searched_delete;
--> statement-breakpoint
DROP TABLE user_search;
--> statement-breakpoint
-- Who was imported before is known by what the import kept beside the user, or by the record. Auth0's database exports leave out the prefix that its ids have.
UPDATE users SET imported_at = created_at
  WHERE json_type(app_metadata, '$.imported') = 'object'
    OR id IN (SELECT subject FROM events WHERE type = 'user.created' AND json_extract(data, '$.after.imported') = 1);
--> statement-breakpoint
UPDATE OR IGNORE users SET external_id =
    iif(json_extract(app_metadata, '$.imported.from') = 'auth0' AND instr(json_extract(app_metadata, '$.imported.id'), '|') = 0, 'auth0|', '')
    || json_extract(app_metadata, '$.imported.id')
  WHERE json_type(app_metadata, '$.imported.id') = 'text' AND json_extract(app_metadata, '$.imported.id') <> '';
--> statement-breakpoint
CREATE VIRTUAL TABLE user_search USING fts5(email, username, first_name, last_name, display_name, external_id, content='users', content_rowid='number', tokenize='trigram');
--> statement-breakpoint
INSERT INTO user_search (user_search, rank) VALUES ('secure-delete', 1);
--> statement-breakpoint
INSERT INTO user_search (user_search) VALUES ('rebuild');
--> statement-breakpoint
CREATE TRIGGER users_searched_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_search (rowid, email, username, first_name, last_name, display_name, external_id) VALUES (new.number, new.email, new.username, new.first_name, new.last_name, new.display_name, new.external_id);
END;
--> statement-breakpoint
CREATE TRIGGER users_searched_update AFTER UPDATE OF email, username, first_name, last_name, display_name, external_id ON users BEGIN
  INSERT INTO user_search (user_search, rowid, email, username, first_name, last_name, display_name, external_id) VALUES ('delete', old.number, old.email, old.username, old.first_name, old.last_name, old.display_name, old.external_id);
  INSERT INTO user_search (rowid, email, username, first_name, last_name, display_name, external_id) VALUES (new.number, new.email, new.username, new.first_name, new.last_name, new.display_name, new.external_id);
END;
--> statement-breakpoint
CREATE TRIGGER users_searched_delete AFTER DELETE ON users BEGIN
  INSERT INTO user_search (user_search, rowid, email, username, first_name, last_name, display_name, external_id) VALUES ('delete', old.number, old.email, old.username, old.first_name, old.last_name, old.display_name, old.external_id);
END;
