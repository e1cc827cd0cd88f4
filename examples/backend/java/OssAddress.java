import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs addresses of private files in OSS (presigned URLs, signature V4), with the JDK alone (8 or newer). */
public final class OssAddress {
    private static final String ALGORITHM = "OSS4-HMAC-SHA256";
    private static final String PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Map<String, String> settings;

    /** Takes the settings of the backend; OSS_SESSION_TOKEN only with the AccessKey of a role. */
    public OssAddress(Map<String, String> settings) {
        this.settings = settings;
    }

    /** Returns an address where anybody can read the object for so many seconds. Ask first who wants to. */
    public String read(String key, Map<String, String> query, int seconds) {
        return sign("GET", key, query, seconds, Instant.now());
    }

    String sign(String method, String key, Map<String, String> query, int seconds, Instant now) {
        String date = STAMP.format(now);
        String region = settings.get("OSS_REGION");
        String scope = date.substring(0, 8) + "/" + region + "/oss/aliyun_v4_request";
        Map<String, String> signed = new TreeMap<>();
        query.forEach((name, value) -> signed.put(encode(name), encode(value)));
        signed.put("x-oss-signature-version", ALGORITHM);
        signed.put("x-oss-credential", encode(settings.get("OSS_ACCESS_KEY_ID") + "/" + scope));
        signed.put("x-oss-date", date);
        signed.put("x-oss-expires", String.valueOf(seconds));
        String token = settings.getOrDefault("OSS_SESSION_TOKEN", "");
        if (!token.isEmpty()) signed.put("x-oss-security-token", encode(token));
        String parameters = signed.entrySet().stream()
                .map(one -> one.getValue().isEmpty() ? one.getKey() : one.getKey() + "=" + one.getValue())
                .collect(Collectors.joining("&"));
        String path = "/" + encode(key).replace("%2F", "/");
        String request = method + "\n/" + settings.get("UPLOAD_BUCKET") + path + "\n" + parameters
                + "\n\n\nUNSIGNED-PAYLOAD";
        try {
            String digest = hex(MessageDigest.getInstance("SHA-256").digest(request.getBytes(UTF_8)));
            byte[] signature = ("aliyun_v4" + settings.get("OSS_ACCESS_KEY_SECRET")).getBytes(UTF_8);
            for (String part : scope.split("/")) signature = hmac(signature, part);
            signature = hmac(signature, String.join("\n", ALGORITHM, date, scope, digest));
            return settings.get("UPLOAD_HOST") + path + "?" + parameters + "&x-oss-signature=" + hex(signature);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error); // every JDK has both algorithms
        }
    }

    private static byte[] hmac(byte[] key, String message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message.getBytes(UTF_8));
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) text.append(String.format("%02x", one));
        return text.toString();
    }

    /** Percent-encodes all bytes of UTF-8 but PLAIN: URLEncoder leaves * and writes a blank as +. */
    private static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte one : text.getBytes(UTF_8)) {
            encoded.append(PLAIN.indexOf(one) >= 0 ? String.valueOf((char) one) : String.format("%%%02X", one));
        }
        return encoded.toString();
    }

    /** Prints an address that lives for a minute: {@code java OssAddress.java KEY [name=value …]}. */
    public static void main(String[] arguments) {
        Map<String, String> query = new TreeMap<>();
        for (int index = 1; index < arguments.length; index++) {
            String[] pair = arguments[index].split("=", 2);
            query.put(pair[0], pair[1]);
        }
        System.out.println(new OssAddress(System.getenv()).read(arguments[0], query, 60));
    }
}
