// Documents out of YAML, several in one file, or JSON, which is YAML too. Everything knows its line.
import { Composer, isCollection, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml'
import type { CST, Node } from 'yaml'
import { Document } from '../contract/document.ts'
import { DocumentError } from './errors.ts'
import { issueText } from './issue-text.ts'

/** References that are followed in one document: enough for what people share, too few to make a small file large. */
const MAX_ALIASES = 100
/** Of what is open at a time while reading; a spec needs some ten. The reader's time grows with the square of it. */
const MAX_DEPTH = 200

interface PlacedDocument {
  line: number
  document: Document
}

interface DocumentProblem {
  /** Of the value at fault, and of the document it is in. */
  line: number
  documentLine: number
  message: string
}

interface ReadDocuments {
  documents: PlacedDocument[]
  problems: DocumentProblem[]
}

/** All documents, and all that is wrong with others; a list holds one in each item. Throws DocumentError YAML_INVALID for what is no YAML. */
export function readDocuments(text: string): ReadDocuments {
  const lines = new LineCounter()
  const parsed = parse(text, lines)
  const read: ReadDocuments = { documents: [], problems: [] }
  for (const { root, value } of parsed) {
    const items: [Node | null, unknown][] =
      isSeq(root) && Array.isArray(value) ? value.map((item, at) => [root.items[at] as Node, item]) : [[root, value]]
    for (const [node, item] of items) readOne(node, item, (at) => lines.linePos(at).line, read)
  }
  return read
}

function readOne(
  node: Node | null,
  value: unknown,
  lineAt: (offset: number) => number,
  { documents, problems }: ReadDocuments,
): void {
  const documentLine = lineAt(node?.range?.[0] ?? 0)
  const checked = Document.safeParse(value)
  if (checked.success) {
    documents.push({ line: documentLine, document: checked.data })
    return
  }
  for (const issue of checked.error.issues) {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
    const line = lineAt(offsetOf(node, path))
    problems.push({ line, documentLine, message: issueText(issue) })
  }
}

function parse(text: string, lineCounter: LineCounter): { root: Node | null; value: unknown }[] {
  const composer = new Composer({ lineCounter, prettyErrors: false, logLevel: 'error' })
  return [...composer.compose(tokensOf(text, lineCounter))].flatMap((found) => {
    const { errors, contents } = found
    const [error] = errors
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0])
      throw new DocumentError('YAML_INVALID', `line ${line}, column ${col}: ${error.message}`)
    }
    // As after a `---` that ends a file, or of comments alone.
    if (contents === null || (isScalar(contents) && contents.value === null)) return []
    try {
      return [{ root: contents, value: found.toJS({ maxAliasCount: MAX_ALIASES }) as unknown }]
    } catch (cause) {
      const { line } = lineCounter.linePos(contents.range[0])
      throw new DocumentError('YAML_INVALID', `line ${line}: ${(cause as Error).message}`, { cause })
    }
  })
}

function* tokensOf(text: string, lineCounter: LineCounter): Generator<CST.Token, void> {
  const parser = new Parser(lineCounter.addNewLine)
  lineCounter.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > MAX_DEPTH) {
      const { line } = lineCounter.linePos(parser.offset)
      throw new DocumentError('YAML_INVALID', `line ${line}: it is nested deeper than any document`)
    }
  }
  yield* parser.end()
}

/** Where the value at the path is, or as much of the path as there is. */
function offsetOf(node: Node | null, [key, ...rest]: readonly PropertyKey[]): number {
  const own = node?.range?.[0] ?? 0
  if (key === undefined || !isCollection(node)) return own
  if (isMap(node)) {
    const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key))
    if (!pair) return own
    return isCollection(pair.value) && rest.length > 0
      ? offsetOf(pair.value, rest)
      : ((pair.key as Node | null)?.range?.[0] ?? own)
  }
  const item = node.items[Number(key)] as Node | undefined
  return item ? offsetOf(item, rest) : own
}
