ALTER TABLE `mails` ADD `claimed_until` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mails` ADD `enqueue_at` integer DEFAULT 0 NOT NULL;