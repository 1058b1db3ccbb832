# file: daemon/keys/pubkey.c
# breaks: rsa-sha2-512 is no name of an RSA key
/\{ "rsa-sha2-512", /d
