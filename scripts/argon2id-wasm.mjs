// Makes src/lib/password-hash/argon2id.wasm from the `argon2id` package: the same code, but its memory starts at
// 20 MiB (m=19 MiB and scratch space) instead of 65 MiB, half of what an isolate may use. `--check` compares only.
import { readFileSync, writeFileSync } from 'node:fs'

const source = new URL('../node_modules/argon2id/dist/simd.wasm', import.meta.url)
const target = new URL('../src/lib/password-hash/argon2id.wasm', import.meta.url)

// The import section's limits in pages of 64 KiB, LEB128: minimum 1040, maximum 65536.
const published = Buffer.from([0x90, 0x08, 0x80, 0x80, 0x04])
const wanted = Buffer.from([0xc0, 0x02, 0x80, 0x80, 0x04])

const bytes = readFileSync(source)
const at = bytes.indexOf(published)
if (at === -1 || bytes.indexOf(published, at + 1) !== -1) throw new Error('the published module has changed its limits')
wanted.copy(bytes, at)

if (process.argv.includes('--check')) {
  if (!bytes.equals(readFileSync(target))) {
    console.error('argon2id.wasm differs from the package; run: node scripts/argon2id-wasm.mjs')
    process.exit(1)
  }
} else {
  writeFileSync(target, bytes)
}
