"""Function Compute's side of a call, as documented: what goes in, what comes out, what ends it."""
