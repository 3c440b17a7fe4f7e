// @openid4vc/openid4vci and @openid4vc/oauth2 as a wallet: takes an offer from the running service and collects a batch.
//
//   node openid4vci_wallet.mjs FOLDER
//
// FOLDER/collect.json holds `offer` (a link), `batch`, and `tx_code` if there is one. What was collected is left there as
// NN.cbor, with its device key in NN.key.pem. Prints one JSON object, `{ "collected": n, … }` or `{ "refused": code }`.
// The cryptography that the libraries leave to their caller is Node's own. TLS roots: NODE_EXTRA_CA_CERTS.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Openid4vciClient, Openid4vciRetrieveCredentialsError } from '@openid4vc/openid4vci'
import {
  clientAuthenticationAnonymous, InvalidFetchResponseError, Oauth2ClientErrorResponseError,
} from '@openid4vc/oauth2'
import { CoseKey, IssuerSigned } from '@owf/mdoc'

const ALG = 'ES256'
const keys = new Map()

const callbacks = {
  fetch,
  hash: (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest()),
  generateRandom: (length) => new Uint8Array(randomBytes(length)),
  clientAuthentication: clientAuthenticationAnonymous(),
  signJwt: (signer, { header, payload }) => {
    const encoded = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const key = { key: keys.get(signer.publicJwk.x), dsaEncoding: 'ieee-p1363' }
    const signature = sign('sha256', Buffer.from(encoded), key).toString('base64url')
    return { jwt: `${encoded}.${signature}`, signerJwk: signer.publicJwk }
  },
}

const [folder] = process.argv.slice(2)
const order = JSON.parse(readFileSync(join(folder, 'collect.json')))
try {
  console.log(JSON.stringify(await collect(order)))
} catch (error) {
  const code = errorCode(error)
  if (!code) throw error
  console.log(JSON.stringify({ refused: code }))
}

async function collect({ offer, batch, tx_code: txCode }) {
  const client = new Openid4vciClient({ callbacks })
  const credentialOffer = await client.resolveCredentialOffer(offer)
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const [credentialConfigurationId] = credentialOffer.credential_configuration_ids
  const token = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer,
    issuerMetadata,
    txCode,
    dpop: { signer: newSigner() },
  })
  const { access_token: accessToken } = token.accessTokenResponse

  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata })
  const signers = Array.from({ length: batch }, newSigner)
  const jwts = []
  for (const signer of signers) {
    const proof = { issuerMetadata, credentialConfigurationId, signer, nonce, issuedAt: new Date() }
    jwts.push((await client.createCredentialRequestJwtProof(proof)).jwt)
  }
  // The nonce of the token endpoint is not for the others: they hand out their own.
  const dpop = { signer: token.dpop.signer }
  const answer = await client.retrieveCredentials({
    issuerMetadata,
    accessToken,
    credentialConfigurationId,
    proofs: { jwt: jwts },
    dpop,
  })
  const { credentials, notification_id: notificationId } = answer.credentialResponse
  const documents = credentials.map(({ credential }) => Buffer.from(credential, 'base64url'))
  keep(documents, signers)
  await client.sendNotification({
    issuerMetadata,
    accessToken,
    notification: { notificationId, event: 'credential_accepted' },
    dpop: { ...dpop, nonce: answer.dpop?.nonce },
  })
  return {
    collected: documents.length,
    version: issuerMetadata.originalDraftVersion,
    token_type: token.accessTokenResponse.token_type,
  }
}

function newSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = publicKey.export({ format: 'jwk' })
  keys.set(publicJwk.x, privateKey)
  return { method: 'jwk', alg: ALG, publicJwk }
}

/** Writes documents and keys, each document for the key of the proof in its place. */
function keep(documents, signers) {
  documents.forEach((document, index) => {
    const certified = IssuerSigned.decode(document).issuerAuth.mobileSecurityObject.deviceKeyInfo.deviceKey
    const { x, y } = signers[index].publicJwk
    const { jwk } = CoseKey.decode(certified.encode())
    if (jwk.x !== x || jwk.y !== y) throw new Error(`document ${index} is for another device key`)
    const name = String(index).padStart(2, '0')
    const pem = keys.get(x).export({ format: 'pem', type: 'pkcs8' })
    writeFileSync(join(folder, `${name}.cbor`), document)
    writeFileSync(join(folder, `${name}.key.pem`), pem, { mode: 0o600 })
  })
}

/** The code that the service refused with, if that is what happened. */
function errorCode(error) {
  if (error instanceof Oauth2ClientErrorResponseError) return error.errorResponse.error
  if (error instanceof Openid4vciRetrieveCredentialsError) {
    return error.response.credentialErrorResponseResult?.data?.error ?? `HTTP ${error.response.response.status}`
  }
  if (error instanceof InvalidFetchResponseError) return `HTTP ${error.response.status}`
  return undefined
}
