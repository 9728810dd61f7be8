const SLOW_MS = 1000

/** Says what is being done, and at its end how long it took, where somebody waited. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  process.stdout.write(name)
  const began = performance.now()
  try {
    return await work()
  } finally {
    const took = performance.now() - began
    process.stdout.write(took < SLOW_MS ? '\n' : `  ${(took / 1000).toFixed(1)} s\n`)
  }
}
