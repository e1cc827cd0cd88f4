"""A stand-in for the cloud's APIs, for the tests of deploy/."""
