// The command tree. Only `serve` loads the server; everything else is a client of its API.
import { Command, Option } from 'commander'
import { addAuditCommands } from './commands/audit.ts'
import { addBackupCommands } from './commands/backup.ts'
import { addCaCommands } from './commands/ca.ts'
import { addCompletionCommands } from './commands/completion.ts'
import { addContextCommands } from './commands/contexts.ts'
import { addDiskImageCommands } from './commands/disk-image.ts'
import { addDocumentCommands } from './commands/document.ts'
import { addDoctorCommands } from './commands/doctor.ts'
import { addBundleCommands } from './commands/bundle.ts'
import { addEventCommands } from './commands/event.ts'
import { addImageCommands } from './commands/image.ts'
import { addInstallCommands } from './commands/install.ts'
import { addIsoCommands } from './commands/iso.ts'
import { addLeaseCommands } from './commands/lease.ts'
import { addLoginCommands } from './commands/login.ts'
import { addMachineCommands } from './commands/machine.ts'
import { addTraceCommand } from './commands/machine-trace.ts'
import { addNetworkCommands } from './commands/network.ts'
import { addOverviewCommand } from './commands/overview.ts'
import { addProfileCommands } from './commands/profile.ts'
import { addRenderCommands } from './commands/render.ts'
import { addMediaCommands } from './commands/media.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSessionCommands } from './commands/session.ts'
import { addSetupCommand } from './commands/setup.ts'
import { addStatusCommand } from './commands/status.ts'
import { addSystemdCommands } from './commands/systemd.ts'
import { addTokenCommands } from './commands/token.ts'
import { addTrustCommands } from './commands/trust.ts'
import { addUserCommands } from './commands/user.ts'
import { addWaitCommand } from './commands/wait.ts'
import { addWebhookCommands } from './commands/webhook.ts'
import { OUTPUT_FORMATS } from './output.ts'
import { addWatchOptions } from './watch.ts'

export function landfallProgram(version: string): Command {
  const program = new Command('landfall')
    // Before there are commands below: they take it over when they are made, and wrong calls end with the same code everywhere.
    .exitOverride()
    .description('Turns bare metal into the bootable container image you chose for it')
    .version(version)
    .addOption(new Option('-o, --output <format>', 'what to print').choices(OUTPUT_FORMATS).default('table'))
    .option('--data-dir <folder>', 'where the server of this machine keeps its data')
    .option('--context <name>', 'talk to this server of `landfall context list`; by default the current one')
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
  addSetupCommand(program)
  addServeCommand(program, version)
  addSystemdCommands(program)
  addBackupCommands(program, version)
  addCaCommands(program)
  addImageCommands(program)
  addBundleCommands(program)
  addTrustCommands(program)
  addMediaCommands(program)
  addDiskImageCommands(program, version)
  addTraceCommand(addMachineCommands(program))
  addProfileCommands(program)
  addDocumentCommands(program)
  addInstallCommands(program)
  addWaitCommand(program)
  addRenderCommands(program)
  addIsoCommands(program)
  addUserCommands(program)
  addTokenCommands(program)
  addAuditCommands(program)
  addEventCommands(program)
  addWebhookCommands(program)
  addLeaseCommands(program)
  addNetworkCommands(program)
  addLoginCommands(program)
  addSessionCommands(program)
  addContextCommands(program)
  addStatusCommand(program)
  addOverviewCommand(program)
  addDoctorCommands(program)
  addCompletionCommands(program, version)
  addWatchOptions(program)
  return program
}
