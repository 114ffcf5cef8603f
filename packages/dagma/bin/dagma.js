#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `dagma needs Node 22.18 or newer; this is Node ${process.versions.node} (${process.execPath}). Put a newer Node first on PATH.`,
  )
  process.exit(2)
}
const { main } = await import('../dist/cli/main.js')
await main(process.argv.slice(2))
