import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operationsOf, type Whole } from '../fixtures/api-document.ts'
import { type Doors, openDoors } from '../fixtures/doors.ts'
import { machine } from '../fixtures/penstock.ts'

const executablePath = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (machine['PATH'] ?? '').split(delimiter).map((dir) => join(dir, name)))
  .find(isProgram)

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

if (executablePath === undefined) {
  test('MISSING: there is no Chromium (apt-get install chromium), so nobody has seen the page /docs', () => {
    expect(executablePath).toBeDefined()
  })
} else {
  describe('the page /docs in Chromium', () => {
    const troubles: string[] = []
    let doors: Doors
    let browser: Browser
    let page: Page
    beforeAll(async () => {
      doors = await openDoors()
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
      page = await browser.newPage()
      page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
      page.on('pageerror', (error) => troubles.push(String(error)))
      page.on(
        'request',
        (request) =>
          new URL(request.url()).origin === doors.url ||
          request.url().startsWith('data:') ||
          troubles.push(`asked ${request.url()}`),
      )
      await page.goto(`${doors.url}/docs`)
      await page.waitForSelector('.opblock')
    })
    afterAll(async () => {
      await browser?.close()
      await doors?.[Symbol.asyncDispose]()
    })

    test('lists every operation', async () => {
      const whole = (await (await fetch(`${doors.url}/openapi.json`)).json()) as Whole
      const listed = await page.$$eval('.opblock-summary', (summaries) =>
        summaries.map((summary) =>
          ['.opblock-summary-method', '.opblock-summary-path']
            .map((part) => (summary.querySelector(part)?.textContent ?? '').replaceAll('\u200b', ''))
            .join(' '),
        ),
      )
      expect(listed.toSorted()).toEqual(
        operationsOf(whole)
          .map(({ method, path }) => `${method} ${path}`)
          .toSorted(),
      )
    })

    test('asks the API with the token that a person gives it, and shows the answer', async () => {
      await page.click('button.authorize')
      await page.fill('.auth-container input', 'token')
      await page.click('.auth-btn-wrapper .authorize')
      await page.click('.btn-done')
      await page.click('#operations-instance-getInfo .opblock-summary-control')
      await page.click('#operations-instance-getInfo .try-out__btn')
      await page.click('#operations-instance-getInfo .execute')
      const answer = await page.waitForSelector('#operations-instance-getInfo .live-responses-table .response')
      expect(await answer.textContent()).toContain(`"public_url": "${doors.url}"`)
    })

    test('asks nobody else, and has nothing to complain about', () => {
      expect(troubles).toEqual([])
    })
  })
}
