"""Files and bytes: finding, opening, decompressing and decoding inputs."""
