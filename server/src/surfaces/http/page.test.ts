import { describe, expect, test } from 'vitest'
import { html, isolated } from './html.ts'
import { pageStart } from './page.ts'
import { colours } from './page-style.ts'

/** The colours of text, each on the colours that it stands on. */
const pairs = [
  ['ink', 'panel'],
  ['ink', 'bad-ground'],
  ['quiet', 'panel'],
  ['accent', 'panel'],
  ['good', 'panel'],
  ['bad', 'panel'],
  ['on-accent', 'accent'],
  ['warn', 'warn-ground'],
] as const

/** WCAG 2's relative luminance. */
function luminance(colour: string): number {
  const parts = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16) / 255)
  const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

describe.each(['light', 'dark'] as const)('the %s colours of pages', (scheme) => {
  test.each(pairs)(`%s on %s is readable in the ${scheme} scheme`, (text, ground) => {
    expect(contrast(colours[scheme][text], colours[scheme][ground])).toBeGreaterThanOrEqual(4.5)
  })

  test(`the edge of a field is visible in the ${scheme} scheme`, () => {
    expect(contrast(colours[scheme].edge, colours[scheme].panel)).toBeGreaterThanOrEqual(3)
  })
})

describe('HTML', () => {
  test('texts put into HTML are escaped, HTML is not, and a list is its parts', () => {
    const item = (text: string) => html`<li>${text}</li>`
    expect(html`<ul>${[item('<a>'), item('&"\'')]}</ul>`.markup).toBe(
      '<ul><li>&lt;a&gt;</li><li>&amp;&quot;&#39;</li></ul>',
    )
  })

  test('a name keeps its own direction of writing, and is escaped', () => {
    expect(html`<p>To ${isolated('<ﻢﺤﻣﺩ>')}: 5</p>`.markup).toBe('<p>To <bdi>&lt;ﻢﺤﻣﺩ&gt;</bdi>: 5</p>')
  })

  test('the title and the notice of a page are escaped', () => {
    const start = pageStart({ title: '</title><script>', notice: '<b>' })
    expect(start).toContain('<title>&lt;/title&gt;&lt;script&gt;</title>')
    expect(start).toContain('<p class="strip">&lt;b&gt;</p>')
  })

  test('every colour that the style uses has a value in both schemes', () => {
    const style = pageStart({ title: '' })
    const used = [...style.matchAll(/var\(--([\w-]+)\)/g)].map(([, name]) => name as string)
    const known = new Set([...Object.keys(colours.light), 'radius'])
    expect(used.filter((name) => !known.has(name))).toEqual([])
    expect(Object.keys(colours.dark)).toEqual(Object.keys(colours.light))
  })
})
