// Does another DHCP server answer on a link? Asked once, as a client would.
import type { Finding } from '../contract/finding.ts'
import { Prober } from '../dhcp/prober.ts'
import type { SetupLink } from './proposal.ts'

export type ProbeAnswer = { server: string } | 'silence' | { failed: string }

export async function probeOnce(link: Pick<SetupLink, 'name' | 'address'>): Promise<ProbeAnswer> {
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer>()
  const prober = new Prober({
    interface: link.name,
    address: () => link.address,
    onAnswer: (server) => resolve({ server }),
    onSilence: () => resolve('silence'),
    onFailure: (error) => resolve({ failed: error.message }),
  })
  // Its own pauses do not keep the process alive.
  const alive = setInterval(() => {}, 1000)
  prober.start()
  try {
    return await promise
  } finally {
    prober.stop()
    clearInterval(alive)
  }
}

/** What the answer means for whoever is about to give addresses there. */
export function probeFinding({ name }: Pick<SetupLink, 'name'>, answer: ProbeAnswer): Finding {
  if (answer === 'silence') {
    return { code: 'NO_OTHER_SERVER', level: 'ok', message: `no other DHCP server answers on ${name}` }
  }
  if ('server' in answer) {
    const message = `another DHCP server, ${answer.server}, answers on ${name}: give no addresses beside it`
    return { code: 'OTHER_SERVER', level: 'note', message, next: ['choose proxy, or auto'] }
  }
  const message = `other DHCP servers were not looked for: ${answer.failed}`
  return { code: 'PROBE_FAILED', level: 'note', message, next: ['run `landfall setup` as root: asking needs port 68'] }
}
