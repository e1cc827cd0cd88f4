import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs permits: what your server says of one upload, the page cannot change. It needs the JDK alone.
 *
 * <p>Try it: {@code PERMIT_SECRET=… java UploadPermits.java alice 17}
 */
public final class UploadPermits {
    private static final long LIFE_SECONDS = 300;
    private static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"upload-permit+jwt\"}";

    private final SecretKeySpec key;

    /** The secret is the token function's PERMIT_SECRET; nobody else needs it. */
    public UploadPermits(String secret) {
        key = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
    }

    /** Signs a permit for one object. However often it is used, there is no second. */
    public String sign(String user, String order) throws GeneralSecurityException {
        long now = Instant.now().getEpochSecond();
        String claims = "{\"sub\":" + json(user)
                + ",\"iat\":" + now
                + ",\"exp\":" + (now + LIFE_SECONDS)
                + ",\"jti\":" + json(UUID.randomUUID().toString())
                + ",\"upload\":{\"max_bytes\":10485760,\"types\":[\"image/*\"],\"data\":{\"order\":" + json(order) + "}}}";
        String content = base64url(HEADER.getBytes(StandardCharsets.UTF_8)) + "."
                + base64url(claims.getBytes(StandardCharsets.UTF_8));
        Mac mac = Mac.getInstance("HmacSHA256"); // not to be shared by threads
        mac.init(key);
        return content + "." + base64url(mac.doFinal(content.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Writes text as JSON (RFC 8259, section 7). */
    private static String json(String text) {
        StringBuilder written = new StringBuilder("\"");
        for (char one : text.toCharArray()) {
            if (one == '"' || one == '\\') {
                written.append('\\').append(one);
            } else if (one < ' ') {
                written.append(String.format("\\u%04x", (int) one));
            } else {
                written.append(one);
            }
        }
        return written.append('"').toString();
    }

    public static void main(String[] arguments) throws GeneralSecurityException {
        System.out.println(new UploadPermits(System.getenv("PERMIT_SECRET")).sign(arguments[0], arguments[1]));
    }
}
