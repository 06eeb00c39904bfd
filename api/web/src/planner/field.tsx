// A labelled control with the server's words under it.

import { cloneElement, type ComponentChildren, type VNode } from 'preact'
import { t, type Key } from '../i18n'
import { change } from './actions'
import { form, wrong, type Form } from './state'

export function Wrong({ of }: { of: string }) {
  const words = wrong.value[of]
  return words ? <p class="problem" role="alert" id={`wrong-${of}`} data-testid={`wrong-${of}`}>{words}</p> : null
}

interface FieldProps {
  name: string
  label: Key
  children: VNode<{ 'aria-invalid'?: boolean; 'aria-describedby'?: string }>
}

export function Field({ name, label, children }: FieldProps) {
  const bad = !!wrong.value[name]
  return (
    <div class="field">
      <label>
        <span>{t(label)}</span>
        {bad ? cloneElement(children, { 'aria-invalid': true, 'aria-describedby': `wrong-${name}` }) : children}
      </label>
      <Wrong of={name} />
    </div>
  )
}

type TextName = { [K in keyof Form]: Form[K] extends string ? K : never }[keyof Form]
type FlagName = { [K in keyof Form]: Form[K] extends boolean ? K : never }[keyof Form]

export function TextField({ name, label, numeric = true }: { name: TextName; label: Key; numeric?: boolean }) {
  return (
    <Field name={name} label={label}>
      <input
        type="text" inputMode={numeric ? 'decimal' : 'text'} value={form.value[name]} data-testid={`field-${name}`}
        onInput={(event) => change({ [name]: event.currentTarget.value })}
      />
    </Field>
  )
}

export function Flag({ name, children }: { name: FlagName; children: ComponentChildren }) {
  return (
    <label class="flag">
      <input type="checkbox" checked={form.value[name]} data-testid={`field-${name}`} onChange={(event) => change({ [name]: event.currentTarget.checked })} />
      {children}
    </label>
  )
}
