import { describe, expect, it } from 'vitest'
import { contrastBetween, themeOf } from '../../src/lib/brand.ts'

const STEPS = ['00', '33', '66', '99', 'cc', 'ff']
const COLORS = [
  ...STEPS.flatMap((red) => STEPS.flatMap((green) => STEPS.map((blue) => `#${red}${green}${blue}`))),
  ...['#767676', '#777777', '#1d4ed0', '#f38020', '#010203', '#808080'],
]

/** Where links stand, light and dark (`http/assets/style.css`). */
const SURFACES = [
  ['#ffffff', '#f4f4f7'],
  ['#1c1d24', '#131419', '#24252c'],
] as const

describe("the theme of a deployment's colour", () => {
  it('has text on the colour, and links on every surface in both modes, of a contrast of 4.5 to 1', () => {
    for (const color of COLORS) {
      const [, ink = ''] = /--brand-ink: (#[0-9a-f]{6});/.exec(themeOf(color)) ?? []
      const [, light = '', dark = ''] =
        /--link: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/.exec(themeOf(color)) ?? []
      const found = [
        contrastBetween(ink, color),
        ...SURFACES[0].map((surface) => contrastBetween(light, surface)),
        ...SURFACES[1].map((surface) => contrastBetween(dark, surface)),
      ]
      expect([color, ink, light, dark, found.every((contrast) => contrast >= 4.5)]).toEqual([
        color,
        ink,
        light,
        dark,
        true,
      ])
    }
  })

  it('keeps a colour that is legible as it is', () => {
    expect(themeOf('#1d4ed0')).toContain('--link: light-dark(#1d4ed0, #')
    expect(themeOf('#1d4ed0')).toContain('--brand-ink: #ffffff')
    expect(themeOf('#f5d90a')).toContain('--brand-ink: #000000')
  })

  it('has contrasts as WCAG says', () => {
    expect(contrastBetween('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrastBetween('#767676', '#ffffff')).toBeCloseTo(4.54, 2)
  })
})
