import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

/** Longest wait for a server that starts or ends. */
const DEADLINE_MS = 20_000

const root = resolve(import.meta.dirname, '../../../..')

function binary(): string {
  const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target')
  const path = resolve(root, process.env.FANFARE_BINARY ?? join(target, 'debug/fanfare'))
  if (!existsSync(path))
    throw new Error(`${path} is missing: build it with cargo build, or set FANFARE_BINARY`)
  return path
}

/** A whole Fanfare on free ports, with a data directory of its own. */
export class Server {
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanfare-client-'))
  readonly #options: string[]
  #process: ChildProcess | undefined
  #url = ''
  #adminUrl = ''
  #key = ''

  private constructor(options: string[]) {
    this.#options = options
  }

  /** Starts one for the tests of a file; `afterAll` ends it. */
  static async start(...options: string[]): Promise<Server> {
    const server = new Server(options)
    await server.#run('127.0.0.1:0')
    return server
  }

  /** Starts one for the test that runs, which ends it also when it is stopped for taking too long. */
  static async own(...options: string[]): Promise<Server> {
    const server = new Server(options)
    onTestFinished(() => server.end())
    await server.#run('127.0.0.1:0')
    return server
  }

  /** The public URL, without a path. */
  get url(): string {
    return this.#url
  }

  /** The server's own API key. */
  get key(): string {
    return this.#key
  }

  /** Kills it without warning. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to end, and waits until it has. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Starts it again where it was, with the data it had. */
  async startAgain(): Promise<void> {
    await this.#run(new URL(this.#url).host)
  }

  /** Kills it, and removes what it has kept. */
  async end(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** A POST with the server's own API key, which must succeed. */
  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call('POST', path, JSON.stringify(body))
  }

  /** A DELETE with the server's own API key, which must succeed. */
  remove(path: string): Promise<unknown> {
    return this.#call('DELETE', path, null)
  }

  async #call<Answer>(method: string, path: string, body: string | null): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#key}` }
    const response = await fetch(this.#url + path, { method, headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return (text ? JSON.parse(text) : undefined) as Answer
  }

  async token(user: string, more: Record<string, unknown> = {}): Promise<string> {
    const minted = await this.post<{ access_token: string }>('/v1/auth/tokens', { user, ...more })
    return minted.access_token
  }

  async notify(user: string, title: string): Promise<void> {
    await this.post('/v1/notifications', { to: { users: [user] }, title })
  }

  async revoke(user: string): Promise<void> {
    await this.post('/v1/auth/revoke', { user })
  }

  async #run(listen: string): Promise<void> {
    const data = join(this.#directory, 'data')
    const settings = ['--listen', listen, '--admin-listen', '127.0.0.1:0', '--data-dir', data]
    const child = spawn(binary(), ['standalone', ...settings, ...this.#options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, FANFARE_ADMIN_PASSWORD: 'correct horse battery staple' },
    })
    this.#process = child
    ;[this.#url, this.#adminUrl] = await addresses(child)
    this.#key = readFileSync(join(data, 'api-key'), 'utf8').trim()
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    const late = AbortSignal.timeout(DEADLINE_MS)
    for (;;) {
      const { ok } = await fetch(`${this.#adminUrl}/readyz`, { signal: late })
      if (ok) return
      await new Promise(again => setTimeout(again, 20))
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) })
    child.kill(signal)
    await ended
  }
}

/** The public and the admin URL, once the server has printed both. */
async function addresses(child: ChildProcess): Promise<[string, string]> {
  let output = ''
  let complaint = ''
  child.stderr?.on('data', some => {
    complaint = (complaint + some).slice(-4_000)
  })
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no addresses in time: ${complaint}`)), DEADLINE_MS)
    child.once('exit', code => {
      clearTimeout(late)
      reject(new Error(`the server ended with ${code}: ${complaint}`))
    })
    child.stdout?.on('data', some => {
      output += some
      const found = [...output.matchAll(/(?:http|ws):\/\/([^/\s]+)/g)].map(([, host]) => host)
      const [first] = found
      const second = found.find(host => host !== first)
      if (first && second) {
        clearTimeout(late)
        resolve([`http://${first}`, `http://${second}`])
      }
    })
  })
}
