import type { Builds } from './deployments.ts'
import { measureDirectories } from './directories.ts'
import { measureFederation } from './federation.ts'
import type { LoadProcess } from './load-process.ts'
import { measureMails } from './mails.ts'
import { measureMemory } from './memory.ts'
import { measurePages } from './pages.ts'
import { measureRecord } from './record.ts'
import { measureSaml } from './saml.ts'
import { measureWebhooks } from './webhooks.ts'

/** Sections of the report that have a workerd of their own, and so can be measured alone: `npm run bench -- webhooks`. */
export const SECTIONS: Readonly<Record<string, (load: LoadProcess, builds: Builds) => Promise<string>>> = {
  providers: measureFederation,
  saml: measureSaml,
  directories: measureDirectories,
  webhooks: (_, builds) => measureWebhooks(builds),
  record: (_, builds) => measureRecord(builds),
  mails: measureMails,
  pages: measurePages,
  memory: (_, { postern }) => measureMemory(postern),
}

export async function measureSections(
  load: LoadProcess,
  builds: Builds,
  names: readonly string[],
  say: (line: string) => void,
): Promise<string[]> {
  const sections: string[] = []
  for (const name of names) {
    say(name)
    const section = await SECTIONS[name]?.(load, builds)
    if (section) sections.push(section)
  }
  return sections
}

/** A report with a section in place of the one of its heading, or behind all others. */
export function withSection(report: string, section: string): string {
  const headingOf = (text: string) => text.slice(0, text.indexOf('\n'))
  const parts = report.split(/^(?=## )/m)
  const at = parts.findIndex((part) => headingOf(part) === headingOf(section))
  if (at === -1) return `${report.trimEnd()}\n\n${section}`
  const isLast = at === parts.length - 1
  return parts.with(at, isLast ? section : `${section}\n`).join('')
}
