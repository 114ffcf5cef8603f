#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `dagma needs Node 22.18 or newer; this is Node ${process.versions.node} (${process.execPath}). Put a newer Node first on PATH.`,
  )
  process.exit(2)
}
const [only, ...others] = process.argv.slice(2)
if ((only === '--version' || only === '-V') && others.length === 0) {
  const { readFileSync } = await import('node:fs')
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
  process.exit(0)
}
// Compiled code is kept from one start to the next: a fifth of the time to the first step.
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const { resolvePackageImports } = await import('../dist/cli/package-imports.js')
resolvePackageImports()
const { main } = await import('../dist/cli/main.js')
await main(process.argv.slice(2))
