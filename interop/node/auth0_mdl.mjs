// @auth0/mdl: reads and checks with its Verifier, issues with its Document, presents with its DeviceResponse.
import mdl from '@auth0/mdl'
// Not part of what the package exports by name, and the only way to a full-date that it does not know by its element.
import { DateOnly } from '@auth0/mdl/lib/cbor/index.js'
import { COSEKeyFromJWK } from 'cose-kit'
import { head, publicJwk, revive, run, tag24 } from './exchange.mjs'

const ALGORITHMS = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

await run({ check, make })

async function check(subject, report) {
  const issuerOnly = subject.kind === 'issuer-signed'
  const bytes = issuerOnly ? envelope(subject) : subject.input
  const document = await new mdl.Verifier([subject.trustAnchors]).verify(bytes, {
    encodedSessionTranscript: subject.sessionTranscript && tag24(subject.sessionTranscript),
    ephemeralReaderKey: subject.readerKey && COSEKeyFromJWK(subject.readerKey),
    // Without a callback the first failed check throws; with one every check is seen.
    onCheck: ({ status, id, category }) => {
      if (!(issuerOnly && category === 'DEVICE_AUTH')) report(status, id)
    },
  })
  const [first] = document.documents
  return Object.fromEntries(first.issuerSignedNameSpaces.map((name) => [name, first.getIssuerNameSpace(name)]))
}

async function make(order) {
  const document = new mdl.Document(order.doc_type)
  for (const [nameSpace, elements] of Object.entries(order.elements)) {
    document.addIssuerNameSpace(nameSpace, revive(elements, DateOnly))
  }
  const issued = await document
    .useDigestAlgorithm(order.digest_algorithm)
    .addValidityInfo({
      signed: new Date(order.signed),
      validFrom: new Date(order.valid_from),
      validUntil: new Date(order.valid_until),
    })
    .addDeviceKeyInfo({ deviceKey: publicJwk(order.deviceKey) })
    .sign({
      issuerPrivateKey: { ...order.dsKey, alg: ALGORITHMS[order.dsKey.crv] },
      issuerCertificate: order.dsCertificate,
      alg: ALGORITHMS[order.dsKey.crv],
    })
  const mdoc = new mdl.MDoc([issued])
  // There is no call that returns an IssuerSigned: the driver takes it out of this response, which has no deviceSigned.
  order.write('issuer_signed_response.cbor', mdoc.encode())

  const presentation = () =>
    mdl.DeviceResponse.from(mdoc)
      .usingPresentationDefinition({
        id: 'interop',
        input_descriptors: [
          {
            id: order.doc_type,
            format: { mso_mdoc: { alg: ['ES256'] } },
            constraints: {
              limit_disclosure: 'required',
              fields: Object.entries(order.disclose).flatMap(([nameSpace, names]) =>
                names.map((name) => ({ path: [`$['${nameSpace}']['${name}']`], intent_to_retain: false })),
              ),
            },
          },
        ],
      })
      .usingSessionTranscriptBytes(tag24(order.sessionTranscript))
  const deviceKey = { ...order.deviceKey, alg: ALGORITHMS[order.deviceKey.crv] }
  const signed = await presentation().authenticateWithSignature(deviceKey, deviceKey.alg).sign()
  order.write('device_response.cbor', signed.encode())
  const maced = await presentation()
    .authenticateWithMAC(order.deviceKey, COSEKeyFromJWK(publicJwk(order.readerKey)), 'HS256')
    .sign()
  order.write('device_response_mac.cbor', maced.encode())
}

/** A DeviceResponse around an IssuerSigned, with no deviceSigned: the only form this library reads. */
function envelope({ doc_type, input }) {
  return Buffer.concat([
    Buffer.from([0xa3]),
    text('version'),
    text('1.0'),
    text('documents'),
    Buffer.from([0x81, 0xa2]),
    text('docType'),
    text(doc_type),
    text('issuerSigned'),
    input,
    text('status'),
    Buffer.from([0x00]),
  ])
}

function text(string) {
  return Buffer.concat([head(3, Buffer.byteLength(string)), Buffer.from(string)])
}
