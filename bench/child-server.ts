import { type ChildProcess, fork } from 'node:child_process'
import { URL } from 'node:url'

/** A server of this folder in a process of its own, so that its CPU counts for nobody. It says its origin when it listens. */
export class ChildServer {
  readonly #child: ChildProcess

  constructor(file: string) {
    this.#child = fork(new URL(file, import.meta.url))
  }

  listening(): Promise<string> {
    return new Promise((resolve, reject) => this.#child.once('message', resolve).once('exit', reject))
  }

  stop(): void {
    this.#child.disconnect()
  }
}
