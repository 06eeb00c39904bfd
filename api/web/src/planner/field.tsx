// Labelled controls of a form, each with the server's words under it.

import { cloneElement, type ComponentChildren, type VNode } from 'preact'
import { DATUMS } from '../datum'
import { t, type Key } from '../i18n'
import type { Asking } from './asking'

interface FieldProps {
  name: string
  label: Key
  children: VNode<{ 'aria-invalid'?: boolean; 'aria-describedby'?: string }>
}

type Of<F, V> = { [K in keyof F]: F[K] extends V ? K : never }[keyof F] & string

/** The controls of one form. */
export function fieldsOf<F extends object>(asking: Asking<F>) {
  const { form, wrong, sending } = asking
  const id = (of: string) => `wrong-${asking.kind}-${of}`
  const text = (name: Of<F, string>) => form.value[name] as string
  const set = (name: string, value: unknown) => asking.change({ [name]: value } as Partial<F>)

  function Wrong({ of }: { of: string }) {
    const words = wrong.value[of]
    return words ? <p class="problem" role="alert" id={id(of)} data-testid={`wrong-${of}`}>{words}</p> : null
  }

  function Field({ name, label, children }: FieldProps) {
    const bad = !!wrong.value[name]
    return (
      <div class="field">
        <label>
          <span>{t(label)}</span>
          {bad ? cloneElement(children, { 'aria-invalid': true, 'aria-describedby': id(name) }) : children}
        </label>
        <Wrong of={name} />
      </div>
    )
  }

  function TextField({ name, label, numeric = true, hint }: { name: Of<F, string>; label: Key; numeric?: boolean; hint?: string }) {
    return (
      <Field name={name} label={label}>
        <input
          type="text" inputMode={numeric ? 'decimal' : 'text'} value={text(name)} placeholder={hint ?? ''} data-testid={`field-${name}`}
          onInput={(event) => set(name, event.currentTarget.value)}
        />
      </Field>
    )
  }

  function Flag({ name, children }: { name: Of<F, boolean>; children: ComponentChildren }) {
    return (
      <label class="flag">
        <input type="checkbox" checked={form.value[name] as boolean} data-testid={`field-${name}`} onChange={(event) => set(name, event.currentTarget.checked)} />
        {children}
      </label>
    )
  }

  /** One of several, as radio buttons. */
  function Choice({ name, among, pick }: { name: Of<F, string>; among: readonly (readonly [value: string, label: Key])[]; pick?: (value: string) => void }) {
    return (
      <>
        {among.map(([value, label]) => (
          <label class="flag">
            <input type="radio" name={name} checked={text(name) === value} data-testid={`${name}-${value}`} onChange={() => (pick ? pick(value) : set(name, value))} />
            {t(label)}
          </label>
        ))}
      </>
    )
  }

  function Upload({ label, accept, part }: { label: Key; accept: string; part: string }) {
    return (
      <Field name={part} label={label}>
        <input type="file" accept={accept} data-testid={`file-${part}`} onChange={(event) => asking.pick(part, event.currentTarget.files?.[0] ?? null)} />
      </Field>
    )
  }

  function DatumField({ name }: { name: Of<F, string> }) {
    return (
      <Field name={name} label="plan.datum">
        <select value={text(name)} data-testid={`field-${name}`} onChange={(event) => set(name, event.currentTarget.value)}>
          <option value="">{t('plan.datum_stated')}</option>
          {DATUMS.map((datum) => <option value={datum}>{datum}</option>)}
        </select>
      </Field>
    )
  }

  /** The whole form, with what sends it. */
  function Form({ label, send, start, children }: { label: Key; send: Key; start: () => Promise<void>; children: ComponentChildren }) {
    return (
      <form class="plan-form" data-testid={`${asking.kind}-form`} aria-label={t(label)} onSubmit={(event) => { event.preventDefault(); void start() }}>
        <div class="scroll pad">{children}</div>
        <div class="panel-foot">
          <Wrong of="" />
          <button class="button is-main is-wide" type="submit" disabled={sending.value} data-testid={`${asking.kind}-start`}>
            {t(sending.value ? 'plan.sending' : send)}
          </button>
        </div>
      </form>
    )
  }

  return { Wrong, Field, TextField, Flag, Choice, Upload, DatumField, Form }
}
