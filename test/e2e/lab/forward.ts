// Joins connections: what a listener accepts is piped, both ways and half-close included, to a target.

import { connect, createServer, type IpcNetConnectOpts, type Server, type TcpNetConnectOpts } from 'node:net'

/** A listener (not yet listening) that forwards every connection; either side's failure ends the other. */
export function forwardTo(target: TcpNetConnectOpts | IpcNetConnectOpts): Server {
  return createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ ...target, allowHalfOpen: true })
    outer.pipe(inner).pipe(outer)
    outer.on('error', () => inner.destroy())
    inner.on('error', () => outer.destroy())
    // After a reset there is no end to forward.
    outer.on('close', () => inner.destroySoon())
    inner.on('close', () => outer.destroySoon())
  })
}
