import { type ChildProcess, spawn } from 'node:child_process'

export interface Running {
  readonly child: ChildProcess
  /** What it has written so far, both streams. */
  output(): string
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
  /** Ends it with a signal and waits until it is gone. SIGKILL takes what it started along, as a power cut would. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program. Variables of the test run's own environment that would change it are left out. */
export function start(command: string, args: readonly string[], { cwd, env = {} }: RunOptions): Running {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(command, args, {
    cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  const collect = (chunk: Buffer) => {
    text += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return {
    child,
    output: () => text,
    ended,
    stop(signal = 'SIGTERM') {
      if (signal === 'SIGKILL' && child.pid !== undefined) process.kill(-child.pid, signal)
      else child.kill(signal)
      return ended
    },
  }
}

/** Resolves when `isReady` is true; fails with what the program wrote when it ends before, or takes too long. */
export async function whenReady(running: Running, isReady: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let gone = false
  running.ended.then(
    () => {
      gone = true
    },
    () => {
      gone = true
    },
  )
  while (!(await isReady())) {
    if (gone) throw new Error(`it ended:\n${running.output()}`)
    if (performance.now() > deadline) throw new Error(`not ready after ${timeoutMs} ms:\n${running.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Whether something speaks HTTP there, whatever it says. */
export const answersHttp = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )
