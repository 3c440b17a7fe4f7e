import com.google.gson.JsonObject
import mdl.verifier.InputKind
import mdl.verifier.NotVerified
import mdl.verifier.Outcome
import mdl.verifier.Verdict
import mdl.verifier.Verification
import mdl.verifier.inputKindOf
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/**
 * Every vector of testvectors/ has its verdict, fails in the checks that it names, and gives out values only if it is
 * valid. There is none that this interface cannot say.
 */
class VectorsTest {
    @Test
    fun everyVectorHasItsOutcome() {
        val tests = Vectors.readAll()
        assertTrue(tests.size > 700)
        for (test in tests) {
            Vectors.verify(test).use { assertOutcome(test, it) }
        }
    }

    private fun assertOutcome(test: JsonObject, verification: Verification) {
        val id = test.text("id")
        val valid = test.text("result") == "valid"
        assertEquals(valid, verification.verdict() == Verdict.VALID, id)
        assertEquals(test.texts("checks"), withOutcome(verification, Outcome.FAIL), id)
        assertEquals(test.texts("warnings"), withOutcome(verification, Outcome.WARNING), id)
        when (verification.verdict()) {
            Verdict.VALID -> {
                assertEquals(verification.documents().size, verification.verified().size, id)
                val kind = InputKind.valueOf(test.text("kind").uppercase().replace('-', '_'))
                assertEquals(kind, inputKindOf(test.bytes("input")), id)
            }
            Verdict.UNTRUSTED -> {
                val refused = assertThrows<NotVerified.Untrusted> { verification.verified() }
                assertEquals(test.texts("checks"), refused.failed.distinct().sorted(), id)
            }
            Verdict.INVALID -> {
                val refused = assertThrows<NotVerified.Invalid> { verification.verified() }
                assertEquals(test.texts("checks"), refused.failed.distinct().sorted(), id)
            }
        }
        // One that is valid beside one that is not may be had, by its number only.
        val sound = verification.checks().none { it.outcome == Outcome.FAIL }
        verification.documents().forEachIndexed { index, document ->
            if (sound && document.verdict == Verdict.VALID) {
                assertEquals(document.docType, verification.verifiedDocument(index.toUInt()).docType, id)
            } else {
                assertThrows<NotVerified>(id) { verification.verifiedDocument(index.toUInt()) }
            }
        }
    }

    private fun withOutcome(verification: Verification, outcome: Outcome): List<String> =
        (verification.checks() + verification.documents().flatMap { it.checks })
            .filter { it.outcome == outcome }
            .map { it.id }
            .distinct()
            .sorted()
}
