DROP INDEX `users_by_status`;--> statement-breakpoint
DROP INDEX `users_by_mfa`;--> statement-breakpoint
CREATE INDEX `users_by_kind` ON `users` (`status`,`role`,`mfa_enabled`,`number`);