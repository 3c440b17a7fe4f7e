// The folder through which the driver and a peer exchange documents; the same for every peer (README.md beside
// this folder describes it).
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** One document to check, with what a reader would know: transcript, trust anchor, its own key. */
export function readCase(folder) {
  const file = (name) => readFileSync(join(folder, name))
  const about = JSON.parse(file('check.json'))
  return {
    ...about,
    name: basename(folder),
    input: file('input.cbor'),
    sessionTranscript: optional(folder, 'session_transcript.cbor'),
    trustAnchors: file('iaca.pem').toString(),
    readerKey: jwk(folder, 'reader_key.pem'),
  }
}

/** What to issue and present, and the keys to do it with. */
export function readOrder(folder) {
  const file = (name) => readFileSync(join(folder, name))
  return {
    ...JSON.parse(file('make.json')),
    dsKey: jwk(folder, 'ds_key.pem'),
    dsCertificate: file('ds_cert.pem').toString(),
    deviceKey: jwk(folder, 'device_key.pem'),
    readerKey: jwk(folder, 'reader_key.pem'),
    sessionTranscript: file('session_transcript.cbor'),
    write: (name, bytes) => writeFileSync(join(folder, name), bytes),
  }
}

/** DER of each certificate of a PEM file. */
export function certificatesDer(pem) {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new Uint8Array(new X509Certificate(block).raw))
}

/** The public half of a private JWK. */
export function publicJwk({ d, ...rest }) {
  return rest
}

/** `#6.24(bstr)`, which is how @auth0/mdl wants a session transcript. */
export function tag24(bytes) {
  return Buffer.concat([Buffer.from([0xd8, 0x18]), head(2, bytes.length), bytes])
}

/** The shortest CBOR head of a major type with a length: peers hash the bytes that they are given. */
export function head(major, length) {
  const type = major << 5
  if (length < 24) return Buffer.from([type | length])
  if (length < 0x100) return Buffer.from([type | 24, length])
  if (length < 0x10000) return Buffer.from([type | 25, length >> 8, length & 0xff])
  const wide = Buffer.from([type | 26, 0, 0, 0, 0])
  wide.writeUInt32BE(length, 1)
  return wide
}

/** Replaces the marks of make.json, such as `{"full_date": …}`, by what the library takes for them. */
export function revive(value, DateOnly) {
  if (Array.isArray(value)) return value.map((item) => revive(item, DateOnly))
  if (value === null || typeof value !== 'object') return value
  if (typeof value.full_date === 'string') return new DateOnly(value.full_date)
  if (typeof value.tdate === 'string') return new Date(value.tdate)
  if (typeof value.hex === 'string') return new Uint8Array(Buffer.from(value.hex, 'hex'))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item, DateOnly)]))
}

/** Element values in the form of `mdl verify --json`, so that the driver can compare them. */
export function plain(value) {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') }
  // Both libraries have a DateOnly of their own; the standard's tdate becomes a JavaScript Date.
  if (value?.constructor?.name === 'DateOnly') return value.toISOString()
  if (value instanceof Date) return `${value.toISOString().split('.')[0]}Z`
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
  }
  return value
}

/**
 * `check FOLDER…` prints one JSON object per case; `make FOLDER` writes documents. A peer that throws has rejected
 * the document: only a fault of this program ends with a status other than 0.
 */
export async function run({ check, make }) {
  const [mode, ...folders] = process.argv.slice(2)
  if (mode === 'make') return make(readOrder(folders[0]))
  if (mode !== 'check') throw new Error('usage: check FOLDER… | make FOLDER')
  for (const folder of folders) {
    const subject = readCase(folder)
    const outcome = { case: subject.name, accepted: true, passed: [], failed: [] }
    const report = (status, what) => {
      const list = status === 'PASSED' ? outcome.passed : outcome.failed
      if (!list.includes(what)) list.push(what)
    }
    try {
      outcome.elements = plain(await check(subject, report))
    } catch (error) {
      report('FAILED', `${error.name}: ${error.message.split('\n')[0]}`)
    }
    outcome.accepted = outcome.failed.length === 0
    console.log(JSON.stringify(outcome))
  }
}

function optional(folder, name) {
  const path = join(folder, name)
  return existsSync(path) ? readFileSync(path) : undefined
}

function jwk(folder, name) {
  const pem = optional(folder, name)
  return pem && createPrivateKey(pem).export({ format: 'jwk' })
}
