import { relative } from 'node:path'
import { Command } from 'commander'
import { writeModuleList } from '../../runtime/project/module-list.ts'
import { findProject } from '../../runtime/project/project.ts'
import { printLine } from '../terminal/output.ts'

/** `dagma generate` */
export function generateCommand(): Command {
  return new Command('generate').description('Write the module list from the patterns in package.json.').action(() => {
    const { file, modules, isNew } = writeModuleList(findProject(process.cwd()))
    const count = `${modules.length} ${modules.length === 1 ? 'module' : 'modules'}`
    printLine(`${relative(process.cwd(), file)} ${isNew ? 'lists' : 'already lists'} ${count}.`)
  })
}
