// The questions (ask.ts) and the list of keys, as native dialogs: focus is kept inside, Esc declines.

import { useEffect, useRef } from 'preact/hooks'
import { question } from '../ask'
import { t, type Key } from '../i18n'
import { composing, helpOpen } from '../keyboard'

function useModal() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])
  return dialog
}

function Ask() {
  const asked = question.value!
  const dialog = useModal()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    asked.answer(String(form.get('answer') ?? '').trim())
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="ask-title" data-testid="dialog" onCancel={(event) => { event.preventDefault(); asked.answer(null) }}>
      <form onSubmit={submit} onKeyDown={(event) => { if (event.key === 'Enter' && composing(event)) event.preventDefault() }}>
        <h2 id="ask-title">{asked.title}</h2>
        {asked.warning && <p class="warning">▲ {asked.warning}</p>}
        {asked.body && <p>{asked.body}</p>}
        {asked.words && (
          <label class="field"><span>{asked.words}</span><input name="answer" type="text" required maxLength={200} autofocus data-testid="dialog-words" /></label>
        )}
        {asked.choices && (
          <div class="choices">
            {asked.choices.map(({ value, label }, i) => (
              <label><input type="radio" name="answer" value={value} required autofocus={i === 0} />{label}</label>
            ))}
          </div>
        )}
        <div class="dialog-foot">
          <button class="button" type="button" data-testid="confirm-no" onClick={() => asked.answer(null)}>{t('ask.no')}</button>
          <button class={`button ${asked.danger ? 'is-danger' : 'is-main'}`} type="submit" data-testid="confirm-yes" autofocus={!asked.words && !asked.choices}>{asked.yes}</button>
        </div>
      </form>
    </dialog>
  )
}

const KEYS: [string, Key][] = [
  ['1 – 9', 'keys.types'], ['⇧ 1 – 5', 'keys.priorities'], ['↵', 'keys.enter'], ['Esc', 'keys.escape'], ['N', 'keys.n'],
  ['P', 'keys.p'], ['J  K', 'keys.jk'], ['F', 'keys.f'], ['D', 'keys.d'], ['R', 'keys.r'], ['L', 'keys.l'], ['T', 'keys.t'], ['?', 'keys.help'],
]

function Help() {
  const dialog = useModal()
  const close = () => { helpOpen.value = false }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="keys-title" onCancel={(event) => { event.preventDefault(); close() }}>
      <h2 id="keys-title">{t('keys.title')}</h2>
      <dl class="keys">{KEYS.map(([key, what]) => <><dt><kbd>{key}</kbd></dt><dd>{t(what)}</dd></>)}</dl>
      <div class="dialog-foot"><button class="button is-main" type="button" autofocus onClick={close}>{t('keys.close')}</button></div>
    </dialog>
  )
}

export function Dialogs() {
  return <>{question.value && <Ask key={question.value.title} />}{helpOpen.value && <Help />}</>
}
