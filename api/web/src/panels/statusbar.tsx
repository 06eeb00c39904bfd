// One line on top: where we are, what time the engine has, the air, the link, and how the promise is kept.

import type { ComponentChildren } from 'preact'
import { logOut } from '../actions'
import { lost, nowS, silentS, speed } from '../clock'
import { mmss, percent, timeOfDay } from '../format'
import { language, named, switchLanguage, t, tWord } from '../i18n'
import { helpOpen, toggleTheme } from '../keyboard'
import { city, drones, readyCount, responseFigures, session, weather } from '../state'
import { Logo } from './marks'

export function Figure({ label, title, children, tone }: {
  label: string; title?: string; children: ComponentChildren; tone?: string | undefined
}) {
  return (
    <div class={`figure ${tone ?? ''}`} title={title ?? label}>
      <span class="figure-label">{label}</span>
      <span class="figure-value">{children}</span>
    </div>
  )
}

function EngineClock() {
  const n = Math.round(speed.value * 10) / 10
  return (
    <Figure label={t('bar.clock')}>
      <span data-testid="engine-clock">{timeOfDay(nowS.value)}</span>
      {n !== 1 && <span class="badge is-amber" title={t('bar.speed', { n })}>×{n}</span>}
    </Figure>
  )
}

export function Weather() {
  const now = weather.value
  if (!now) return null
  const { speed_mps, from_deg } = now.wind
  return (
    <>
      <Figure label={t('bar.wind')} title={t('bar.wind_from', { speed: speed_mps.toFixed(1), from: Math.round(from_deg) })}>
        <svg class="wind-arrow" viewBox="-10 -10 20 20" width="18" height="18" aria-hidden="true">
          <path d="M0-8V6M-4 2L0 7L4 2" transform={`rotate(${Math.round(from_deg)})`} />
        </svg>
        {speed_mps.toFixed(1)} m/s
      </Figure>
      {now.rain_mm_h > 0 && <Figure label={t('bar.rain')}>{now.rain_mm_h.toFixed(1)} mm/h</Figure>}
    </>
  )
}

function Promise180() {
  const promise_s = city.value?.promise_s ?? 180
  const figures = responseFigures.value
  const title = figures ? t('bar.of_count', { n: figures.count }) : t('bar.none_yet')
  return (
    <>
      <Figure label={t('bar.median')} title={title} tone={figures ? (figures.median_s <= promise_s ? 'is-good' : 'is-bad') : undefined}>
        {figures ? mmss(figures.median_s) : '–'}
      </Figure>
      <Figure label={t('bar.kept', { s: promise_s })} title={title}>
        {figures ? <>{percent(figures.kept_share)}<small> / {figures.count}</small></> : '–'}
      </Figure>
    </>
  )
}

function Link() {
  const state = lost.value ? 'lost' : silentS.value === null ? 'connecting' : 'live'
  return (
    <div class={`link is-${state}`} data-testid="connection" data-state={state} role="status">
      <i aria-hidden="true" />
      {state === 'lost' ? t('link.lost_short') : t(`link.${state}`)}
    </div>
  )
}

/** What every page has at the end of its bar: theme, language, who is there. */
export function BarEnd() {
  const who = session.value
  return (
    <>
      <button class="button is-icon" type="button" title={`${t('bar.theme')} (T)`} aria-label={t('bar.theme')} onClick={toggleTheme}>
        <svg viewBox="0 0 20 20" width="17" height="17" aria-hidden="true"><circle class="tool-line" cx="10" cy="10" r="7" /><path class="tool-dot" d="M10 3A7 7 0 0 1 10 17Z" /></svg>
      </button>
      <button class="button is-quiet" type="button" title={`${t('bar.language')} (L)`} data-testid="language" onClick={switchLanguage}>
        {language.value === 'en' ? '中文' : 'English'}
      </button>
      {who && (
        <button class="button is-quiet bar-user" type="button" title={t('login.out')} onClick={logOut}>
          <span>{who.username}<small>{tWord('role', who.role)}</small></span>
          <svg viewBox="0 0 20 20" width="17" height="17" aria-hidden="true"><path class="tool-line" d="M8 4H4V16H8M8 10H17M13.500 6.500L17 10L13.500 13.500" /></svg>
        </button>
      )}
    </>
  )
}

export function StatusBar() {
  const here = city.value
  const ready = readyCount.value
  return (
    <header class="bar">
      <div class="bar-name">
        <Logo />
        <strong>{here ? named(here) : 'reach180'}</strong>
        <span>{t('app.title')}</span>
        {here?.demo && <span class="badge is-amber">{t('app.demo')}</span>}
      </div>
      <EngineClock />
      <Weather />
      <Figure label={t('bar.ready')} tone={ready === 0 ? 'is-bad' : undefined}>
        <span data-testid="ready-count">{ready}</span><small> / {drones.value.size}</small>
      </Figure>
      <Promise180 />
      <div class="bar-end">
        <Link />
        <a class="button is-quiet" href="/planner" data-testid="to-planner">{t('bar.planner')}</a>
        <button class="button is-icon" type="button" title={`${t('bar.help')} (?)`} aria-label={t('bar.help')} onClick={() => { helpOpen.value = true }}>?</button>
        <BarEnd />
      </div>
    </header>
  )
}

export function LostBanner() {
  if (!lost.value) return null
  return <div class="lost-banner" role="alert" aria-live="off">▲ {t('link.lost', { n: silentS.value ?? 0 })}</div>
}
