// The door of every script. It must parse on any Node, so that an old one gets a sentence and not a stack trace.
const NEEDED = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)
const [name, ...args] = process.argv.slice(2)

if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `postern: Node ${process.versions.node} is too old, ${NEEDED.join('.')} or newer is needed. ` +
      'Run it through npm (`npm ci && npm start`): the right one is among the packages.',
  )
  process.exit(1)
}

try {
  const { main } = await import(`./${name}.ts`)
  await main(args)
} catch (thrown) {
  // `Refusal` is what a script tells its user; anything else is a fault of the script and keeps its stack.
  if (thrown?.name !== 'Refusal') throw thrown
  console.error(`postern: ${thrown.message}`)
  process.exitCode = 1
}
