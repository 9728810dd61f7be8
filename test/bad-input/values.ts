/** Strings that somebody's parser, store, page, mail or log has once taken for something else. */
export const STRANGE: Readonly<Record<string, string>> = {
  empty: '',
  blank: ' \t ',
  sql: "' or 1=1 -- ; drop table users;",
  'full-text search': '"a* NEAR(b, 2) AND ^c: -d',
  wildcards: '%_*?\\',
  template: `{{7*7}}$\{7*7}<%= 7*7 %>`,
  markup: '"><img src=x onerror=alert(1)><script>alert(1)</script>',
  'a path': '../../../../etc/passwd',
  'a header': 'a\r\nSet-Cookie: x=1\r\n\r\n<p>',
  controls: '\u0001\u0008\u001b[31m\u007f\u0085',
  nul: 'a\u0000b',
  'half a surrogate pair': 'a\ud800b',
  'right to left': '\u202eevil\u202c\u200b\u200f\ufeff',
  'letters that look alike': 'аdmіn@ехаmple.test\uff20\u212a',
  combining: `e${'\u0301'.repeat(300)}`,
  long: 'x'.repeat(100_000),
  'a number': '9007199254740993',
  'a word of JavaScript': 'constructor',
  'another one': '__proto__',
}

/** Each is a word of some language of searches. */
export const SEARCHED: Readonly<Record<string, string>> = {
  quote: '"',
  'three quotes': '"""',
  apostrophe: "'",
  star: '*',
  'a star behind three letters': 'exa*',
  percent: '%',
  'three percents': '%%%',
  underscores: '___',
  'an open NEAR': 'NEAR(',
  OR: 'a OR b',
  'a column': 'email:a',
  backslash: '\\',
  'two letters': 'ab',
  'letters and a NUL': 'abc\u0000def',
}

/** What stands for all of them where each one costs a password hash, or an earlier route reads the same field. */
export const FEW_STRANGE: readonly string[] = [
  'empty',
  'markup',
  'nul',
  'half a surrogate pair',
  'long',
  'huge',
  'negative',
  'quote',
]

/** JSON of other types than a field's. */
export const OTHER_TYPES: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  zero: 0,
  negative: -1,
  fraction: 1.5,
  'a number beyond 2^53': 2 ** 63,
  'an empty list': [],
  'a list': ['a', 1],
  'an empty object': {},
  'an object': { $ne: null, toString: 'x' },
}

/** Where a number, an id or a page is meant. */
export const STRANGE_NUMBERS: Readonly<Record<string, string>> = {
  zero: '0',
  negative: '-1',
  huge: '9007199254740993',
  'more than 64 bits': '99999999999999999999999999',
  exponent: '1e400',
  fraction: '1.5',
  'not a number': 'NaN',
  infinity: 'Infinity',
  hexadecimal: '0x10',
  'a list': '1,2',
  'a plus': '+1',
  arabic: '\u0661\u0662',
}

const DEEP = 10_000

/** JSON that its parser takes and a recursive reader does not. */
export const deepList = (depth = DEEP): string => '['.repeat(depth) + ']'.repeat(depth)
export const deepObject = (depth = DEEP): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
