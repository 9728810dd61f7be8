import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SETTING_NAMES, SURFACES } from './src/config.ts'

const migrations = await readD1Migrations('migrations')

export default defineConfig({
  plugins: [
    cloudflareTest({
      // Tests run from the sources: `wrangler.toml` names what is built of them.
      main: './src/index.ts',
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        // The ring of signing keys is one for a database: tests of its rotation have one of their own.
        // So have tests of counts, which are of all rows, of the last admin, and of controls, which look at all rows.
        d1Databases: { RING_DB: 'ring', COUNTS_DB: 'counts', DIRECTORY_DB: 'directory', COMPLIANCE_DB: 'compliance' },
        bindings: {
          // A `.dev.vars` of this machine is read too; an empty setting has its default.
          ...Object.fromEntries(SETTING_NAMES.map((name) => [name, ''])),
          COMPAT: SURFACES.join(),
          MODE: 'local',
          PUBLIC_URL: 'http://127.0.0.1:8787',
          ROOT_SECRET: 'test-root-secret-0123456789-0123456789-0123456789',
          ADMIN_SECRET_KEY: 'test-admin-secret-key',
          TRUST_ADDRESS_HEADER: 'true',
          // Every test comes from one address; those of the limits set their own.
          RATE_LIMIT_ANONYMOUS: '1000000',
          TEST_MIGRATIONS: migrations,
        },
      },
    }),
  ],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    setupFiles: ['test/support/apply-migrations.ts'],
    // No two tests share rows, so files share a runtime. Three of them: failures that take 400 ms on purpose are most of the time.
    isolate: false,
    maxWorkers: 3,
    silent: 'passed-only',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
