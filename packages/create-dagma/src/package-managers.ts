/** The package managers that a project can be installed with, and the commands that its pages name. */
export const packageManagers = {
  npm: { ci: 'npm ci', run: 'npm run', exec: 'npx' },
  pnpm: { ci: 'pnpm install --frozen-lockfile', run: 'pnpm', exec: 'pnpm exec' },
  yarn: { ci: 'yarn install --immutable', run: 'yarn', exec: 'yarn' },
  bun: { ci: 'bun install --frozen-lockfile', run: 'bun run', exec: 'bunx' },
} as const

export type PackageManager = keyof typeof packageManagers

/** The arguments that make an installation write the lock file even in CI, where it refuses to by default: a new project is not in it yet. */
export const unlocked: { readonly [Manager in PackageManager]: readonly string[] } = {
  npm: [],
  pnpm: ['--no-frozen-lockfile'],
  yarn: ['--no-immutable'],
  bun: [],
}

export function isPackageManager(name: string | undefined): name is PackageManager {
  return name !== undefined && Object.hasOwn(packageManagers, name)
}

/** The package manager that started this process, with its version, by what it says of itself: `pnpm/10.2.0 npm/? node/…`. */
export function callingPackageManager(userAgent = ''): { readonly name: PackageManager; readonly version: string } | undefined {
  const [, name, version = ''] = /^(\w+)\/([\d.]+)/.exec(userAgent) ?? []
  return isPackageManager(name) ? { name, version } : undefined
}
