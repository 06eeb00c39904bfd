// One question at a time to the operator, answered in an accessible dialog (panels/dialog.tsx).

import { signal } from '@preact/signals'

export interface Question {
  title: string
  body?: string
  warning?: string
  yes: string
  danger?: boolean
  /** Ask for words, too. */
  words?: string
  /** Ask for one of these, too. */
  choices?: { value: string; label: string }[]
}

interface Asked extends Question {
  answer: (value: string | null) => void
}

export const question = signal<Asked | null>(null)

/** The words or choice given (empty where none was asked for), or null when the operator declined. */
export function ask(what: Question): Promise<string | null> {
  question.peek()?.answer(null)
  return new Promise((resolve) => {
    question.value = {
      ...what,
      answer: (value) => {
        question.value = null
        resolve(value)
      },
    }
  })
}
