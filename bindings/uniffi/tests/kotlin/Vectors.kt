import com.google.gson.JsonArray
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.time.Instant
import java.util.Base64
import mdl.verifier.Conditions
import mdl.verifier.Policy
import mdl.verifier.ReaderKey
import mdl.verifier.Session
import mdl.verifier.TrustedCertificate
import mdl.verifier.Verification
import mdl.verifier.Verifier

/** The vectors of testvectors/ as arguments of the verifier. */
object Vectors {
    val repository = File(System.getProperty("repository"))

    /** Every test of every file. */
    fun readAll(): List<JsonObject> =
        File(repository, "testvectors").listFiles()!!
            .filter { it.extension == "json" && it.nameWithoutExtension != "schema" }
            .sorted()
            .flatMap { JsonParser.parseString(it.readText()).asJsonObject.getAsJsonArray("tests") }
            .map { it.asJsonObject }

    /** The test with this id. */
    fun named(id: String): JsonObject = readAll().single { it.text("id") == id }

    fun verifierOf(test: JsonObject): Verifier {
        val trusted = test.getAsJsonArray("iaca").map { anchor ->
            val docTypes = anchor.asJsonObject.getAsJsonArray("doc_types")
            TrustedCertificate(
                certificate = anchor.asJsonObject.bytes("certificate"),
                docTypes = docTypes?.map { it.asString },
                country = anchor.asJsonObject.get("country")?.asString,
                state = anchor.asJsonObject.get("state")?.asString,
            )
        }
        return Verifier(trusted, Policy.valueOf(test.text("policy").uppercase()))
    }

    fun conditionsOf(test: JsonObject): Conditions {
        val session = when {
            test.has("session_transcript") -> Session.Transcript(
                sessionTranscript = test.bytes("session_transcript"),
                readerKey = if (test.has("reader_key")) ReaderKey.fromPkcs8(test.bytes("reader_key")) else null,
            )
            else -> Session.Static
        }
        return Conditions(
            at = Instant.parse(test.text("at")),
            session = session,
            docType = test.get("doc_type")?.asString,
            crls = test.byteStrings("crls"),
            statusTokens = test.byteStrings("status_tokens"),
            requireRevocation = test.get("require_revocation")?.asBoolean ?: false,
        )
    }

    fun verify(test: JsonObject): Verification {
        val verifier = verifierOf(test)
        val conditions = conditionsOf(test)
        return when (test.text("kind")) {
            "issuer-signed" -> verifier.verifyIssuerSigned(test.bytes("input"), conditions)
            else -> verifier.verify(test.bytes("input"), conditions)
        }
    }
}

fun JsonObject.text(member: String): String = get(member).asString

fun JsonObject.texts(member: String): List<String> = (getAsJsonArray(member) ?: JsonArray()).map { it.asString }.sorted()

fun JsonObject.bytes(member: String): ByteArray = Base64.getDecoder().decode(text(member))

fun JsonObject.byteStrings(member: String): List<ByteArray> =
    (getAsJsonArray(member) ?: JsonArray()).map { Base64.getDecoder().decode(it.asString) }
