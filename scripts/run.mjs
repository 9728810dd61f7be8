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
  await runScript()
} catch (thrown) {
  // `Refusal` is what a script tells its user; anything else is a fault of the script and keeps its stack.
  if (thrown?.name === 'Refusal') refuse(thrown.message)
  else if (thrown?.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find package/.test(thrown.message))
    refuse('the packages are not installed: run `npm ci` first')
  else throw thrown
}

/** Each script exports `command`, what may be written behind its name, and `main`. */
async function runScript() {
  const [{ main, command }, { helpOf, readArguments }] = await Promise.all([
    import(`./${name}.ts`),
    import('./support/arguments.ts'),
  ])
  if (args.includes('--help') || args.includes('-h')) console.log(helpOf(command))
  else await main(readArguments(command, args))
}

function refuse(message) {
  console.error(`postern: ${message}`)
  process.exitCode = 1
}
