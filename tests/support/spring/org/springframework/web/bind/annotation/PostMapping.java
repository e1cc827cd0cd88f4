package org.springframework.web.bind.annotation;

/** Spring's annotation, as far as the example needs it. */
public @interface PostMapping { String value(); }
