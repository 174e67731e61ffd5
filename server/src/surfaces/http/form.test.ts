import { expect, test } from 'vitest'
import { parseForm } from './form.ts'

const options = { lists: new Set(['channels']), maxDepth: 5 }
const read = (text: string) => JSON.stringify(parseForm(text, options))

test.each([
  ['', '{}'],
  ['a=1&b=', '{"a":"1","b":""}'],
  ['a&b=1=2', '{"a":"","b":"1=2"}'],
  ['a=x+y%20%2B%C3%A9', '{"a":"x y +é"}'],
  ['a=100%&b=%zz', '{"a":"100%","b":"%zz"}'],
  ['m[10]=a&m[9]=b&m[b]=c', '{"m":{"10":"a","9":"b","b":"c"}}'],
  ['m%5B10%5D=a&m%5B9%5D=b', '{"m":{"10":"a","9":"b"}}'],
  ['10=a&9=b', '{"10":"a","9":"b"}'],
  ['m[0]=a&m[1]=b', '{"m":["a","b"]}'],
  ['m[0]=a&m[2]=b', '{"m":{"0":"a","2":"b"}}'],
  ['m[1]=a&m[0]=b', '{"m":{"1":"a","0":"b"}}'],
  ['m[]=a&m[]=a', '{"m":["a","a"]}'],
  ['m[][n]=1&m[][n]=2', '{"m":[{"n":"1"},{"n":"2"}]}'],
  ['m[f][0][v]=1&m[f][0][w]=2&m[f][1][v]=3', '{"m":{"f":[{"v":"1","w":"2"},{"v":"3"}]}}'],
  ['m[toString]=1&m[a]=2', '{"m":{"toString":"1","a":"2"}}'],
  ['a[b=1&a]b=2&[c]=3', '{"a[b":"1","a]b":"2","[c]":"3"}'],
  ['channels=card&channels=bank', '{"channels":["card","bank"]}'],
  ['channels=card', '{"channels":["card"]}'],
  ['channels[0]=card&channels[1]=bank', '{"channels":["card","bank"]}'],
])('the form %s is read as %s', (text, json) => {
  expect(read(text)).toBe(json)
})

test.each([
  ['amount=1&amount=2', '"amount"', 'amount'],
  ['amount=1&%61mount=1', '"amount"', 'amount'],
  ['m[a]=1&m%5Ba%5D=2', '"m[a]"', 'm'],
  ['m[a][b]=1&m[a]=2', '"m[a]"', 'm'],
  ['m=1&m[a]=2', '"m[a]"', 'm'],
  ['m[0]=1&m[0]=2', '"m[0]"', 'm'],
])('the form %s is refused, because %s comes twice', (text, name, field) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ message: `The form has ${name} twice; send it once`, field }),
  )
})

test.each([
  ['m[a][b][c][d][e]=1', 'The body is nested deeper than 5 levels'],
  ['m[__proto__]=1', 'The body has a member named __proto__, which no object may have'],
  ['__proto__[a]=1', 'The body has a member named __proto__, which no object may have'],
  ['a=1&'.repeat(1001), 'The form has 1001 members; it can have at most 1000'],
])('the form %.20s is refused with a sentence', (text, message) => {
  expect(() => read(text)).toThrow(message)
})
