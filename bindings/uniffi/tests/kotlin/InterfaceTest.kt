import java.io.File
import java.nio.file.Files
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors
import mdl.example.LicenceReader
import mdl.example.Reading
import mdl.verifier.Conditions
import mdl.verifier.ElementValue
import mdl.verifier.InputException
import mdl.verifier.NotVerified
import mdl.verifier.Policy
import mdl.verifier.ReaderKey
import mdl.verifier.Session
import mdl.verifier.TrustedCertificate
import mdl.verifier.Verdict
import mdl.verifier.Verifier
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** What the interface promises besides verdicts, and the example. */
class InterfaceTest {
    private val at = Instant.parse("2026-06-15T12:00:00Z")
    private val verifier = Verifier(emptyList(), Policy.ISO)

    private fun verify(session: Session, at: Instant = this.at) =
        verifier.verify(byteArrayOf(0xa0.toByte()), Conditions(at, session))

    @Test
    fun theReportIsThatOfTheCommandByteForByte() {
        val names = listOf("cbor-valid", "digests-unknown-digest-id", "path-impostor-with-key-identifier")
        for (test in names.map(Vectors::named)) {
            val folder = Files.createTempDirectory("mdl").toFile()
            fun file(name: String, content: ByteArray) = File(folder, name).apply { writeBytes(content) }.path
            val command = listOf(
                System.getenv("MDL"), "verify", "--json", "--at", test.text("at"), "--policy", test.text("policy"),
                "--iaca", file("iaca", test.getAsJsonArray("iaca").single().asJsonObject.bytes("certificate")),
                "--session-transcript", file("transcript", test.bytes("session_transcript")),
                file("input.cbor", test.bytes("input")),
            )
            val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            val printed = process.inputStream.readBytes()
            assertEquals(if (test.text("result") == "valid") 0 else 1, process.waitFor())
            val report = Vectors.verify(test).reportJson()
            assertArrayEquals(printed, report.toByteArray(), test.text("id"))
            folder.deleteRecursively()
        }
    }

    @Test
    fun nothingPrintsAValue() {
        val document = Vectors.verify(Vectors.named("cbor-valid")).verified().single()
        val name = document.elements.single { it.identifier == "family_name" }
        val value = (name.value as ElementValue.Text).value
        assertTrue(value.isNotEmpty())
        for (printed in listOf("$document", "$name", "${name.value}", "${document.elements}")) {
            assertFalse(value in printed, printed)
        }
        assertTrue("family_name" in "$name")
    }

    @Test
    fun argumentsThatCannotBeUsedSayWhich() {
        val refused = assertThrows<InputException.Certificate> {
            Verifier(listOf(TrustedCertificate("none".toByteArray())), Policy.ISO)
        }
        assertTrue("trusted certificate 0" in refused.message!!)
        assertThrows<InputException.Time> { verify(Session.Static, Instant.MAX) }
        assertThrows<InputException.Time> { verify(Session.Static, Instant.MIN) }
        assertThrows<InputException.SessionTranscript> { verify(Session.Transcript(byteArrayOf(0))) }
        assertThrows<InputException.Engagement> { verify(Session.Qr(byteArrayOf(0xa1.toByte()), byteArrayOf(0))) }
        assertThrows<InputException.JwkThumbprint> {
            verify(Session.OpenId4VpDcApi("https://o.example", "n", byteArrayOf(1)))
        }
        assertThrows<InputException.ReaderKey> { ReaderKey.fromPkcs8(byteArrayOf()) }
    }

    @Test
    fun whatAHolderSendsIsNoException() {
        for (noise in listOf(byteArrayOf(), byteArrayOf(-1), ByteArray(1000))) {
            val verification = verifier.verify(noise, Conditions(at, Session.Static))
            assertEquals(Verdict.INVALID, verification.verdict())
            assertThrows<NotVerified.Invalid> { verification.verified() }
            assertThrows<NotVerified> { verification.verifiedDocument(0u) }
        }
    }

    @Test
    fun theExampleShowsWhatIsValidAndExplainsWhatIsNot() {
        val valid = Vectors.named("cbor-valid")
        val iaca = valid.getAsJsonArray("iaca").single().asJsonObject.bytes("certificate")
        val worker = Executors.newSingleThreadExecutor()
        LicenceReader(listOf(iaca), background = worker, foreground = Runnable::run, clock = { at }).use { reader ->
            fun read(name: String): Reading {
                val test = Vectors.named(name)
                val reading = CompletableFuture<Reading>()
                reader.read(test.bytes("input"), Session.Transcript(test.bytes("session_transcript")), reading::complete)
                return reading.get()
            }
            val accepted = read("cbor-valid") as Reading.Accepted
            assertTrue(accepted.familyName!!.isNotEmpty())
            assertNull(accepted.portrait)
            assertTrue((read("elements-portrait-not-an-image") as Reading.Accepted).portrait!!.isNotEmpty())
            val refused = read("digests-unknown-digest-id") as Reading.Refused
            assertTrue(refused.reasons.single().startsWith("value-digest-present"), "${refused.reasons}")
        }
        worker.shutdown()
    }
}
