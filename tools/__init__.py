"""Tools that are no tests: mutation, fuzzing, soak, audit, screenshots."""
