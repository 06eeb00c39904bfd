// Short messages that come and go; errors stay until dismissed.

import { signal } from '@preact/signals'

export interface Toast {
  id: number
  kind: 'info' | 'good' | 'warn' | 'error'
  text: string
}

const SHOWN_MS = 6_000
const AT_MOST = 5

let last = 0
export const toasts = signal<Toast[]>([])

export function toast(kind: Toast['kind'], text: string): void {
  if (toasts.value.some((other) => other.text === text)) return
  const id = ++last
  toasts.value = [...toasts.value, { id, kind, text }].slice(-AT_MOST)
  if (kind !== 'error') setTimeout(() => dismiss(id), SHOWN_MS)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((other) => other.id !== id)
}
