import module from 'node:module'

// Node keeps what it compiled for the next start, some 0.4 s of it.
module.enableCompileCache()

const { runCli } = await import('./cli/main.ts')
process.exitCode = await runCli(process.argv.slice(2), process.env)
