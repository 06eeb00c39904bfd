import { useEffect, useRef, useState } from 'preact/hooks'
import { logIn } from '../actions'
import { switchLanguage, t } from '../i18n'
import { Logo } from './marks'

export function Login() {
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    setBusy(true)
    setWrong(null)
    const failure = await logIn(String(form.get('username')), String(form.get('password')))
    setWrong(failure)
    if (failure) setBusy(false)
  }

  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <div class="login-head">
          <Logo size={44} />
          <div>
            <h1>reach180</h1>
            <p>{t('login.promise')}</p>
          </div>
        </div>
        <label>
          <span>{t('login.username')}</span>
          <input ref={first} name="username" autocomplete="username" required data-testid="login-username" />
        </label>
        <label>
          <span>{t('login.password')}</span>
          <input name="password" type="password" autocomplete="current-password" required data-testid="login-password" />
        </label>
        {wrong && <p class="problem" role="alert">{wrong}</p>}
        <button class="button is-main" type="submit" disabled={busy} data-testid="login-submit">{t('login.submit')}</button>
        <button class="button is-quiet" type="button" data-testid="language" onClick={switchLanguage}>English / 中文</button>
      </form>
    </main>
  )
}
