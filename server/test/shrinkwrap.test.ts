import { expect, test } from 'vitest'
import { makeShrinkwrap } from '../../scripts/shrinkwrap.mjs'

// The lock file that the packed server brings, made of the clone's (scripts/shrinkwrap.mjs).

const integrity = 'sha512-x'
const app = { name: 'app', version: '1.0.0', dependencies: { a: '1', date: '2' }, devDependencies: { tool: '1' } }

test('a shrinkwrap has the packages that a workspace needs to run, without tools and without addresses', () => {
  const made = makeShrinkwrap(
    {
      packages: {
        '': {},
        app,
        'node_modules/a': { version: '1.0.0', integrity, resolved: 'the clone’s registry', dependencies: { b: '^1' } },
        'node_modules/b': { version: '1.2.0', integrity, optionalDependencies: { c: '1' } },
        'node_modules/c': {
          version: '1.0.0',
          integrity,
          peerDependencies: { tool: '1' },
          peerDependenciesMeta: { tool: { optional: true } },
        },
        'node_modules/date': { version: '2.0.0', integrity },
        'node_modules/tool': { version: '1.0.0', integrity, dev: true },
        'node_modules/other': { version: '1.0.0', integrity },
      },
    },
    'app',
  )
  expect(made).toEqual({
    ...{ name: 'app', version: '1.0.0', lockfileVersion: 3, requires: true },
    packages: {
      '': { name: 'app', version: '1.0.0', dependencies: app.dependencies },
      'node_modules/a': { version: '1.0.0', integrity, dependencies: { b: '^1' } },
      'node_modules/b': { version: '1.2.0', integrity, optionalDependencies: { c: '1' } },
      'node_modules/c': expect.objectContaining({ version: '1.0.0' }),
      'node_modules/date': { version: '2.0.0', integrity },
    },
  })
})

test('in a shrinkwrap each package finds the version that it finds in the clone', () => {
  const { packages } = makeShrinkwrap(
    {
      packages: {
        app,
        'app/node_modules/date': { version: '2.0.0' },
        'node_modules/date': { version: '1.0.0' },
        'node_modules/a': { version: '1.0.0', dependencies: { date: '1', b: '1' } },
        'node_modules/a/node_modules/b': { version: '1.0.0', dependencies: { date: '1' } },
      },
    },
    'app',
  )
  expect(Object.fromEntries(Object.entries(packages).map(([path, { version }]) => [path, version]))).toEqual({
    '': '1.0.0',
    'node_modules/a': '1.0.0',
    'node_modules/a/node_modules/b': '1.0.0',
    'node_modules/a/node_modules/date': '1.0.0',
    'node_modules/date': '2.0.0',
  })
})

test('a shrinkwrap is not made of a lock file that lacks a package, or calls one a tool', () => {
  const packages = { app, 'node_modules/a': { version: '1.0.0' } }
  expect(() => makeShrinkwrap({ packages }, 'app')).toThrow('package-lock.json has no date, which app needs')
  const asTool = { ...packages, 'node_modules/date': { version: '2.0.0', dev: true } }
  expect(() => makeShrinkwrap({ packages: asTool }, 'app')).toThrow(
    'node_modules/date is needed to run and is marked as a tool',
  )
})
