import { Button } from '@mantine/core'

interface Endless {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** Reads on in a list. */
export function More({ list }: { list: Endless }) {
  if (!list.hasNextPage) return null
  return (
    <div>
      <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
        Show earlier
      </Button>
    </div>
  )
}
