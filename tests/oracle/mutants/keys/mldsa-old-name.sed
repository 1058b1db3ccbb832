# file: daemon/keys/pubkey.c
# breaks: the composite ML-DSA key keeps its domain
# releases: sid
s/"ssh-mldsa44-ed25519", "MLDSA/"ssh-mldsa44-ed25519@example.com", "MLDSA/
