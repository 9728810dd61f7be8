CREATE TABLE `federated_sessions` (
	`session_id` text NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`connection_id` text,
	`subject_hash` text,
	`provider_session_hash` text,
	`sealed` text,
	`has_logout` integer DEFAULT false NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `organization_id`)
);
--> statement-breakpoint
CREATE INDEX `federated_sessions_by_subject` ON `federated_sessions` (`connection_id`,`subject_hash`);--> statement-breakpoint
CREATE INDEX `federated_sessions_by_provider_session` ON `federated_sessions` (`connection_id`,`provider_session_hash`);--> statement-breakpoint
CREATE INDEX `federated_sessions_by_user` ON `federated_sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `federated_sessions_by_organization` ON `federated_sessions` (`organization_id`);--> statement-breakpoint
CREATE INDEX `federated_sessions_by_expiry` ON `federated_sessions` (`expires_at`);--> statement-breakpoint
ALTER TABLE `sso_policies` ADD `ends_after` text;--> statement-breakpoint
CREATE INDEX `sso_connections_by_issuer` ON `sso_connections` (`issuer`);
--> statement-breakpoint
-- However a connection goes: its identities are no way to sign in any more.
CREATE TRIGGER `identities_of_deleted_connections` AFTER DELETE ON `sso_connections` BEGIN
  DELETE FROM `identities` WHERE `connection_id` = old.`id`;
END;
