declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

declare module 'argon2id/lib/argon2id.js' {
  import type { Argon2idParams } from 'argon2id/lib/setup.js'
  /** Synchronous. Throws for a password or a salt below 8 bytes. Clears the memory that it used. */
  export default function argon2id(
    params: Argon2idParams,
    wasm: { instance: WebAssembly.Instance; memory: WebAssembly.Memory },
  ): Uint8Array
}
