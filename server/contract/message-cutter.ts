// Server-sent events as text (WHATWG HTML, section 9.2.6), cut into messages.

export interface StreamMessage {
  /** `message` unless the server named another. */
  event: string
  /** The last id of the stream so far. */
  id: string | undefined
  data: string
}

/** Takes text as it comes, however that is cut, and returns the messages it made whole. Comments and what has no data are no messages. */
export function createMessageCutter(): (text: string) => StreamMessage[] {
  let rest = ''
  let id: string | undefined
  let event = ''
  let data: string[] = []

  const endMessage = (): StreamMessage[] => {
    const message = { event: event || 'message', id, data: data.join('\n') }
    const isEmpty = data.length === 0
    event = ''
    data = []
    return isEmpty ? [] : [message]
  }

  const takeLine = (line: string): StreamMessage[] => {
    if (line === '') return endMessage()
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id') id = value
    return []
  }

  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    return lines.flatMap((line) => takeLine(line.endsWith('\r') ? line.slice(0, -1) : line))
  }
}
