import { t } from '../i18n'
import { dismiss, toasts } from '../toasts'

const SIGNS = { info: 'i', good: '✓', warn: '▲', error: '✕' }

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite" data-testid="toasts">
      {toasts.value.map(({ id, kind, text }) => (
        <div key={id} class={`toast is-${kind}`} role={kind === 'error' ? 'alert' : undefined}>
          <i aria-hidden="true">{SIGNS[kind]}</i>
          <span>{text}</span>
          <button class="link-button" type="button" aria-label={t('notice.dismiss')} onClick={() => dismiss(id)}>✕</button>
        </div>
      ))}
    </div>
  )
}
