import { useSearchParams } from 'wouter'

/** Which item of a list is open in a panel. It is in the address, so that it can be sent to a colleague. */
export function useOpened(name: string): [id: string | null, open: (id: string | null) => void] {
  const [params, setParams] = useSearchParams()
  const open = (id: string | null) =>
    setParams((before) => {
      if (id === null) before.delete(name)
      else before.set(name, id)
      return before
    })
  return [params.get(name), open]
}
