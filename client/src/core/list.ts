/**
 * A list that is requested when it is read: by items, by pages, or one page alone.
 *
 *     for await (const customer of client.customers.list()) …
 *     for await (const page of client.customers.list().pages()) …
 *     const page = await client.customers.list({ limit: 10 }).page()
 *
 * Reading it again requests it again.
 */
export interface List<Item, Page> extends AsyncIterable<Item> {
  /** The requested page, as the API answers it. It has the total if the API gives one. */
  page(): Promise<Page>
  /** Every page, from the requested one on. */
  pages(): AsyncIterable<Page>
}

/** The way to read a list page by page. */
interface Paging<Item, Page, Query> {
  fetch: (query: Query) => Promise<Page>
  itemsOf: (page: Page) => readonly Item[]
  /** The query for the page after this one. Undefined after the last page. */
  next: (page: Page, query: Query) => Query | undefined
  /** An empty page need not be the last one: `next` comes nearer to the end each time. */
  skipsEmpty?: true
}

export function createList<Item, Page, Query>(
  query: Query,
  { fetch, itemsOf, next, skipsEmpty }: Paging<Item, Page, Query>,
): List<Item, Page> {
  async function* pages() {
    let at = query
    for (;;) {
      const page = await fetch(at)
      yield page
      const following = next(page, at)
      // A server that always promises another page must not be asked for ever.
      if (following === undefined || (itemsOf(page).length === 0 && !skipsEmpty)) return
      at = following
    }
  }

  /**
   * Lists are newest first, so a new item moves items of an offset page on to the next page. Such an item is given only
   * once.
   */
  async function* items() {
    let seen = new Set<unknown>()
    for await (const page of pages()) {
      const found = itemsOf(page)
      for (const item of found) if (!seen.has(keyOf(item))) yield item
      seen = new Set(found.map(keyOf))
    }
  }

  return { page: () => fetch(query), pages, [Symbol.asyncIterator]: items }
}

/** The item's id. An item without an id equals only itself. */
function keyOf(item: unknown): unknown {
  return (item as { id?: unknown }).id ?? item
}
