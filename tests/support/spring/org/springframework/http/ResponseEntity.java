package org.springframework.http;

import java.util.LinkedHashMap;
import java.util.Map;

/** Spring's answer, as far as the example needs it. */
public record ResponseEntity<T>(HttpStatus status, Map<String, String> headers, T body) {
    public static Builder status(HttpStatus status) {
        return new Builder(status, new LinkedHashMap<>());
    }

    public static Builder ok() {
        return status(HttpStatus.OK);
    }

    public static Builder notFound() {
        return status(HttpStatus.NOT_FOUND);
    }

    /** Collects the headers of an answer. */
    public record Builder(HttpStatus status, Map<String, String> headers) {
        public Builder header(String name, String value) {
            headers.put(name, value);
            return this;
        }

        public <T> ResponseEntity<T> body(T body) {
            return new ResponseEntity<>(status, headers, body);
        }

        public <T> ResponseEntity<T> build() {
            return body(null);
        }
    }
}
