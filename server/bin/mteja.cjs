#!/usr/bin/env node
// In the syntax of old versions of Node, so that they can read it and say that they are too old.
'use strict'

var needed = [22, 18]
var found = process.versions.node.split('.').map(Number)

if (found[0] > needed[0] || (found[0] === needed[0] && found[1] >= needed[1])) {
  require('./start.cjs')
} else {
  process.stderr.write('mteja: Node ' + process.versions.node + ' is too old: ')
  process.stderr.write('install Node ' + needed.join('.') + ' or later.\n')
  process.exitCode = 1
}
