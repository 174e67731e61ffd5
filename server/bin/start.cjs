// A file of its own, because an old Node cannot read the word import.
'use strict'

import('../dist/main.js')
