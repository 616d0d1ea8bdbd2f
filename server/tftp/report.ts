/** Where the facts of the TFTP service go: log, metrics, and the history of the machine at the client's address. */
import type { EventLog } from '../core/events.ts'
import { unlessStoreFails } from '../core/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { TftpEvent } from './server.ts'

export interface TftpReportPorts {
  logger: Logger
  metrics: Pick<Metrics, 'tftpTransfers' | 'tftpBytes'>
  events: Pick<EventLog, 'append'>
  /** The machine that was given this address, if it is known. */
  machineAt: (address: string) => string | undefined
}

/** A listener for `onEvent` of the server. Never throws because of a full disk. */
export function tftpReport({ logger, metrics, events, machineAt }: TftpReportPorts): (event: TftpEvent) => void {
  const log = logger.child({ part: 'tftp' })
  return (event) => {
    const { type, ...fields } = event
    switch (event.type) {
      case 'transfer': {
        metrics.tftpTransfers.inc({ outcome: event.outcome })
        metrics.tftpBytes.inc(event.bytes)
        log[isTrouble(event.outcome) ? 'warn' : 'info'](fields, type)
        const machineId = machineAt(event.remote.address)
        if (machineId === undefined || (event.bytes < event.size && !isTrouble(event.outcome))) return
        const { file, bytes, ms, outcome } = event
        const message = `${file} by TFTP: ${outcome}, ${bytes} bytes in ${ms} ms`
        unlessStoreFails(() =>
          events.append({
            type: 'boot.tftp',
            machineId,
            actor: 'machine',
            message,
            data: { file, bytes, ms, outcome },
          }),
        )
        return
      }
      case 'refused':
        metrics.tftpTransfers.inc({ outcome: event.reason })
        // Firmware tries many names; that one is not here is part of a normal boot.
        log[event.reason === 'not-found' ? 'debug' : 'warn']({ ...fields, err: event.error }, type)
        return
      case 'malformed':
        metrics.tftpTransfers.inc({ outcome: 'malformed' })
        log.debug(fields, type)
        return
      case 'listening':
        log.info(fields, type)
        return
      case 'socket-error':
        log.error({ socket: event.socket, err: event.error }, type)
    }
  }
}

/** Other ends are the client's choice: firmware asks for a file's size and then breaks off. */
function isTrouble(outcome: string): boolean {
  return outcome === 'timed-out' || outcome === 'failed'
}
