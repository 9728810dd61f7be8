import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: ['./src/db/tables.ts', './src/features/*/tables.ts', './src/features/factors/*/tables.ts'],
  out: './migrations',
})
