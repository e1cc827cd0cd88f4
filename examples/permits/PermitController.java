import java.security.GeneralSecurityException;
import java.security.Principal;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** A Spring controller: the user is the one of your own session, as Spring Security knows them. */
@RestController
public class PermitController {
    private static final Map<String, String> ORDERS = Map.of("17", "alice", "18", "bob"); // use your database

    private final UploadPermits permits = new UploadPermits(System.getenv("PERMIT_SECRET"));

    @PostMapping("/orders/{order}/permit")
    public ResponseEntity<Map<String, String>> permit(@PathVariable("order") String order, Principal user)
            throws GeneralSecurityException {
        if (user == null) {
            return ResponseEntity.status(HttpStatus.UNAUTHORIZED).build();
        }
        if (!user.getName().equals(ORDERS.get(order))) {
            return ResponseEntity.notFound().build(); // as for none
        }
        String permit = permits.sign(user.getName(), order);
        return ResponseEntity.ok().header("Cache-Control", "no-store").body(Map.of("permit", permit));
    }
}
