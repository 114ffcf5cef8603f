#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 17)) {
  console.error(
    `error: create-dagma needs Node 20.17 or newer; this is Node ${process.versions.node}. Install Node 24, or put a newer one first on PATH.`,
  )
  process.exit(2)
}
const { main } = await import('../dist/main.js')
process.exitCode = await main(process.argv.slice(2))
