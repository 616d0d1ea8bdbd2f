// Does another DHCP server answer on a link? Asked once, as a client would.
import { Prober } from '../../dhcp/prober.ts'

export type ProbeAnswer = { server: string } | 'silence' | { failed: string }

export async function probeOnce(link: { name: string; address: string }): Promise<ProbeAnswer> {
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
