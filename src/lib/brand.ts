/** What a deployment's pages look like, as the settings say it. */
export interface Brand {
  /** `#rrggbb`; null for the colours of the style sheet. */
  readonly color: string | null
  readonly logoUrl: string | null
}

interface Settings {
  readonly BRAND_COLOR?: string | undefined
  readonly BRAND_LOGO_URL?: string | undefined
}

export const brandOf = ({ BRAND_COLOR, BRAND_LOGO_URL }: Settings): Brand => ({
  color: BRAND_COLOR ?? null,
  logoUrl: BRAND_LOGO_URL ?? null,
})

type Rgb = readonly [red: number, green: number, blue: number]

const BLACK: Rgb = [0, 0, 0]
const WHITE: Rgb = [255, 255, 255]
/** The darkest light surface of the style sheet, and its lightest dark one: a text that is legible on both is on all. */
const LIGHT_SURFACE: Rgb = [0xf4, 0xf4, 0xf7]
const DARK_SURFACE: Rgb = [0x24, 0x25, 0x2c]
/** WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5

const toRgb = (color: string): Rgb => {
  const value = Number.parseInt(color.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

const toHex = (rgb: Rgb): string => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`

/** Relative luminance (WCAG 2.2). */
function luminanceOf(rgb: Rgb): number {
  const linear = rgb.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const [red = 0, green = 0, blue = 0] = linear
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrastOf(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** The contrast of two colours (WCAG 2.2), from 1 to 21. */
export const contrastBetween = (one: string, other: string): number => contrastOf(toRgb(one), toRgb(other))

/** The shade that is nearest to the colour, towards black or white, and legible on the surface. */
function legibleOn(surface: Rgb, color: Rgb, towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.05) {
    const [red, green, blue] = color.map((part, index) => Math.round(part + ((towards[index] ?? 0) - part) * share))
    const shade: Rgb = [red ?? 0, green ?? 0, blue ?? 0]
    if (contrastOf(shade, surface) >= LEAST_CONTRAST) return shade
  }
  return towards
}

/** The custom properties that a colour sets: its text is black or white, and links have a shade that is legible in both modes. */
export function themeOf(color: string): string {
  const brand = toRgb(color)
  const ink = contrastOf(brand, WHITE) >= LEAST_CONTRAST ? WHITE : BLACK
  const link = `light-dark(${toHex(legibleOn(LIGHT_SURFACE, brand, BLACK))}, ${toHex(legibleOn(DARK_SURFACE, brand, WHITE))})`
  return `:root {
  --brand: ${toHex(brand)};
  --brand-ink: ${toHex(ink)};
  --brand-edge: ${link};
  --link: ${link};
}
`
}
