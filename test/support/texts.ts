import { createTexts, type Texts } from '../../src/features/localization/service/texts.ts'
import { createTestApp } from './app.ts'

const app = createTestApp()

/** The texts of a locale, as nobody has overridden them. */
export const textsFor = async (locale: string | null): Promise<Texts> => createTexts(await app.ctx(), locale)
