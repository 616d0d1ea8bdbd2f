// A map in order of use, for what must stay bounded: whoever is quiet for longest goes first.

interface Node<K, V> {
  readonly key: K
  value: V
  older: Node<K, V> | undefined
  newer: Node<K, V> | undefined
}

/**
 * Its order is that of `set`. A plain Map kept in order by deleting and setting anew fills its front with holes, and whoever asks it for its
 * first key walks past thousands of them; here the oldest is at hand.
 */
export class RecentMap<K, V> {
  readonly #nodes = new Map<K, Node<K, V>>()
  #oldest: Node<K, V> | undefined
  #newest: Node<K, V> | undefined

  get size(): number {
    return this.#nodes.size
  }

  get(key: K): V | undefined {
    return this.#nodes.get(key)?.value
  }

  /** Makes the key the newest one. */
  set(key: K, value: V): void {
    const known = this.#nodes.get(key)
    if (known) this.#unlink(known)
    const node = known ?? { key, value, older: undefined, newer: undefined }
    if (!known) this.#nodes.set(key, node)
    node.value = value
    node.older = this.#newest
    node.newer = undefined
    if (this.#newest) this.#newest.newer = node
    else this.#oldest = node
    this.#newest = node
  }

  delete(key: K): void {
    const node = this.#nodes.get(key)
    if (!node) return
    this.#nodes.delete(key)
    this.#unlink(node)
  }

  /** The one that was set longest ago. */
  oldest(): { readonly key: K; readonly value: V } | undefined {
    return this.#oldest
  }

  /** The oldest first. */
  keys(): K[] {
    const keys: K[] = []
    for (let node = this.#oldest; node; node = node.newer) keys.push(node.key)
    return keys
  }

  #unlink({ older, newer }: Node<K, V>): void {
    if (older) older.newer = newer
    else this.#oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
  }
}
