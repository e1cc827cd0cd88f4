"""What would keep a deploy from succeeding, found before it makes anything. `make preflight` only looks."""
