# file: daemon/keys/pubkey.c
# breaks: bytes behind the key are ignored
s/if \(blob\.n > 0\)/if (false)/
