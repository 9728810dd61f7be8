CREATE TABLE `maintenance` (
	`id` integer PRIMARY KEY NOT NULL,
	`enabled` integer NOT NULL,
	`message` text,
	`changed_at` integer NOT NULL
);
