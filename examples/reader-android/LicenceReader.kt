package mdl.example

import java.time.Instant
import java.util.concurrent.Executor
import mdl.verifier.Conditions
import mdl.verifier.ElementValue
import mdl.verifier.InputException
import mdl.verifier.NotVerified
import mdl.verifier.Outcome
import mdl.verifier.Policy
import mdl.verifier.Session
import mdl.verifier.TrustedCertificate
import mdl.verifier.Verification
import mdl.verifier.VerifiedDocument
import mdl.verifier.Verifier

private const val MDL = "org.iso.18013.5.1.mDL"
private const val NAME_SPACE = "org.iso.18013.5.1"

/** What a screen shows of one licence. */
sealed interface Reading {
    /** Everything that was asked for holds. What the holder did not disclose is null. */
    class Accepted(
        val familyName: String?,
        val isOver21: Boolean?,
        /** JPEG or JPEG 2000, for `BitmapFactory.decodeByteArray`. */
        val portrait: ByteArray?,
        val validUntil: Instant,
    ) : Reading

    /** Something does not hold; there is nothing to show of the person. */
    class Refused(val reasons: List<String>) : Reading
}

/**
 * Reads mobile driving licences off the main thread, for a screen of an Android app:
 *
 * ```
 * private val reader = LicenceReader(
 *     trusted = assets.open("iaca.pem").use { listOf(it.readBytes()) },
 *     background = Executors.newSingleThreadExecutor(),
 *     foreground = ContextCompat.getMainExecutor(this),
 * )
 * ```
 *
 * Give it the response as it came over Bluetooth, and the engagement of that session. Close it with the screen.
 */
class LicenceReader(
    /** IACA certificates of the authorities that the app trusts, PEM or DER. */
    trusted: List<ByteArray>,
    private val background: Executor,
    private val foreground: Executor,
    private val clock: () -> Instant = Instant::now,
) : AutoCloseable {
    private val verifier = Verifier(trusted.map { TrustedCertificate(it) }, Policy.ISO)

    /** Verifies `response` in the background and hands the outcome over in the foreground. */
    fun read(response: ByteArray, session: Session, show: (Reading) -> Unit) {
        background.execute {
            val reading = read(response, session)
            foreground.execute { show(reading) }
        }
    }

    private fun read(response: ByteArray, session: Session): Reading =
        try {
            val conditions = Conditions(at = clock(), session = session, docType = MDL)
            verifier.verify(response, conditions).use(::judge)
        } catch (error: InputException) {
            // The engagement is no engagement: there is nothing to hold the response against.
            Reading.Refused(listOf("session: ${error.message}"))
        }

    private fun judge(verification: Verification): Reading =
        try {
            // Throws unless everything is valid: there is no other way to values.
            accepted(verification.verified().first())
        } catch (_: NotVerified) {
            val checks = verification.checks() + verification.documents().flatMap { it.checks }
            Reading.Refused(checks.filter { it.outcome == Outcome.FAIL }.map { "${it.id}: ${it.explanation}" })
        }

    private fun accepted(licence: VerifiedDocument): Reading {
        val values = licence.elements.filter { it.nameSpace == NAME_SPACE }.associate { it.identifier to it.value }
        return Reading.Accepted(
            familyName = (values["family_name"] as? ElementValue.Text)?.value,
            isOver21 = (values["age_over_21"] as? ElementValue.Boolean)?.value,
            portrait = (values["portrait"] as? ElementValue.Bytes)?.value,
            validUntil = licence.validUntil,
        )
    }

    override fun close() = verifier.close()
}
