"""The pages in a browser, against a mall of the tests' own on this machine's loopback."""
