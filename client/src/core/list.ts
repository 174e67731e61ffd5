/**
 * A list that is asked for when it is read, by items, by pages, or one page alone:
 *
 *     for await (const customer of client.customers.list()) …
 *     for await (const page of client.customers.list().pages()) …
 *     const page = await client.customers.list({ limit: 10 }).page()
 *
 * Reading it again asks again.
 */
export interface List<Item, Page> extends AsyncIterable<Item> {
  /** The page asked for, as the API answers it: with its total where it has one. */
  page(): Promise<Page>
  /** Every page from the one asked for on. */
  pages(): AsyncIterable<Page>
}

/** How to read a list page by page. */
interface Paging<Item, Page, Query> {
  fetch: (query: Query) => Promise<Page>
  itemsOf: (page: Page) => readonly Item[]
  /** What asks for the page after this one; undefined after the last. */
  next: (page: Page, query: Query) => Query | undefined
  /** An empty page need not be the last: `next` gets nearer to the end each time. */
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
      // A server that always promises more must not be asked for ever.
      if (following === undefined || (itemsOf(page).length === 0 && !skipsEmpty)) return
      at = following
    }
  }

  /** What is new pushes items of an offset page on to the next one, as lists are newest first: they are not given twice. */
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

/** The item's id; an item without one is only ever itself. */
function keyOf(item: unknown): unknown {
  return (item as { id?: unknown }).id ?? item
}
