// @owf/mdoc: reads and checks with its Verifier and Holder, issues with its Issuer, presents with its Holder.
import {
  CoseKey, DateOnly, DeviceKey, DeviceRequest, DeviceResponse, DocRequest, Holder, IssuerSigned, Issuer, ItemsRequest,
  SessionTranscript, SignatureAlgorithm, Verifier,
} from '@owf/mdoc'
import { certificatesDer, publicJwk, revive, run } from './exchange.mjs'
import { contextWith } from './owf_context.mjs'

const ALGORITHMS = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

await run({ check, make })

async function check(subject, report) {
  const context = contextWith({})
  const options = {
    trustedCertificates: certificatesDer(subject.trustAnchors),
    now: new Date(subject.at),
  }
  const callback = ({ status, check: what }) => report(status, what)
  if (subject.kind === 'issuer-signed') {
    const issuerSigned = IssuerSigned.decode(subject.input)
    await issuerSigned.verify({ ...options, verificationCallback: callback }, context)
    return elements(issuerSigned)
  }
  const deviceResponse = DeviceResponse.decode(subject.input)
  await Verifier.verifyDeviceResponse(
    {
      ...options,
      deviceResponse,
      sessionTranscript: SessionTranscript.decode(subject.sessionTranscript),
      ephemeralReaderKey: subject.readerKey && CoseKey.fromJwk(subject.readerKey),
      onCheck: callback,
    },
    context,
  )
  return elements(deviceResponse.documents[0].issuerSigned)
}

function elements(issuerSigned) {
  const names = [...issuerSigned.issuerNamespaces.issuerNamespaces.keys()]
  return Object.fromEntries(names.map((name) => [name, issuerSigned.getPrettyClaims(name)]))
}

async function make(order) {
  // The library takes digest identifiers from four bytes of the caller's generator, over the whole 32 bits, though
  // 9.1.2.4 ends at 2^31 - 1. `wide` shows that; the usable documents are made with the top bit cleared.
  for (const [suffix, wide] of [['', false], ['_wide_digest_ids', true]]) {
    const context = contextWith({ wideDigestIds: wide })
    const issuer = new Issuer(order.doc_type, context)
    for (const [nameSpace, values] of Object.entries(order.elements)) {
      issuer.addIssuerNamespace(nameSpace, revive(values, DateOnly))
    }
    const issued = await issuer.sign({
      algorithm: SignatureAlgorithm[ALGORITHMS[order.dsKey.crv]],
      certificates: certificatesDer(order.dsCertificate),
      deviceKeyInfo: { deviceKey: DeviceKey.fromJwk(publicJwk(order.deviceKey)) },
      digestAlgorithm: order.digest_algorithm,
      signingKey: CoseKey.fromJwk(order.dsKey),
      validityInfo: {
        signed: new Date(order.signed),
        validFrom: new Date(order.valid_from),
        validUntil: new Date(order.valid_until),
      },
    })
    order.write(`issuer_signed${suffix}.cbor`, issued.encode())
    if (!wide) await present(order, issued, context)
  }
}

async function present(order, issued, context) {
  const namespaces = Object.entries(order.disclose).map(([nameSpace, names]) => [
    nameSpace,
    new Map(names.map((name) => [name, false])),
  ])
  const request = DeviceRequest.create({
    docRequests: [
      DocRequest.create({
        itemsRequest: ItemsRequest.create({ docType: order.doc_type, namespaces: new Map(namespaces) }),
      }),
    ],
  })
  const common = {
    deviceRequest: request,
    issuerSigned: [issued],
    sessionTranscript: SessionTranscript.decode(order.sessionTranscript),
  }
  const signingKey = CoseKey.fromJwk({ ...order.deviceKey, alg: ALGORITHMS[order.deviceKey.crv] })
  const signed = await Holder.createDeviceResponseForDeviceRequest({ ...common, signature: { signingKey } }, context)
  order.write('device_response.cbor', signed.encode())

  const macKey = CoseKey.fromJwk({ ...order.deviceKey, alg: 'HS256' })
  const ephemeralKey = CoseKey.fromJwk(publicJwk(order.readerKey))
  const maced = await Holder.createDeviceResponseForDeviceRequest(
    { ...common, mac: { signingKey: macKey, ephemeralKey } },
    context,
  )
  order.write('device_response_mac.cbor', maced.encode())
}
