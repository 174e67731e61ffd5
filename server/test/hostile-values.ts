import fc, { type Arbitrary } from 'fast-check'

/** Texts that break programs which do not expect them. */
export const hostileText: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'a\udc00b',
    '\ufeff',
    '\u2028',
    '\u202eevil',
    '😀'.repeat(3),
    'İ',
    'ß@ß.ß',
    '__proto__',
    'constructor',
    'toString',
    'null',
    'true',
    'NaN',
    '-1',
    '0',
    '1e400',
    '9'.repeat(40),
    '-'.repeat(36),
    "'; drop table customers; --",
    '%00',
    '%zz',
    '../../etc/passwd',
    '\\',
    '{"a":1}',
    '[[]]',
    '<script>',
    '2024-02-30',
    '0000-01-01',
    '+275881-01-01',
    'http://host:99999/',
    'javascript:alert(1)',
    'x'.repeat(300),
    '%'.repeat(50),
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

/** JSON as text, because no JavaScript value can have a member twice, 1e400 or `__proto__`. */
export interface Written {
  readonly json: string
}

const written = (json: string): Written => ({ json })

const hostileNumber: Arbitrary<Written> = fc
  .constantFrom(
    '0',
    '-0',
    '-1',
    '1.5',
    '1e21',
    '9007199254740993',
    '1e308',
    '1e400',
    '-1e400',
    '1e-400',
    '9'.repeat(400),
  )
  .map(written)

const scalar: Arbitrary<Written> = fc.oneof(
  hostileText.map((text) => written(JSON.stringify(text))),
  hostileNumber,
  fc.constantFrom('true', 'false', 'null').map(written),
)

const memberName = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('a', 'b', '__proto__', 'constructor', 'prototype', 'toString', 'length', '0'),
  },
  { weight: 1, arbitrary: hostileText },
)

/** Any value of any type, sometimes deep, wide or with forbidden members. */
export const hostileValue: Arbitrary<Written> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }).map(writeArray) },
  { weight: 2, arbitrary: fc.array(fc.tuple(memberName, scalar), { maxLength: 4 }).map(writeObject) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(10, 40, 5000).map((depth) => written(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)),
  },
  { weight: 1, arbitrary: fc.constantFrom(40, 5000).map((depth) => written('['.repeat(depth) + ']'.repeat(depth))) },
  { weight: 1, arbitrary: fc.constant(written(`[${'0,'.repeat(20_000)}0]`)) },
  { weight: 1, arbitrary: fc.constant(written('{"constructor":{"prototype":{"isAdmin":true}}}')) },
)

function writeArray(items: Written[]): Written {
  return written(`[${items.map((item) => item.json).join(',')}]`)
}

export function writeObject(members: [string, Written][]): Written {
  return written(`{${members.map(([name, value]) => `${JSON.stringify(name)}:${value.json}`).join(',')}}`)
}

export function writeValue(value: unknown): Written {
  return written(JSON.stringify(value))
}

/** The text's bytes, or bytes that are not quite JSON or not quite UTF-8. */
export function spoiltBytes(text: string): Arbitrary<Buffer> {
  const bytes = Buffer.from(text)
  const at = fc.nat({ max: Math.max(0, bytes.length - 1) })
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(bytes) },
    { weight: 1, arbitrary: at.map((end) => bytes.subarray(0, end)) },
    {
      weight: 1,
      arbitrary: at.map((i) => Buffer.concat([bytes.subarray(0, i), Buffer.from([0xff, 0xc0]), bytes.subarray(i)])),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '\ufeff', '}', ',', '\0', ' null').map((tail) => Buffer.from(text + tail)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((noise) => Buffer.from(noise)) },
  )
}
