// @owf/token-status-list reads status lists in CWT form.
//
//   node owf_status_cwt.mjs FOLDER IDX [FOLDER IDX]…
//
// Each folder holds status.cwt, as owf_status.mjs fetched it. Prints one JSON object for each: `case`, `status` (0 is
// valid). A program of its own, because @owf/mdoc would register other classes for the same CBOR tags. The signature is
// left to `mdl verify`, which reads the same file.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { StatusListCwt } from '@owf/token-status-list'

const words = process.argv.slice(2)
for (let at = 0; at < words.length; at += 2) {
  const [folder, idx] = [words[at], Number(words[at + 1])]
  const { payload } = StatusListCwt.fromToken(readFileSync(join(folder, 'status.cwt')))
  if (payload.expirationTime <= new Date()) throw new Error('the list has expired')
  console.log(JSON.stringify({ case: basename(folder), status: payload.statusList.getStatus(idx) }))
}
