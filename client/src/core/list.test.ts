import { expect, test } from 'vitest'
import { createList } from './list.ts'

type Page = { items: { id: number }[]; next: number | undefined }

function listOf(pages: number[][]) {
  const asked: number[] = []
  const list = createList(0, {
    fetch: async (index: number): Promise<Page> => {
      asked.push(index)
      return {
        items: (pages[index] ?? []).map((id) => ({ id })),
        next: index + 1 < pages.length ? index + 1 : undefined,
      }
    },
    itemsOf: (page) => page.items,
    next: (page) => page.next,
  })
  return { list, asked }
}

async function idsOf(list: AsyncIterable<{ id: number }>): Promise<number[]> {
  return (await Array.fromAsync(list)).map(({ id }) => id)
}

test('a list gives every item of every page, and every page itself', async () => {
  const { list } = listOf([[5, 4], [3, 2], [1]])
  expect(await idsOf(list)).toEqual([5, 4, 3, 2, 1])
  expect((await Array.fromAsync(list.pages())).map(({ items }) => items.length)).toEqual([2, 2, 1])
})

test('a list requests nothing before it is read, and no page beyond the last item read', async () => {
  const { list, asked } = listOf([[5, 4], [3, 2], [1]])
  expect(asked).toEqual([])
  for await (const { id } of list) if (id === 3) break
  expect(asked).toEqual([0, 1])
})

test('page() requests one page', async () => {
  const { list, asked } = listOf([[5, 4], [3]])
  expect((await list.page()).items).toEqual([{ id: 5 }, { id: 4 }])
  expect(asked).toEqual([0])
})

test('a list gives an item that moved on to the next page only once', async () => {
  const { list } = listOf([
    [5, 4],
    [4, 3],
    [3, 2, 1],
  ])
  expect(await idsOf(list)).toEqual([5, 4, 3, 2, 1])
})

test('an empty page ends a list even when it promises another page', async () => {
  const { list, asked } = listOf([[], [1]])
  expect(await idsOf(list)).toEqual([])
  expect(asked).toEqual([0])
})
