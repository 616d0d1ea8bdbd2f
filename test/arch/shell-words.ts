// Commands of a block of shell, as far as pages use it: quotes, comments, pipes, lists, redirections, lines that go on.

/** The words of each simple command. What is expanded by a shell stays as it is written. */
export function simpleCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  let word: string | undefined
  let quote = ''
  const endWord = () => {
    if (word !== undefined) commands.at(-1)!.push(word)
    word = undefined
  }
  const endCommand = () => {
    endWord()
    commands.push([])
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (quote !== '') {
      if (char === quote) quote = ''
      else word += char
    } else if ((char === "'" || char === '"') && (word === undefined || word.endsWith('='))) {
      // In the middle of a word it is an apostrophe of what a program prints.
      quote = char
      word ??= ''
    } else if (char === '\\' && text[at + 1] === '\n') {
      endWord()
      at++
    } else if (char === '#' && word === undefined) {
      at = Math.max(at, text.indexOf('\n', at) - 1)
    } else if (/[\n|;&<>()]/.test(char)) {
      endCommand()
    } else if (/\s/.test(char)) {
      endWord()
    } else word = (word ?? '') + char
  }
  endWord()
  return commands.filter(({ length }) => length > 0)
}

/** The arguments of each call of `landfall`, also as root, with variables, or by npm. */
export function landfallCalls(text: string): string[][] {
  return simpleCommands(text).flatMap((words) => {
    const start = words.findIndex((word) => !/^(\$|sudo|\w+=.*)$/s.test(word))
    const [program, ...rest] = words.slice(start)
    if (program === 'landfall') return [rest]
    const isNpm = program === 'npm' && rest[0] === 'run' && rest.includes('landfall')
    return isNpm ? [rest.slice(rest.indexOf('--') + 1)] : []
  })
}
