// A form that asks for a job: what is written in it, its files, what the server said of its fields; and the sending.

import { batch, signal } from '@preact/signals'
import { explain, sessionEnded } from '../actions'
import { actKey, call, Problem } from '../api'
import { problemText } from '../i18n'
import { asked, look } from '../jobs/jobs'
import type { Failure, Job } from '../jobs/types'

const UPLOAD_PATIENCE_MS = 120_000

export class Asking<F extends object> {
  /** Numbers stay as they are written: the server says what is wrong with them. */
  readonly form
  /** By the part of the request that they are sent as. */
  readonly files = signal<Readonly<Record<string, File | null>>>({})
  /** What the server said of a field, by the field's name; '' is of the whole. */
  readonly wrong = signal<Readonly<Record<string, string>>>({})
  readonly sending = signal(false)
  private readonly places: ReadonlySet<string>

  /** `more` are places of faults that are no fields. */
  constructor(readonly kind: 'plan' | 'simulation', first: F, more: readonly string[]) {
    this.form = signal(first)
    this.places = new Set([...more, ...Object.keys(first)])
  }

  change(part: Partial<F>): void {
    batch(() => {
      this.form.value = { ...this.form.value, ...part }
      this.wrong.value = Object.fromEntries(Object.entries(this.wrong.value).filter(([field]) => !(field in part) && field !== ''))
    })
  }

  pick(part: string, file: File | null): void {
    this.files.value = { ...this.files.value, [part]: file }
  }

  async send(request: object, parts: readonly string[]): Promise<void> {
    if (this.sending.value) return
    const body = new FormData()
    body.append(this.kind, JSON.stringify(request))
    for (const part of parts) {
      const file = this.files.value[part]
      if (file) body.append(part, file)
    }
    this.sending.value = true
    this.wrong.value = {}
    try {
      const job = await call<Job>('POST', `/${this.kind}s`, { body, key: actKey(), patience_ms: UPLOAD_PATIENCE_MS })
      asked.value = job.id
      await look()
    } catch (error) {
      this.refused(error)
    } finally {
      this.sending.value = false
    }
  }

  /** What the job itself found wrong, said at the field. */
  failed({ code, detail, where }: Failure): void {
    this.wrong.value = { [this.places.has(where) ? where : '']: problemText(code, detail) }
  }

  private refused(error: unknown): void {
    if (!(error instanceof Problem)) throw error
    if (error.status === 401) return sessionEnded()
    const fields = error.errors.map(({ where, message }) => [this.placeOf(where), message])
    this.wrong.value = fields.length > 0 ? Object.fromEntries(fields) : { [this.placeOf(error.detail)]: explain(error) }
  }

  /** The field that is meant by `body.field…`; '' where it is none of the form's. */
  private placeOf(where: string): string {
    const field = /^body\.(\w+)/.exec(where)?.[1] ?? ''
    return this.places.has(field) ? field : ''
  }
}

/** Nothing where nothing is written; what is no number goes as it is, for the server to say so. */
export function numeral(text: string): number | string | undefined {
  if (!text.trim()) return undefined
  const value = Number(text)
  return Number.isNaN(value) ? text : value
}

export const words = (text: string): string | undefined => text.trim() || undefined
export const listed = (text: string): string[] => text.split(/[,，]/).map((part) => part.trim()).filter(Boolean)
