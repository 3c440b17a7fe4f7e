// The cryptography that @owf/mdoc leaves to its caller, from Node's own module: signatures, digests, MAC keys,
// and the certificate path. What is checked here about a path is therefore ours, not the library's.
import {
  createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes, sign, verify,
  X509Certificate,
} from 'node:crypto'
import { CoseKey, KeyType, SignatureAlgorithm } from '@owf/mdoc'

const HASHES = {
  [SignatureAlgorithm.ES256]: 'sha256',
  [SignatureAlgorithm.ES384]: 'sha384',
  [SignatureAlgorithm.ES512]: 'sha512',
  [SignatureAlgorithm.EdDSA]: null,
}
const HASH_OF_NAME = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', EdDSA: null }

export function contextWith({ wideDigestIds = false }) {
  return {
    crypto: {
      random: (length) => {
        const bytes = new Uint8Array(randomBytes(length))
        // Four bytes are asked for only as a digest identifier.
        if (length === 4) bytes[0] = wideDigestIds ? bytes[0] | 0x80 : bytes[0] & 0x7f
        return bytes
      },
      digest: ({ digestAlgorithm, bytes }) =>
        new Uint8Array(createHash(digestAlgorithm.replace('-', '')).update(bytes).digest()),
      calculateEphemeralMacKey,
    },
    cose: {
      sign1: {
        sign: ({ toBeSigned, key, algorithm }) =>
          new Uint8Array(
            sign(HASHES[algorithm ?? key.algorithm], toBeSigned, {
              key: createPrivateKey({ key: key.jwk, format: 'jwk' }),
              dsaEncoding: 'ieee-p1363',
            }),
          ),
        verify: ({ key, sign1 }) =>
          verify(
            HASH_OF_NAME[sign1.signatureAlgorithmName],
            sign1.toBeSigned,
            { key: createPublicKey({ key: withoutPrivate(key.jwk), format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
            sign1.signature,
          ),
      },
      mac0: {
        sign: ({ key, toBeAuthenticated }) =>
          new Uint8Array(createHmac('sha256', key.k).update(toBeAuthenticated).digest()),
        verify: ({ mac0, key }) =>
          createHmac('sha256', key.k).update(mac0.toBeAuthenticated).digest().equals(Buffer.from(mac0.tag)),
      },
    },
    x509: {
      getIssuerNameField: ({ certificate, field }) => nameField(new X509Certificate(certificate).issuer, field),
      getPublicKey: ({ certificate }) =>
        CoseKey.fromJwk(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
      verifyCertificateChain,
      getCertificateData: ({ certificate }) => {
        const parsed = new X509Certificate(certificate)
        return {
          issuerName: parsed.issuer,
          subjectName: parsed.subject,
          serialNumber: parsed.serialNumber,
          thumbprint: parsed.fingerprint256,
          notBefore: new Date(parsed.validFrom),
          notAfter: new Date(parsed.validTo),
          pem: parsed.toString(),
        }
      },
    },
  }
}

/** The document signer signed by one of the anchors, and both within their validity: no profile, no revocation. */
function verifyCertificateChain({ trustedCertificates, x5chain, now = new Date() }) {
  const signer = new X509Certificate(x5chain[0])
  const anchors = trustedCertificates.map((bytes) => new X509Certificate(bytes))
  const anchor = anchors.find((candidate) => signer.checkIssued(candidate) && signer.verify(candidate.publicKey))
  if (!anchor) throw new Error('the document signer was not issued by a trust anchor')
  for (const certificate of [signer, anchor]) {
    if (now < new Date(certificate.validFrom) || now > new Date(certificate.validTo)) {
      throw new Error(`${certificate.subject} is outside its validity`)
    }
  }
}

function calculateEphemeralMacKey({ privateKey, publicKey, sessionTranscriptBytes, info }) {
  const secret = CoseKey.decode(privateKey)
  const peer = CoseKey.decode(publicKey)
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: secret.jwk, format: 'jwk' }),
    publicKey: createPublicKey({ key: withoutPrivate(peer.jwk), format: 'jwk' }),
  })
  const salt = createHash('sha256').update(sessionTranscriptBytes).digest()
  const k = new Uint8Array(hkdfSync('sha256', shared, salt, Buffer.from(info), 32))
  return CoseKey.create({ keyType: KeyType.Oct, k })
}

function withoutPrivate({ d, ...rest }) {
  return rest
}

function nameField(name, field) {
  return name
    .split('\n')
    .filter((line) => line.startsWith(`${field}=`))
    .map((line) => line.slice(field.length + 1))
}
