package org.springframework.http;

/** Spring's statuses, as far as the example needs them. */
public enum HttpStatus {
    OK(200), UNAUTHORIZED(401), NOT_FOUND(404);

    public final int value;

    HttpStatus(int value) {
        this.value = value;
    }
}
