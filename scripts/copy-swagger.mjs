// Puts Swagger UI beside our own file of the API reference, where the Worker serves both from. Git ignores the copies.
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import absolutePath from 'swagger-ui-dist/absolute-path.js'

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE']

const source = absolutePath()
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'public/swagger-ui')

await Promise.all(FILES.map((name) => copyFile(join(source, name), join(target, name))))
