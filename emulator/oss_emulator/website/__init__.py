"""Static website hosting."""
