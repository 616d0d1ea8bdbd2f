// Runs inside a namespace: `node relay.ts SOCKET HOST PORT` joins connections to a unix socket with a TCP address there.
// Unix sockets are reached by path from any network namespace, so this is the lab's only way in, and there is none out.

import { forwardTo } from './forward.ts'

const [path = '', host = '', port = ''] = process.argv.slice(2)

forwardTo({ host, port: Number(port) }).listen(path, () => process.stdout.write('relaying\n'))
