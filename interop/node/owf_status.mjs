// @owf/mdoc finds the reference to a status list in a document, @owf/token-status-list reads the list.
//
//   node owf_status.mjs FOLDER…
//
// Each folder holds input.cbor (an IssuerSigned) and iaca.pem. Fetches the list as a JWT and reads that, fetches it as a
// CWT and leaves it in status.cwt for others. Prints one JSON object for each folder: `case`, `status` (0 is valid), `idx`,
// `uri`. Signature and certificate path of the list are checked with Node's own cryptography: the library leaves them to
// its caller.
import { verify, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
// Both register classes for the same CBOR tags, and the last one wins: @owf/mdoc, since the list is read as a JWT.
import { getListFromStatusListJWT } from '@owf/token-status-list'
import { IssuerSigned } from '@owf/mdoc'

const [JWT, CWT] = ['application/statuslist+jwt', 'application/statuslist+cwt']

for (const folder of process.argv.slice(2)) {
  const document = IssuerSigned.decode(readFileSync(join(folder, 'input.cbor')))
  const reference = document.issuerAuth.mobileSecurityObject.structure.get('status')?.get('status_list')
  if (!reference) throw new Error(`${folder}: the document has no status`)
  const [idx, uri] = [reference.get('idx'), reference.get('uri')]
  writeFileSync(join(folder, 'status.cwt'), await fetchToken(uri, CWT))
  const token = (await fetchToken(uri, JWT)).toString()
  const claims = checked(token, readFileSync(join(folder, 'iaca.pem')))
  if (claims.sub !== uri) throw new Error(`the list is about ${claims.sub}, not ${uri}`)
  if (claims.exp * 1000 <= Date.now()) throw new Error('the list has expired')
  const status = getListFromStatusListJWT(token).getStatus(idx)
  console.log(JSON.stringify({ case: basename(folder), status, idx, uri }))
}

async function fetchToken(uri, mediaType) {
  const answer = await fetch(uri, { headers: { Accept: mediaType }, redirect: 'error' })
  const type = answer.headers.get('content-type')
  if (!answer.ok || type !== mediaType) throw new Error(`${uri}: HTTP ${answer.status}, ${type}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** The claims of a list that is signed under a certificate which the root of the documents issued. */
function checked(token, iaca) {
  const [header, payload, signature] = token.split('.')
  const { typ, alg, x5c } = JSON.parse(Buffer.from(header, 'base64url'))
  if (typ !== 'statuslist+jwt' || alg !== 'ES256') throw new Error(`typ ${typ}, alg ${alg}`)
  const [signer, root] = [new X509Certificate(Buffer.from(x5c[0], 'base64')), new X509Certificate(iaca)]
  const issued = signer.checkIssued(root) && signer.verify(root.publicKey)
  if (!issued) throw new Error('the signer of the list was not issued by the root')
  const key = { key: signer.publicKey, dsaEncoding: 'ieee-p1363' }
  const signed = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
  if (!signed) throw new Error('the list is not signed by its signer')
  return JSON.parse(Buffer.from(payload, 'base64url'))
}
