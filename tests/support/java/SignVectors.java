import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Signs what its arguments say: the number of settings, these in pairs, method, key, seconds, time, query in pairs. */
final class SignVectors {
    private SignVectors() {}

    public static void main(String[] arguments) {
        int settings = Integer.parseInt(arguments[0]);
        Map<String, String> given = pairs(Arrays.copyOfRange(arguments, 1, 1 + 2 * settings));
        String[] rest = Arrays.copyOfRange(arguments, 1 + 2 * settings, arguments.length);
        Map<String, String> query = pairs(Arrays.copyOfRange(rest, 4, rest.length));
        Instant now = Instant.ofEpochSecond(Long.parseLong(rest[3]));
        System.out.println(new OssAddress(given).sign(rest[0], rest[1], query, Integer.parseInt(rest[2]), now));
    }

    private static Map<String, String> pairs(String[] texts) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int index = 0; index < texts.length; index += 2) found.put(texts[index], texts[index + 1]);
        return found;
    }
}
