import { Drawer, type DrawerProps, Modal, type ModalProps } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { giveBack, openerNow } from '../base/focus.ts'
import { openPlace } from '../base/places.ts'

interface Closing {
  close: () => void
  /** Back does not close it: what it shows is shown this once. */
  isHeld?: boolean
  /** Its address says that it is open, so that Back closes it anyway. Default false for a dialog, true for a panel. */
  isInAddress?: boolean
}

/** Back closes what is open, and the focus returns to what opened it. */
function useClosing({ close, isInAddress, isHeld }: Closing): void {
  const latest = useRef(close)
  useEffect(() => {
    latest.current = isHeld ? () => {} : close
  })
  useEffect(() => (isInAddress ? undefined : openPlace(() => latest.current())), [isInAddress])
  const [opener] = useState(openerNow)
  useEffect(() => () => giveBack(opener), [opener])
}

type DialogProps = Closing & Omit<ModalProps, 'opened' | 'onClose'>

/** A dialog over the screen. It is there as long as it is drawn. */
export function Dialog({ close, isInAddress = false, isHeld = false, ...props }: DialogProps) {
  useClosing({ close, isInAddress, isHeld })
  return <Modal centered {...props} opened onClose={close} />
}

type PanelProps = Closing & Omit<DrawerProps, 'opened' | 'onClose'>

/** One thing of a list, at the right. */
export function Panel({ close, isInAddress = true, ...props }: PanelProps) {
  useClosing({ close, isInAddress })
  return <Drawer position="right" size="min(560px, 100vw)" {...props} opened onClose={close} />
}
